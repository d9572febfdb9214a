import DefinitionFiles
import Qualification
import Testing

@Suite("No file, however broken, stops the reader")
struct RobustnessTests {
    @Test func aFileThatIsTooLargeIsRefusedUnread() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: (1 << 20) + 1)
        #expect(
            Example.faults(of: bytes) == ["1:1: the file has 1048577 bytes; the limit is 1048576"])
    }

    @Test func otherEncodingsAreRefused() {
        let latin = Array("name: a\nversion: \"".utf8) + [0xe9] + Array("\"\n".utf8)
        #expect(Example.faults(of: latin) == ["2:11: not UTF-8 here; save the file as UTF-8"])
        let utf16: [UInt8] = [0xff, 0xfe, 0x61, 0x00]
        #expect(Example.faults(of: utf16) == ["1:1: the file is UTF-16; save it as UTF-8"])
    }

    @Test func controlCharactersAreRefusedAtTheirPlace() {
        let faults = Example.faults(of: "name: a\nversion: \u{1}\n")
        #expect(faults == ["2:10: not valid YAML: control characters are not allowed"])
    }

    @Test func aliasesThatMultiplyEndAtALimit() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(Example.faults(of: text).contains { $0.contains("more than 200000 values") })
    }

    private static let deepTexts = [
        String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
        String(repeating: "[", count: 100_000),
        String(repeating: "{a: ", count: 5_000),
        (0..<2_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        String(repeating: "- ", count: 5_000),
        String(repeating: "? ", count: 5_000),
    ]

    @Test(arguments: deepTexts.indices)
    func deepNestingEndsAtALimit(_ index: Int) {
        #expect(!Example.faults(of: Self.deepTexts[index]).isEmpty)
    }

    @Test func deepConditionsEndAtALimit() {
        let deep =
            String(repeating: "{not: ", count: 33) + "{field: lead.email, exists: true}"
            + String(repeating: "}", count: 33)
        let faults = Example.faults(
            of: Example.replacing("{field: company.region, equals: core}", with: deep))
        #expect(faults == ["31:221: conditions are nested more than 32 deep"])
    }

    @Test func manyRepeatedKeysEndAtALimit() {
        let text = (0..<200).map { "a\($0): 1\na\($0): 2\n" }.joined()
        let faults = Example.faults(of: text)
        #expect(faults.count == 51)
        #expect(faults.first == "1:1: 'a0' is written more than once here")
    }

    @Test func listsThatAreTooLongAreRefused() {
        let many = (0..<501).map { "  - {id: r\($0), when: {field: lead.email, exists: true}}\n" }
        let faults = Example.faults(
            of: Example.replacing("disqualify:\n", with: "disqualify:\n" + many.joined()))
        #expect(faults == ["53:3: 'disqualify' has 503 items; the limit is 500"])
    }

    /// Any seed that ever failed goes into the list.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8])
    func mutationsOfTheExampleNeverCrash(seed: UInt64) {
        var random = SplitMix(state: seed)
        let original = Array(Example.text.utf8)
        for _ in 0..<100 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
            do {
                let definition = try DefinitionFile.read(bytes, path: "d", sha256: "")
                #expect(!definition.products.isEmpty)
            } catch {
                #expect(!error.faults.isEmpty)
                #expect(error.faults.allSatisfy { $0.line >= 1 && $0.column >= 1 })
                #expect(error.faults == error.faults.sorted())
            }
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2:
            let special = Array("[]{}:,-#&*!|>'\"%@`? \t\n~<".utf8)
            bytes.insert(special[Int.random(in: special.indices, using: &random)], at: place)
        case 3:  // A line less.
            let start = bytes[..<place].lastIndex(of: 10) ?? 0
            let end = bytes[place...].firstIndex(of: 10) ?? bytes.count - 1
            bytes.removeSubrange(start..<end)
        case 4:  // A piece twice.
            let end = min(bytes.count, place + Int.random(in: 1...200, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + 20))
        }
    }
}

/// A small generator with a seed (Steele, Lea, Flood: SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
