import Foundation

// Micro-benchmarks of the hot path, without Kafka: `swift run -c release Benchmarks
// [EVENTS.jsonl] [lane]`. Wall times of this process alone; compare rows of one run, not of two.
// With `lane` only the stream is run, for a profiler.

let arguments = Array(CommandLine.arguments.dropFirst())
do {
    let lane = LaneBenchmark(events: arguments.first)
    var rows: [BenchmarkRow] = []
    // Without a stream, only what makes its own input is measured.
    if lane.hasEvents { rows += try lane.run() }
    if arguments.dropFirst().first == "lane" {
        BenchmarkTable.print(rows)
        exit(0)
    }
    rows += try ScoreBenchmark(definition: try lane.definition()).run()
    rows += try CodecBenchmark().run()
    rows += try StoreBenchmark().run()
    rows += try TimerBenchmark(definition: try lane.definition()).run()
    BenchmarkTable.print(rows)
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
