import Foundation
import Qualification
import ReferenceModel
import Testing
import WireFormats

/// Random JSON, read by handoff, by the model's own parser and by Foundation: all agree.
struct JSONFuzzTests {
    @Test(arguments: Reading.seeds)
    func whatIsJSONIsAgreedUpon(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let reading = try Reading()
        for _ in 0..<40 {
            var text = RandomJSON.object(&random, depth: 3)
            for _ in 0..<random.pick([0, 1, 1, 2]) { RandomJSON.spoil(&text, &random) }
            let model = JSONValue.parse(text)
            let isJSON = reading.refusal(text)?.reason != .notJSON
            let shown = String(decoding: text, as: UTF8.self)
            // See `aHugeNumberThatRunsIntoAnotherIsNotJSON`.
            if shown.contains(try Regex("[0-9]-[0-9]")) { continue }
            #expect(isJSON == (model?.members != nil), "seed \(seed): \(shown)")
        }
    }

    @Test(arguments: Reading.seeds)
    func valuesAreReadAsTheModelAndFoundationReadThem(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed &+ 500)
        let reading = try Reading()
        for _ in 0..<40 {
            let text = RandomJSON.lead(&random)
            let shown = String(decoding: text, as: UTF8.self)
            let event = try reading.lead(text, key: "a")
            let model = try #require(JSONValue.parse(text))
            let name = model["first_name"].flatMap { $0.isBlank ? nil : $0.text }
            #expect(event[.firstName] == name.map(FactValue.text), "\(shown)")
            if case .text(let read)? = event[.firstName], let name {
                #expect(read.utf8.elementsEqual(name.utf8), "\(shown)")
            }
            let number = try #require(model["annual_revenue"]?.double)
            let isGood = number >= 0 && number <= 9_007_199_254_740_992
            #expect(event[.annualRevenue] == (isGood ? .number(number) : nil), "\(shown)")
            // Foundation refuses texts with numbers that no double holds.
            if shown.contains("e400") { continue }
            let object = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
            #expect((object?["last_name"] as? String).map(FactValue.text) == event[.lastName])
        }
    }

    @Test func deepNestingIsReadOrRefusedButNeverCrashes() throws {
        let reading = try Reading()
        func nested(_ depth: Int) -> String {
            Reading.json(
                .lead,
                "\"x\":" + String(repeating: "[", count: depth)
                    + String(repeating: "]", count: depth))
        }
        #expect(reading.refusal(.lead, nested(500)) == nil)
        #expect(reading.refusal(.lead, nested(100_000))?.reason == .notJSON)
        let open = String(repeating: "{\"a\":", count: 100_000)
        #expect(reading.refusal(.lead, open)?.reason == .notJSON)
        #expect(reading.refusal(.lead, Reading.json(.lead)) == nil)
    }

    @Test(arguments: [
        "9007199254740993", "-9007199254740993", "18446744073709551615", "18446744073709551616",
        "123456789012345678901234567890", "-123456789012345678901234567890", "1e400", "-1E+400",
        "1e-400", "0.1e1000", "9007199254740993.0", "1" + String(repeating: "0", count: 400),
        "0." + String(repeating: "3", count: 400), "12345678901234567890.5e300",
    ])
    func aNumberOfAnySizeIsJSONInEveryPlace(_ number: String) throws {
        let reading = try Reading()
        for place in [
            "\"unknown\":\(number)", "\"unknown\":[\(number),{\"x\":\(number)}]",
            "\"employees\":\(number)", "\"annual_revenue\":\(number)",
            "\"first_name\":\"\(number) \\\" \(number)\",\"unknown\":\(number)",
        ] {
            let json = Reading.json(.lead, place)
            #expect(reading.refusal(.lead, json) == nil, "\(place)")
        }
        let event = try reading.lead(
            Reading.json(.lead, "\"x\":\(number),\"first_name\":\"\(number)\",\"employees\":7"))
        #expect(event[.firstName] == .text(number))
        #expect(event[.employees] == .number(7))
    }

    @Test(
        arguments: [
            ("50", 50), ("50.0", 50), ("5e1", 50), ("500e-1", 50), ("0", 0), ("-0", 0), ("-0.0", 0),
            ("9007199254740992", 9_007_199_254_740_992),
            ("9007199254740991.0", 9_007_199_254_740_991),
            ("9.007199254740992e15", 9_007_199_254_740_992),
        ] as [(String, Double)])
    func anIntegerMayBeWrittenInAnyWay(_ text: String, _ value: Double) throws {
        let reading = try Reading()
        let event = try reading.lead(Reading.json(.lead, "\"employees\":\(text)"))
        #expect(event[.employees] == .number(value))
    }

    @Test(arguments: ["3-1e400", "65-12345678901234567890", "1.5-1e400"])
    func aHugeNumberThatRunsIntoAnotherIsNotJSON(_ text: String) throws {
        let reading = try Reading()
        let letter = reading.refusal(.lead, Reading.json(.lead, "\"x\":\(text)"))
        #expect(letter?.reason == .notJSON)
    }

    @Test(arguments: ["1e400 1", "1e400x", "01e400", "1e400,", "1e", "--1e400", "1.e400", "+1e400"])
    func whatOnlyBeginsLikeAHugeNumberIsNotJSON(_ text: String) throws {
        let reading = try Reading()
        for place in ["\"x\":\(text)", "\"x\":1e400,\"y\":\(text)", "\"x\":[\(text)]"] {
            #expect(reading.refusal(.lead, Reading.json(.lead, place))?.reason == .notJSON)
        }
    }
}

