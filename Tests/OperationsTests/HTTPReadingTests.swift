import Operations
import Testing

/// The heads of requests, whatever comes.
struct HTTPReadingTests {
    private static func read(_ text: String, limit: Int = 200) -> HTTPReading {
        HTTPReading.read(Array(text.utf8), limit: limit)
    }

    private static func status(_ text: String, limit: Int = 200) -> Int? {
        guard case .refused(let response) = read(text, limit: limit) else { return nil }
        return response.status.rawValue
    }

    @Test func aRequestIsReadOnceItsHeadIsComplete() {
        let text = "GET /status?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"
        let bytes = Array(text.utf8)
        for count in bytes.indices {
            #expect(HTTPReading.read(Array(bytes[..<count]), limit: 200) == .incomplete)
        }
        #expect(Self.read(text) == .request(HTTPRequest(isHead: false, path: "/status")))
        #expect(
            Self.read("HEAD / HTTP/1.0\n\n") == .request(HTTPRequest(isHead: true, path: "/")))
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\n\r\n", 405), ("get / HTTP/1.1\r\n\r\n", 405),
        ("GET / HTTP/2.0\r\n\r\n", 505), ("GET /\r\n\r\n", 400), ("\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 413),
        ("GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 413),
    ])
    func whatIsNoRequestIsRefused(_ text: String, _ status: Int) {
        #expect(Self.status(text) == status)
    }

    @Test func aHeadIsBounded() {
        let long = "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 300))"
        #expect(Self.status(long) == 431)
        #expect(Self.status(long + "\r\n\r\n") == 431)
        #expect(Self.status("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n") == nil)
    }

    @Test func anyBytesAreReadOrRefused() {
        var random = SystemRandomNumberGenerator()
        let parts: [[UInt8]] = [
            Array("GET ".utf8), Array("/".utf8), Array(" HTTP/1.1".utf8), [13, 10], [10], [0],
            [255, 254], Array("a: b".utf8), [13], [32],
        ]
        for _ in 0..<2_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<12, using: &random) {
                bytes += parts.randomElement(using: &random) ?? []
            }
            _ = HTTPReading.read(bytes, limit: 40)
        }
    }

    @Test func anAnswerSaysItsLengthAndThatItIsTheLast() {
        let response = HTTPResponse(.ok, "höy")
        let text = String(decoding: response.encoded(isHead: false), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.hasSuffix("\r\n\r\nhöy"))
        #expect(text.contains("\r\nContent-Length: 4\r\n"))
        #expect(text.contains("\r\nConnection: close\r\n"))
        let head = String(decoding: response.encoded(isHead: true), as: UTF8.self)
        #expect(head.hasSuffix("\r\n\r\n") && head.contains("Content-Length: 4"))
    }
}
