import ReferenceModel
import TestSupport

/// Records that nobody would send on purpose, between those of a world; the model sees them too.
enum Poison {
    /// The largest value that is not refused for its size alone (CONTRACT.md 3).
    private static let largest = 1 << 20

    /// The scene with bursts of them at the head of every lane and in its course.
    static func spread(over scene: Scene, _ random: inout SplitMix64) -> Scene {
        var scene = scene
        for lane in scene.lanes.indices {
            let records = scene.lanes[lane]
            let head = (records.first?.timestampMs ?? 1) - 1
            var poisoned = burst(at: head, random.number(20...60), &random)
            poisoned += [padded(to: largest, at: head), padded(to: largest + 1, at: head)]
            for record in records {
                poisoned.append(record)
                // At the same time in the last of the inputs, so right behind it.
                guard random.chance(1) else { continue }
                poisoned += burst(at: record.timestampMs, random.number(5...40), &random)
                if random.chance(20) {
                    poisoned.append(padded(to: largest, at: record.timestampMs))
                }
            }
            scene.lanes[lane] = poisoned
        }
        return scene
    }

    private static func burst(
        at time: Int64, _ count: Int, _ random: inout SplitMix64
    ) -> [ModelRecord] {
        let texts: [String?] = [
            nil, "", "{", "[]", "\u{feff}{}", "{\"event_id\":1}", "{\"lead_id\":\"poison\"}",
        ]
        return (0..<count).map { _ in record(random.pick(texts).map { Array($0.utf8) }, at: time) }
    }

    /// A sound event of a lead of its own, as large as asked.
    private static func padded(to size: Int, at time: Int64) -> ModelRecord {
        let start = """
            {"event_id":"large-\(size)","type":"page_view","lead_id":"poison",\
            "occurred_at":"2001-01-01T00:00:00Z","padding":"
            """
        let padding = [UInt8](repeating: UInt8(ascii: "x"), count: size - start.utf8.count - 2)
        return record(Array(start.utf8) + padding + Array("\"}".utf8), at: time)
    }

    private static func record(_ value: [UInt8]?, at time: Int64) -> ModelRecord {
        ModelRecord(
            topic: ModelTopic.activities, key: Array("poison".utf8), value: value,
            timestampMs: time)
    }
}
