import Configuration
import DefinitionFiles
import Testing

@Suite("CSV is read as RFC 4180 says")
struct CSVReaderTests {
    /// Rows as `cell|cell`, faults as `line:column message`, read in pieces of a size.
    private func read(_ bytes: [UInt8], piece: Int = .max) -> [String] {
        var reader = CSVReader()
        var events: [String] = []
        let note: (CSVReader.Event) -> Void = { event in
            switch event {
            case .row(let cells): events.append(cells.map(\.text).joined(separator: "|"))
            case .fault(let place, let message):
                events.append("\(place.line):\(place.column) \(message)")
            }
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            reader.read(rest.prefix(piece), emit: note)
            rest = rest.dropFirst(piece)
        }
        reader.finish(emit: note)
        return events
    }

    @Test(
        arguments: [
            ("", []),
            ("a", ["a"]),
            ("a,b\n", ["a|b"]),
            ("a,b\r\nc,d\r\n", ["a|b", "c|d"]),
            ("a,b\n\n\r\nc,d", ["a|b", "c|d"]),
            ("\u{feff}a,b\n", ["a|b"]),
            (",\n", ["|"]),
            ("a,", ["a|"]),
            ("\"a,b\",c\n", ["a,b|c"]),
            ("\"a\"\"b\",\"\"\n", ["a\"b|"]),
            ("\"a\nb\r\nc\",d\n", ["a\nb\r\nc|d"]),
            ("a,\" b \"", ["a| b "]),
            ("ä,日本\n", ["ä|日本"]),
            (
                "a\"b,c\nd,e\n",
                [
                    "1:2 a quote inside a cell; put the whole cell in quotes and double this one",
                    "d|e",
                ]
            ),
            (
                "x,\"a\"b\nd,e\n",
                [
                    "1:6 text after a closing quote; double a quote that belongs to the cell",
                    "d|e",
                ]
            ),
            ("d,e\nx,\"a\nb", ["d|e", "2:3 the quote that opens here is not closed"]),
            ("a\rb\nc\n", ["1:3 a carriage return without a line feed", "c"]),
            ("a\r", ["1:3 a carriage return without a line feed"]),
        ] as [(String, [String])])
    func textBecomesRows(_ text: String, _ expected: [String]) {
        // Whatever the pieces, also in the middle of a character or of the byte-order mark.
        for piece in [Int.max, 1, 2, 3] {
            #expect(read(Array(text.utf8), piece: piece) == expected, "pieces of \(piece)")
        }
    }

    @Test func cellsKnowTheirPlace() {
        var reader = CSVReader()
        var places: [Place] = []
        let note: (CSVReader.Event) -> Void = { event in
            if case .row(let cells) = event { places += cells.map(\.place) }
        }
        reader.read(Array("ä,\"x\ny\",z\nq,\n".utf8), emit: note)
        reader.finish(emit: note)
        let expected = [(1, 1), (1, 3), (2, 4), (3, 1), (3, 3)]
        #expect(places == expected.map { Place(line: $0.0, column: $0.1) })
    }

    @Test func badUTF8IsReportedAtItsCell() {
        let bytes = Array("a,".utf8) + [0xff] + Array(",b\nc\n".utf8)
        #expect(read(bytes) == ["1:3 the cell is not UTF-8; save the file as UTF-8", "c"])
    }

    @Test func aByteOrderMarkCutShortIsNoMark() {
        #expect(read([0xef, 0xbb]) == ["1:1 the cell is not UTF-8; save the file as UTF-8"])
        #expect(read([]) == [])
    }

    @Test func memoryIsBounded() {
        let long = "x,\"" + String(repeating: "y", count: 200_000) + "\nz\n"
        #expect(
            read(Array(long.utf8)) == [
                "1:3 the quote that opens here is not closed within 65536 bytes", "z",
            ])
        let row = String(repeating: "a,", count: 50_000) + "\nz\n"
        let events = read(Array(row.utf8))
        #expect(events.count == 2)
        #expect(events.first?.hasSuffix("the row is longer than 65536 bytes") == true)
        #expect(events.last == "z")
    }
}
