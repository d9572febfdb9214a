import ReferenceModel
import TestSupport
import Testing

@testable import Qualification

/// The sums of engagement, walked without arrays, against the plain ones over days.
struct EngagementTests {
    @Test("criteria of one to ten types add up day by day", arguments: 1...10)
    func sums(_ types: Int) throws {
        var random = SplitMix64(seed: UInt64(types))
        var definition = try Fixtures.exampleDefinition()
        var criterion = try #require(definition.engagement.first { $0.activities.count > 1 })
        criterion.activities = (0..<types).map { "type_\($0)" }
        criterion.dailyLimit = 3
        criterion.maxPoints = nil
        definition.engagement = [criterion]
        let symbols = SymbolTable()
        let rulebook = Rulebook(definition, symbols: symbols)
        let tags = [Symbol.none, symbols.intern("crm"), symbols.intern("billing")]
        for _ in 0..<50 {
            var counts = ActivityCounts()
            for _ in 0..<random.number(0...60) {
                counts.add(
                    type: symbols.intern("type_\(random.number(0...types))"),
                    day: UTCDay(number: 20_000 + Int32(random.number(-100...2))),
                    tag: tags[random.number(0...2)])
            }
            let engagement = Engagement(
                rulebook: rulebook, asOf: UTCDay(number: 20_000), tag: tags[1])
            let rule = rulebook.criteria[0]
            var plain = 0.0
            for (day, count) in engagement.days(of: rule, counts) {
                plain +=
                    Double(min(count, rule.dailyLimit)) * rule.points
                    * rule.decay[Int(20_000 - day.number)]
            }
            #expect(engagement.contribution(of: rule, counts) == Points(rounding: plain))
            #expect(engagement.total(counts) == Points(rounding: plain))
        }
    }

    @Test("titles that are equal as texts but not as letters keep their own persona")
    func personas() throws {
        var definition = try Fixtures.exampleDefinition()
        definition.seniority = [PersonaRule(value: "found", phrases: [["b"]])]
        // U+2260 is no letter, and so is "=", but its stroke U+0338 stays with the letter after it.
        let (split, joined) = ("a\u{2260}b", "a=\u{338}b")
        #expect(split == joined)
        for titles in [[split, joined], [joined, split]] {
            let rulebook = Rulebook(definition, symbols: SymbolTable())
            for title in titles {
                let found = rulebook.persona(ofTitle: title).seniority
                #expect(found == JobTitle(title).value(definition.seniority), "\(titles)")
            }
        }
        let rulebook = Rulebook(definition, symbols: SymbolTable())
        for _ in 0..<2 { #expect(rulebook.persona(ofTitle: "B team").seniority == "found") }
    }

    @Test("whoever is below a suppressed domain is found in memory as in the index")
    func addresses() {
        for domain in ["mail.acme.example", "a.\u{301}b.co", "x..y", ".z.example", "caf\u{e9}.fr"] {
            for address in [domain, "pat@\(domain)"] {
                let key = AddressKey.of(address)
                let concerning = Set(AddressKey.concerning(key).map { Array($0.utf8) })
                for parent in Address.withParents(domain) where !parent.hasPrefix(".") {
                    #expect(concerning.contains(Array(AddressKey.of(parent).utf8)), "\(address)")
                }
            }
        }
    }
}
