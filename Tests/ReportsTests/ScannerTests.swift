import Reports
import Testing

/// The JSON reader of reports, seen through `handoff tap`'s JSON, which it judges every value for.
@Suite("JSON is read strictly, and written so that it can be shown")
struct ScannerTests {
    private static func line(_ value: [UInt8]?, key: [UInt8] = Array("k".utf8)) -> String {
        TapRecord(
            kind: .mql, topic: "t", place: RecordPlace(partition: 1, offset: 2), timestamp: -1,
            key: key, value: value, headers: []
        ).json
    }

    private static func holdsValue(_ text: String) -> Bool {
        line(Array(text.utf8)).contains(#""value":"#)
    }

    @Test(
        "objects of RFC 8259",
        arguments: [
            "{}", " {\n} ", #"{"a":1}"#, #"{"a":-0.5e+10,"b":[1,[],{}],"c":null,"d":true}"#,
            #"{"a":"\u00e9\ud83d\ude00\n\"\\\/"}"#, #"{"a":"é😀","a":2}"#,
            #"{"a":0,"b":-0,"c":10.0E1}"#,
        ])
    func good(_ text: String) {
        #expect(Self.holdsValue(text), "\(text)")
    }

    @Test(
        "what is none",
        arguments: [
            "", " ", "[]", "1", #""a""#, "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#,
            #"{"a":01}"#, #"{"a":-}"#, #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":1e}"#, #"{"a":tru}"#,
            #"{"a":"x}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#, #"{"a":1}x"#,
            "{\"a\":\"\n\"}", #"{"a":[1,]}"#, #"{"a":[1}"#, #"{"a":nul"#, "{\"a\":\"\\",
        ])
    func bad(_ text: String) {
        #expect(!Self.holdsValue(text), "\(text)")
    }

    @Test("bytes that are no UTF-8, depth beyond any message, and null")
    func bytes() {
        #expect(Self.line(Array(#"{"a":""#.utf8) + [0xff, 0x22, 0x7d]).contains("value_base64"))
        let deep = String(repeating: #"{"a":"#, count: 70) + "1" + String(repeating: "}", count: 70)
        #expect(!Self.holdsValue(deep))
        #expect(!Self.line(nil).contains("value"))
        #expect(Self.line(nil, key: [0xff]).contains(#""key_base64":"/w==""#))
        #expect(Self.line([1, 2]).hasSuffix(#""value_base64":"AQI="}"#))
        #expect(Self.line([0xfb, 0xff, 0xfe]).hasSuffix(#""value_base64":"+//+"}"#))
    }

    @Test("one record is one line, and no control character is left in it")
    func oneLine() {
        let line = Self.line(Array("{\n \"a\": \"\u{9b}31m\u{202e}\u{7f}\" }".utf8))
        #expect(line.hasSuffix(#""value":{  "a": "\u009b31m\u202e\u007f" }}"#), "\(line)")
        let key = Self.line(nil, key: Array("a\u{1b}[2J\n".utf8))
        #expect(key.contains(#""key":"a\u001b[2J\n""#))
    }

    @Test("writing: order kept, absent left out, whole numbers whole, nothing a page acts on")
    func writing() {
        let tree = JSONTree.object([
            ("b", .whole(1)), ("a", nil), ("c", .number(2)), ("d", .number(0.25)),
            ("e", .array([])), ("f", .text("</script>\u{0}\"\\")), ("g", .object([])),
            ("h", .flag(true)),
        ])
        let text =
            #"{"b":1,"c":2,"d":0.25,"e":[],"f":"\u003c/script>\u0000\"\\","g":{},"h":true}"#
        #expect(tree.compact == text)
        let pretty = JSONTree.object([("a", .array([.whole(1)]))]).pretty
        #expect(pretty == "{\n  \"a\": [\n    1\n  ]\n}")
    }
}
