import DefinitionFiles
import Foundation
import Testing

/// One way to break the example, and what the reader says of it.
struct BrokenCase: Sendable, CustomTestStringConvertible {
    var group: String
    var number: Int
    var text: String
    var faults: [String]

    var testDescription: String { "\(group) \(number): \(faults.first ?? "reads")" }

    /// The cases of `Fixtures/faults.golden`.
    static let all: [BrokenCase] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/faults.golden")
        let golden = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return golden.components(separatedBy: "\n==== ").dropFirst().enumerated().map {
            BrokenCase($0.element, number: $0.offset)
        }
    }()

    private init(_ block: String, number: Int) {
        let parts = block.components(separatedBy: "\n---- ")
        func body(_ head: String) -> String {
            let part = parts.first { $0 == head || $0.hasPrefix(head + "\n") } ?? ""
            return String(part.dropFirst(head.count + 1))
        }
        group = parts[0]
        self.number = number
        text =
            parts.contains("FILE")
            ? body("with") : Example.replacing(body("replace"), with: body("with"))
        faults = body("faults").split(separator: "\n").map(String.init)
    }
}

@Suite("Every check names the place and the remedy")
struct GoldenFaults {
    @Test func thereAreCases() {
        #expect(BrokenCase.all.count > 100)
    }

    @Test(arguments: BrokenCase.all)
    func aBrokenFileIsReported(_ broken: BrokenCase) {
        #expect(Example.faults(of: broken.text) == broken.faults)
    }

    @Test func everyFaultOfAFileIsReportedInOneGo() throws {
        var text = Example.text
        let breaks = [
            ("version: 3", "version: three"), ("core: [US", "core: [USA"),
            ("lead.job_title", "lead.jobtitle"), ("points: 12}", "points: 12.345}"),
            ("activity: page_view", "activty: page_view"), ("at_most: 4", "atmost: 4"),
            ("follow_up_within: 48h", "follow_up_within: 48"),
        ]
        for (old, new) in breaks {
            let range = try #require(text.firstRange(of: old))
            text.replaceSubrange(range, with: new)
        }
        #expect(
            Example.faults(of: text).map { $0.split(separator: " ")[0] }
                == ["2:10:", "7:10:", "10:38:", "28:66:", "39:22:", "54:54:", "57:82:"])
    }

    @Test func faultsPrintAsEditorsReadThem() throws {
        let error = try #require(throws: DefinitionFaults.self) {
            try Example.read(Example.replacing("version: 3", with: "version: 0"))
        }
        #expect(
            error.description
                == "d.yaml:2:10: 'version' must be a whole number from 1 to 1000000000, not '0'")
    }
}
