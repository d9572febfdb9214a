import Yams

/// Turns the nodes of Yams into ours, refusing what no file of ours needs.
struct TreeBuilder {
    private let keys: [Place: String]
    private let limits: YAMLDocument.Limits
    private let faults: FaultList
    private var count = 0

    /// - Parameter keys: the keys that have a stand-in (`RepeatedKeys`), by place.
    init(keys: [Place: String], limits: YAMLDocument.Limits, faults: FaultList) {
        self.keys = keys
        self.limits = limits
        self.faults = faults
    }

    /// The node, or nil if a limit is passed (with a fault).
    mutating func node(_ node: Node, depth: Int) -> YAMLNode? {
        let place = node.mark.map { Place($0) } ?? .start
        count += 1
        guard count <= limits.nodes else {
            // Said once: at the first node that is too many.
            if count == limits.nodes + 1 {
                faults.add(place, "the file holds more than \(limits.nodes) values")
            }
            return nil
        }
        guard depth <= limits.depth else {
            faults.add(place, "nested more than \(limits.depth) deep")
            return nil
        }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, at: place)
        case .sequence(let sequence):
            var items: [YAMLNode] = []
            for item in sequence {
                guard count <= limits.nodes else { break }
                if let item = self.node(item, depth: depth + 1) { items.append(item) }
            }
            return YAMLNode(.list(items), at: place)
        case .mapping(let mapping): return self.mapping(mapping, at: place, depth: depth)
        case .alias:
            // Yams follows aliases itself while parsing; only code that builds nodes makes these.
            faults.add(place, "an alias that stands for nothing")
            return nil
        }
    }

    private func scalar(_ scalar: Node.Scalar, at place: Place) -> YAMLNode {
        let tag = scalar.tag.rawValue
        let isText = tag == Tag.Name.str.rawValue || tag == Tag.Name.nonSpecific.rawValue
        if !isText, tag != Tag.Name.implicit.rawValue {
            let written = tag.replacing("tag:yaml.org,2002:", with: "!!")
            faults.add(place, "the tag \(written) is not supported; write the value without it")
        }
        let isPlain = scalar.style == .plain && !isText
        return YAMLNode(.scalar(scalar.string, isPlain: isPlain), at: place)
    }

    private mutating func mapping(_ mapping: Node.Mapping, at place: Place, depth: Int)
        -> YAMLNode
    {
        var entries: [YAMLEntry] = []
        var firsts: [String: Place] = [:]
        for (keyNode, valueNode) in mapping {
            guard count <= limits.nodes else { break }
            let keyPlace = keyNode.mark.map { Place($0) } ?? place
            guard case .scalar(let scalar) = keyNode else {
                faults.add(keyPlace, "a key must be a single name")
                continue
            }
            let key = keys[keyPlace] ?? scalar.string
            if key == "<<", scalar.style == .plain {
                faults.add(keyPlace, "merge keys (<<) are not supported; write the keys out")
                continue
            }
            // Also for a repeated key: what is wrong inside it belongs into the same report.
            guard let value = node(valueNode, depth: depth + 1) else { continue }
            if let first = firsts[key] {
                faults.add(
                    keyPlace, "'\(key)' is written twice; first at \(first.line):\(first.column)")
                continue
            }
            firsts[key] = keyPlace
            entries.append(YAMLEntry(key: key, place: keyPlace, value: value))
        }
        return YAMLNode(.mapping(entries), at: place)
    }
}
