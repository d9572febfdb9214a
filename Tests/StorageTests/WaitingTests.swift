import Qualification
import Testing

@testable import Storage

/// The table of leads that wait for a product's capacity.
@Suite struct WaitingTests {
    let state = TemporaryState()

    private static func change(_ key: String, _ waiting: [(String, UInt8)]?) -> ProfileChange {
        ProfileChange(
            key: bytes(key), value: bytes("v"), idle: 1,
            waiting: waiting?.map { WaitingRow(product: $0.0, rank: [$0.1, 0]) })
    }

    private func leads(
        _ reader: ProfileReader, _ product: String, after place: WaitingPlace? = nil,
        limit: Int = 100
    ) throws -> [String] {
        try reader.waiting(for: product, after: place, limit: limit).map { place in
            "\(place.rank[0]) \(String(decoding: place.key, as: UTF8.self))"
        }
    }

    @Test func leadsComeByTheirRankThenByTheirKey() throws {
        let folder = try state.folder()
        let writer = try ProfileWriter(folder: folder, lane: 0)
        let reader = try ProfileReader(folder: folder, lane: 0)
        try writer.write(
            [
                Self.change("a", [("crm", 9), ("billing", 1)]), Self.change("b", [("crm", 200)]),
                Self.change("c", [("crm", 9)]), Self.change("d", []), Self.change("e", nil),
            ], mark: mark(1))
        #expect(try leads(reader, "crm") == ["9 a", "9 c", "200 b"])
        #expect(try leads(reader, "billing") == ["1 a"])
        #expect(try leads(reader, "crm", limit: 2) == ["9 a", "9 c"])
        let place = WaitingPlace(rank: [9, 0], key: bytes("a"))
        #expect(try leads(reader, "crm", after: place) == ["9 c", "200 b"])
        // Another place, left alone, gone, begun, deleted.
        try writer.write(
            [
                Self.change("a", [("crm", 5)]), Self.change("b", nil), Self.change("c", []),
                Self.change("e", [("crm", 7)]),
            ], mark: mark(2))
        #expect(try leads(reader, "crm") == ["5 a", "7 e", "200 b"])
        #expect(try leads(reader, "billing").isEmpty)
        try writer.write([ProfileChange(key: bytes("b"), value: nil)], mark: mark(3))
        try writer.erase([bytes("a")])
        #expect(try leads(reader, "crm") == ["7 e"])
    }

    @Test func aWriterOfAnotherTimeKnowsOfThem() throws {
        let folder = try state.folder()
        try ProfileWriter(folder: folder, lane: 0)
            .write([Self.change("a", [("crm", 9)])], mark: mark(1))
        let writer = try ProfileWriter(folder: folder, lane: 0)
        try writer.write([Self.change("a", [])], mark: mark(2))
        let reader = try ProfileReader(folder: folder, lane: 0)
        #expect(try leads(reader, "crm").isEmpty)
    }

    @Test func theyAreFoundByTheirIndex() throws {
        let folder = try state.folder()
        _ = try ProfileWriter(folder: folder, lane: 0)
        let connection = try Connection.open(
            path: state.path + "/lane-0.sqlite", file: "lane-0.sqlite",
            settings: ProfileStoreSettings().connection(isWriter: true))
        for (query, index) in [
            (
                "SELECT rank, k FROM waiting WHERE product = 'a' AND (rank, k) > (x'', x'') "
                    + "ORDER BY rank, k LIMIT 9", "PRIMARY KEY"
            ), ("DELETE FROM waiting WHERE k = x''", "waiting_leads"),
        ] {
            let plan = try connection.prepare("EXPLAIN QUERY PLAN " + query, operation: "test")
            #expect(try plan.step())
            let text = plan.text(at: 3) ?? ""
            #expect(text.contains("SEARCH") && text.contains(index), "\(query): \(text)")
            #expect(try !plan.step(), "a sort: \(plan.text(at: 3) ?? "")")
        }
    }

    @Test func placesSortAsTheirBytesDo() {
        let asOf = Timestamp(milliseconds: 1_788_775_500_000)
        let orders = [
            (5_000, 0), (4_999, -9), (4_999, 9), (0, 0), (-1, -3), (-700, 1),
        ].map { score, later in
            WaitingOrder(
                score: Points(hundredths: Int64(score)),
                asOf: Timestamp(milliseconds: asOf.milliseconds + Int64(later)), key: [7])
        }
        #expect(orders == orders.sorted())
        let bytes = orders.map(\.sortable)
        #expect(bytes == bytes.sorted { $0.span.precedes($1.span) })
        #expect(orders.map { WaitingOrder(sortable: $0.sortable, key: [7]) } == orders)
        #expect(WaitingOrder(sortable: [1], key: []) == nil)
    }
}