/// Random JSON texts, valid unless spoilt.
enum RandomJSON {
    static func object(_ random: inout SplitMix64, depth: Int) -> [UInt8] {
        var text = Array("{".utf8)
        for place in 0..<random.number(0...4) {
            if place > 0 { text += space(&random) + Array(",".utf8) }
            text += space(&random) + string(&random) + space(&random) + Array(":".utf8)
            text += space(&random) + value(&random, depth: depth - 1)
        }
        return text + space(&random) + Array("}".utf8)
    }

    /// A lead event with a random name and number, and unknown members around them.
    static func lead(_ random: inout SplitMix64) -> [UInt8] {
        let body = Array(Reading.json(.lead).dropLast().utf8)
        return body + Array(",\"u1\":".utf8) + value(&random, depth: 2)
            + Array(",\"first_name\":".utf8) + string(&random)
            + Array(",\"last_name\":".utf8) + Array("\"x\(random.number(0...9))\"".utf8)
            + Array(",\"annual_revenue\":".utf8) + number(&random)
            + Array(",\"u2\":".utf8) + object(&random, depth: 2) + Array("}".utf8)
    }

    /// Changes, adds or removes a byte.
    static func spoil(_ text: inout [UInt8], _ random: inout SplitMix64) {
        guard !text.isEmpty else { return }
        let place = random.number(0...text.count - 1)
        let bytes = Array("{}[]\",:\\0123456789.eE+-tfnu \n\u{0}x".utf8) + [0x80, 0xc3, 0xff]
        switch random.number(0...2) {
        case 0: text[place] = random.pick(bytes)
        case 1: text.insert(random.pick(bytes), at: place)
        default: text.remove(at: place)
        }
    }

    static func value(_ random: inout SplitMix64, depth: Int) -> [UInt8] {
        switch random.number(0...(depth > 0 ? 9 : 7)) {
        case 0...2: return string(&random)
        case 3...5: return number(&random)
        case 6: return Array(random.pick(["true", "false"]).utf8)
        case 7: return Array("null".utf8)
        case 8: return object(&random, depth: depth)
        default:
            var text = Array("[".utf8)
            for place in 0..<random.number(0...3) {
                if place > 0 { text += Array(",".utf8) }
                text += space(&random) + value(&random, depth: depth - 1)
            }
            return text + space(&random) + Array("]".utf8)
        }
    }

    static func number(_ random: inout SplitMix64) -> [UInt8] {
        var text = random.pick(["", "", "-"])
        text += random.pick(["0", "7", "50", "9007199254740994", "\(random.next())"])
        text += random.pick(["", "", ".0", ".25", ".\(random.number(0...999_999))"])
        text += random.pick(["", "", "", "e3", "E-2", "e+12", "e400"])
        return Array(text.utf8)
    }

    static func string(_ random: inout SplitMix64) -> [UInt8] {
        let parts = [
            "a", "Z", " ", "\u{e9}", "\u{1f980}", "\u{2028}", "\\n", "\\\"", "\\\\", "\\/", "\\b",
            "\\f", "\\r", "\\t", "\\u0041", "\\u00e9", "\\u0000", "\\u001f", "\\ud83e\\udd80",
            "\\uFFFF", "\u{7f}", "{", "]", ",", ":", "//", "1e400",
        ]
        let text = (0..<random.number(0...8)).map { _ in random.pick(parts) }.joined()
        return Array("\"\(text)\"".utf8)
    }

    private static func space(_ random: inout SplitMix64) -> [UInt8] {
        Array(random.pick(["", "", "", " ", "\n", "\t\r\n "]).utf8)
    }
}
