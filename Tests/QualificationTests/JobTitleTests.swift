import Qualification
import ReferenceModel
import TestSupport
import Testing

/// Job titles as words, and the persona they give (CONTRACT.md 4).
struct JobTitleTests {
    @Test(
        arguments: [
            ("VP Sales", ["vp", "sales"]), ("  VP,  Sales ", ["vp", "sales"]),
            ("Vice-President/Finance", ["vice", "president", "finance"]), ("", []), (" - ", []),
            ("R&D 2nd", ["r", "d", "2nd"]), ("M\u{fc}he", ["m\u{fc}he"]),
            ("CAFE\u{301} Manager", ["cafe\u{301}", "manager"]),
            (
                "\u{41d}\u{430}\u{447}.\u{43e}\u{442}\u{434}",
                ["\u{43d}\u{430}\u{447}", "\u{43e}\u{442}\u{434}"]
            ),
            ("\u{5ba3}\u{4f1d} VP", ["\u{5ba3}\u{4f1d}", "vp"]),
            ("VP\u{1f980}Sales", ["vp", "sales"]),
            ("VP\u{2013}Sales\u{a0}EMEA", ["vp", "sales", "emea"]),
            ("\u{661}\u{662}", ["\u{661}\u{662}"]),
            ("O'Neil_x", ["o", "neil", "x"]),
        ] as [(String, [String])])
    func splitsAtEverythingThatIsNeitherLetterNorDigit(_ title: String, _ words: [String]) {
        #expect(JobTitle.words(of: title) == words)
    }

    private static let rules = [
        PersonaRule(value: "c_level", phrases: [["ceo"], ["chief", "executive"]]),
        PersonaRule(value: "vp", phrases: [["vp"], ["vice", "president"]]),
        PersonaRule(value: "head", phrases: [["head", "of"]]),
        PersonaRule(value: "nothing", phrases: [[]]),
    ]

    @Test(
        arguments: [
            ("CEO", "c_level"), ("Chief Executive Officer", "c_level"), ("VP and CEO", "c_level"),
            ("Vice-President", "vp"), ("Head of IT", "head"), ("Ahead of IT", nil),
            ("Chief, Executive", "c_level"), ("Executive Chief", nil), ("Chief of Executive", nil),
            ("Vice", nil), ("", nil), ("vps", nil), ("Head  OF", "head"), ("of head", nil),
        ] as [(String, String?)])
    func theFirstRuleWithAConsecutivePhraseGivesTheValue(_ title: String, _ value: String?) {
        #expect(JobTitle(title).value(JobTitleTests.rules) == value)
    }

    @Test func composedAndDecomposedLettersAreTheSameWord() {
        let rules = [PersonaRule(value: "x", phrases: [["caf\u{e9}"]])]
        #expect(JobTitle("Cafe\u{301} owner").value(rules) == "x")
    }
}
