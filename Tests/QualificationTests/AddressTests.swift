import Qualification
import Testing

/// Normal forms of addresses, domains and countries (CONTRACT.md 3 and 5).
struct AddressTests {
    @Test(arguments: [
        ("pat@acme.example", "pat@acme.example"), (" Pat@ACME.example\t", "pat@acme.example"),
        ("a@b.c", "a@b.c"), ("a@b..c", "a@b..c"), ("a+b=c@d.e", "a+b=c@d.e"),
        ("\r\na@b.co\n", "a@b.co"), ("J\u{d6}RG@M\u{dc}LLER.DE", "j\u{f6}rg@m\u{fc}ller.de"),
        ("\u{a0}a@b.co\u{2003}", "a@b.co"), ("a@xn--mller-kva.de", "a@xn--mller-kva.de"),
        ("\u{1f980}@b.co", "\u{1f980}@b.co"), ("a@b.c.", "a@b.c."), ("a\u{0}@b.co", "a\u{0}@b.co"),
    ])
    func isAnEmailAddress(_ written: String, _ normal: String) {
        #expect(Address.email(written) == normal)
    }

    @Test(arguments: [
        "", " ", "a", "@", "a@", "@b.co", "a@b", "a@.co", "a@b.", "a@@b.co", "a@b@c.co",
        "a b@c.de", "a@b c.de", "a@b\u{a0}c.de", "\u{e9} @b.co", "a\u{2003}b@c.de", "a@.", "a@..",
        "a(at)b.co",
    ])
    func isNoEmailAddress(_ written: String) {
        // "a@.." has a dot with nothing but a dot on each side, and something must be on both.
        #expect(Address.email(written) == nil)
    }

    @Test(arguments: [
        ("acme.example", "acme.example"), ("ACME.Example", "acme.example"),
        ("https://www.Acme.example./about", "acme.example"), ("www.acme.example", "acme.example"),
        ("www.www.acme.example", "www.acme.example"), ("http://acme.example?x=1", "acme.example"),
        ("acme.example#top", "acme.example"), ("acme.example:8080", "acme.example"),
        ("https://acme.example:443/x", "acme.example"), ("acme.example..", "acme.example"),
        (" acme.example ", "acme.example"), ("M\u{dc}LLER.de", "m\u{fc}ller.de"),
        ("xn--mller-kva.de", "xn--mller-kva.de"), ("localhost", "localhost"),
        ("wwwacme.example", "wwwacme.example"), ("a-b.c0", "a-b.c0"),
    ])
    func domainHasThisNormalForm(_ written: String, _ normal: String) {
        #expect(Address.domain(written) == normal)
    }

    @Test(arguments: ["", " ", ".", "...", "https://", "www.", "/about", "http:///x", ":80"])
    func nothingIsLeftOfTheDomain(_ written: String) {
        #expect(Address.domain(written) == nil)
    }

    @Test func parentsOfADomainGoUpToItsLastLabel() {
        #expect(Address.withParents("a.b.c.co") == ["a.b.c.co", "b.c.co", "c.co", "co"])
        #expect(Address.withParents("b.co") == ["b.co", "co"])
        #expect(Address.withParents("localhost") == ["localhost"])
        #expect(
            Address.withParents("m\u{fc}ller.co.uk") == ["m\u{fc}ller.co.uk", "co.uk", "uk"])
    }

    @Test func theDomainOfAnAddressIsBehindItsSign() {
        #expect(Address.domain(ofEmail: "a@b.co") == "b.co")
        #expect(Address.domain(ofEmail: "\u{1f980}@m\u{fc}ller.de") == "m\u{fc}ller.de")
    }

    @Test func aSuppressionIsAnAddressIfItHasASign() {
        #expect(Address.suppressionEntry(" A@B.co") == "a@b.co")
        #expect(Address.suppressionEntry("https://WWW.B.co/x") == "b.co")
        #expect(Address.suppressionEntry("a@b") == nil)
        #expect(Address.suppressionEntry(" ") == nil)
    }

    @Test(arguments: [
        ("US", "US"), ("us", "US"), ("Us", "US"), ("UK", "GB"), ("uk", "GB"), ("GB", "GB"),
        ("no", "NO"), (" de ", "DE"), ("ax", "AX"), ("ss", "SS"),
    ])
    func isACountry(_ written: String, _ code: String) {
        #expect(Address.country(written) == code)
    }

    @Test(arguments: ["", "X", "XX", "USA", "EU", "ZZ", "U S", "49", "\u{fc}s", "United States"])
    func isNoCountry(_ written: String) {
        #expect(Address.country(written) == nil)
    }

    @Test(arguments: ["\u{df}", "\u{fb01}", "\u{fb06}", "u\u{17f}", "\u{131}t"])
    func lettersThatOnlyBecomeACodeByUpperCasingAreNoCountry(_ written: String) {
        #expect(Address.country(written) == nil)
    }

    /// The short way for ASCII and the long way for everything else must mean the same.
    @Test func plainAndUnicodeReadingsAgree() {
        let parts = ["a", "B", "@", ".", " ", "\t", "www.", "://", "/", "9", "-", "x.co"]
        for first in parts {
            for second in parts {
                for third in parts {
                    let text = first + second + third + "a.co"
                    // A letter beyond ASCII in front forces the long way.
                    let long = Address.email("\u{e9}" + text)
                    let short = Address.email("e" + text)
                    #expect(long.map { "e" + $0.dropFirst() } == short, "\(text)")
                    let longDomain = Address.domain("\u{e9}" + text)
                    let shortDomain = Address.domain("e" + text)
                    let isSchemeCut = text.contains("://")
                    #expect(
                        isSchemeCut
                            || longDomain.map { "e" + $0.dropFirst() } == shortDomain, "\(text)")
                }
            }
        }
    }

    @Test(arguments: ["\u{1c}", "\u{1d}", "\u{1e}", "\u{1f}"])
    func separatorsOfInformationAreTheSameInBothReadings(_ separator: String) {
        let short = Address.email(separator + "e@b.co") == "e@b.co"
        let long = Address.email(separator + "\u{e9}@b.co") == "\u{e9}@b.co"
        #expect(short == long)
    }
}
