import Foundation

// Micro-benchmarks of the hot path, without Kafka: `swift run -c release Benchmarks
// [EVENTS.jsonl]`. Wall times of this process alone; compare rows of one run, not of two.

let arguments = CommandLine.arguments.dropFirst()
do {
    var rows = try LaneBenchmark(events: arguments.first).run()
    rows += try CodecBenchmark().run()
    BenchmarkTable.print(rows)
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
