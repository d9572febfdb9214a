import Qualification
import Testing

/// Ids and digests against published vectors.
struct IdentityTests {
    @Test func sha256AgreesWithFIPS() {
        #expect(
            SHA256.hexadecimal(Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hexadecimal([])
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(
            SHA256.hexadecimal(long)
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test func sha1AgreesWithFIPS() {
        var hash = SHA1()
        hash.append("abc".utf8Span.span)
        #expect(hash.finish() == (0xa999_3e36_4706_816a, 0xba3e_2571_7850_c26c))
        var million = SHA1()
        let thousand = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
        for _ in 0..<1000 { million.append(thousand.span) }
        #expect(million.finish() == (0x34aa_973c_d4c4_daa4, 0xf61e_eb2b_dbad_2731))
    }

    @Test func mqlIDIsThatOfTheExamples() {
        let id = UUID.mql(lead: "a", product: "crm", cycle: 1)
        #expect(id.description == "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a")
        #expect(UUID(canonical: id.description) == id)
        #expect(UUID(canonical: id.description.uppercased()) == nil)
    }

    @Test func messageIDIsThatOfTheExamples() {
        let id = UUID.message(type: "lead.status_changed", lead: "a", product: "crm", number: 2)
        #expect(id.description == "13668556-d40d-5d83-b126-16930e1f3985")
    }
}
