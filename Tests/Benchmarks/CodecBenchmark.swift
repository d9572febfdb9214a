import Qualification
import WireFormats

/// The profile codec on a profile of 20 activities.
struct CodecBenchmark {
    private static let rounds = 100_000

    func run() throws -> [BenchmarkRow] {
        let symbols = SymbolTable()
        var codec = ProfileCodec(symbols: symbols)
        var profile = CodecBenchmark.profile(symbols)
        let encoded = codec.encode(&profile)
        var bytes = 0
        var encoding = timed("codec: encode", CodecBenchmark.rounds) {
            for _ in 0..<CodecBenchmark.rounds { bytes += codec.encode(&profile).count }
        }
        encoding.note = "\(encoded.count) bytes"
        let decoding = try timed("codec: decode", CodecBenchmark.rounds) {
            for _ in 0..<CodecBenchmark.rounds {
                bytes += try codec.decode(encoded, leadID: "lead-000001").recent.count
            }
        }
        return [encoding, decoding]
    }

    private static func profile(_ symbols: SymbolTable) -> Profile {
        var profile = Profile(leadID: "lead-000001")
        let lead = Stamp(at: time(0), eventID: EventID(UUID(naming: "lead")))
        profile.hasLeadEvent = true
        for (field, text) in [
            (LeadField.email, "pat.lee@acme.example"), (.firstName, "Pat"), (.lastName, "Lee"),
            (.jobTitle, "VP Sales"), (.companyDomain, "acme.example"), (.country, "US"),
        ] {
            _ = profile.fields.merge(field, .text(text), stamp: lead)
        }
        _ = profile.fields.merge(.consent, .bool(true), stamp: lead)
        let types = ["page_view", "email_open", "pricing_view", "form_submit"].map(symbols.intern)
        for number in 0..<20 {
            let stamp = Stamp(
                at: time(number), eventID: EventID(UUID(naming: "event \(number)")))
            let type = types[number % types.count]
            profile.advance(to: stamp.at, historyDays: 90, duplicateWindow: .days(30))
            profile.counts.add(type: type, day: stamp.at.day, tag: .none)
            profile.remember(
                RecentActivity(stamp: stamp, type: type, tag: .none, campaign: .none))
            profile.remembered.insert(
                RememberedEvents.Entry(
                    at: stamp.at, hash: stamp.eventID.stableHash, source: .activities))
        }
        profile.addInterest(symbols.intern("crm"))
        profile.freshen(tag: .none, at: time(19))
        return profile
    }

    private static func time(_ number: Int) -> Timestamp {
        Timestamp(milliseconds: 1_788_771_600_000 + Int64(number) * 7_200_000)
    }
}
