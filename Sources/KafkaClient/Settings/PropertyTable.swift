internal import CLibrdkafka
internal import Glibc

/// The properties this build of librdkafka knows, and whom each concerns.
///
/// Read from the library itself (`rd_kafka_conf_properties_show`), since the list depends on the
/// version and on how it was built, and a dump of a configuration leaves out unset properties.
struct PropertyTable: Sendable {
    enum Audience: Sendable { case both, consumer, producer }

    static let shared = PropertyTable()

    let audience: [String: Audience]

    private init() {
        var found: [String: Audience] = [:]
        for line in PropertyTable.text().split(separator: "\n") {
            let columns = line.split(separator: "|", omittingEmptySubsequences: false)
            guard columns.count >= 3 else { continue }
            let name = columns[0].filter { $0 != " " }
            guard name.first?.isLetter == true, name != "Property" else { continue }
            let kind: Audience
            switch columns[1].filter({ $0 != " " }) {
            case "C": kind = .consumer
            case "P": kind = .producer
            default: kind = .both
            }
            // A name can stand twice, once global and once for topics.
            found[name] = found[name].map { $0 == kind ? kind : .both } ?? kind
        }
        audience = found
    }

    private static func text() -> String {
        var buffer: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let stream = unsafe open_memstream(&buffer, &size) else { return "" }
        unsafe rd_kafka_conf_properties_show(stream)
        unsafe fclose(stream)
        guard let buffer = unsafe buffer else { return "" }
        defer { unsafe free(buffer) }
        return unsafe String(cString: buffer)
    }

    /// The known name with the fewest edits to `name`, if any is near enough to be meant.
    func nearest(to name: String) -> String? {
        let wanted = Array(name.lowercased().utf8)
        var best: (distance: Int, name: String)?
        for candidate in audience.keys.sorted() {
            let distance = editDistance(wanted, Array(candidate.utf8))
            if distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        guard let best, best.distance <= max(3, wanted.count / 3) else { return nil }
        return best.name
    }
}

/// The Levenshtein distance, one row at a time.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
            diagonal = above
        }
    }
    return row[right.count]
}
