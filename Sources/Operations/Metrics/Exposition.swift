/// A value of a metric at a moment.
package struct MetricSample: Sendable {
    /// What was measured.
    package enum Value: Sendable {
        case number(Double)
        /// Counts under each bound and above the one before, with one more for those above all.
        case histogram(bounds: [Double], counts: [Int], sum: Double)
    }

    /// The metric.
    package let metric: Metric
    /// The values of its labels, in their order.
    package let labels: [String]
    /// What was measured.
    package let value: Value

    /// Makes a sample; there must be one value for each label.
    package init(_ metric: Metric, _ labels: [String] = [], _ value: Value) {
        precondition(labels.count == metric.labels.count, "\(metric.name) has other labels")
        self.metric = metric
        self.labels = labels
        self.value = value
    }

    /// Makes a sample of a number; there must be one value for each label.
    package init(_ metric: Metric, _ labels: [String] = [], _ value: some BinaryInteger) {
        self.init(metric, labels, .number(Double(value)))
    }
}

/// Samples in the text format 0.0.4 of Prometheus.
package enum Exposition {
    /// The format's name.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics with their samples, in the order of the catalogue; those without any are named,
    /// too.
    package static func text(_ samples: [MetricSample]) -> String {
        let byMetric = Dictionary(grouping: samples, by: \.metric)
        var text = ""
        for metric in Metric.all {
            text += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in byMetric[metric] ?? [] { append(sample, to: &text) }
        }
        return text
    }

    private static func append(_ sample: MetricSample, to text: inout String) {
        let name = sample.metric.name
        let labels = Array(zip(sample.metric.labels, sample.labels))
        switch sample.value {
        case .number(let value):
            text += "\(name)\(written(labels)) \(written(value))\n"
        case .histogram(let bounds, let counts, let sum):
            var total = 0
            for (place, count) in counts.enumerated() {
                total += count
                let bound = place < bounds.count ? written(bounds[place]) : "+Inf"
                text += "\(name)_bucket\(written(labels + [("le", bound)])) \(total)\n"
            }
            text += "\(name)_sum\(written(labels)) \(written(sum))\n"
            text += "\(name)_count\(written(labels)) \(total)\n"
        }
    }

    private static func written(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func written(_ number: Double) -> String {
        if number == number.rounded(), abs(number) < 1e15 { return String(Int64(number)) }
        return "\(number)"
    }
}
