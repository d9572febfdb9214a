import Foundation

// Micro-benchmarks of the hot path, without Kafka: `swift run -c release Benchmarks
// [EVENTS.jsonl]`. Wall times of this process alone; compare rows of one run, not of two.

let arguments = CommandLine.arguments.dropFirst()
do {
    let lane = LaneBenchmark(events: arguments.first)
    var rows: [BenchmarkRow] = []
    // Without a stream, only what makes its own input is measured.
    if lane.hasEvents { rows += try lane.run() }
    rows += try ScoreBenchmark(definition: try lane.definition()).run()
    rows += try CodecBenchmark().run()
    rows += try StoreBenchmark().run()
    rows += try TimerBenchmark(definition: try lane.definition()).run()
    BenchmarkTable.print(rows)
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
