import Testing

@testable import KafkaClient

struct FetchPacingTests {
    static let fetch: Int16 = 1
    static let metadata: Int16 = 3

    @Test func aSmallAnswerWaitsUntilFiveMillisecondsAfterItWasAskedFor() {
        #expect(FetchPacing.wait(apiKey: Self.fetch, bytes: 200, roundTrip: 40) == 4_960)
        #expect(FetchPacing.wait(apiKey: Self.fetch, bytes: 65_535, roundTrip: 0) == 5_000)
        #expect(FetchPacing.wait(apiKey: Self.fetch, bytes: 200, roundTrip: 100_000) == 0)
    }

    @Test func nothingElseWaits() {
        #expect(FetchPacing.wait(apiKey: Self.fetch, bytes: 65_536, roundTrip: 40) == 0)
        #expect(FetchPacing.wait(apiKey: Self.metadata, bytes: 200, roundTrip: 40) == 0)
        #expect(FetchPacing.wait(apiKey: Self.fetch, bytes: 0, roundTrip: -1) == 0)
    }
}
