import Yams

/// Changes a definition file by dotted paths, as `examples.json` describes.
package enum DefinitionText {
    /// Why a path cannot be followed.
    package struct Fault: Error, CustomStringConvertible {
        /// The path and what was missing.
        package let description: String
    }

    /// The definition with the changes, in their order, as JSON text, which is YAML too.
    ///
    /// Parts of a path are map keys or ids of list items; a last part `+` appends to a list, and
    /// null removes what was there.
    package static func changed(
        _ yaml: String, by changes: [(path: String, value: JSONValue)]
    ) throws -> String {
        guard var root = try Yams.compose(yaml: yaml) else {
            throw Fault(description: "the definition is empty")
        }
        for (path, value) in changes {
            let parts = path.split(separator: ".").map(String.init)
            root = try change(root, at: parts[...], to: value == .null ? nil : node(value))
        }
        return json(root)
    }

    private static func change(
        _ node: Node, at path: ArraySlice<String>, to value: Node?
    ) throws -> Node {
        guard let part = path.first else { return value ?? node }
        let rest = path.dropFirst()
        if var mapping = node.mapping {
            let key = Node(part)
            if rest.isEmpty {
                mapping[key] = value
            } else if let child = mapping[key] {
                mapping[key] = try change(child, at: rest, to: value)
            } else {
                throw Fault(description: "no \(part) on the way")
            }
            return .mapping(mapping)
        }
        guard let items = node.sequence.map(Array.init) else {
            throw Fault(description: "\(part) is inside a scalar")
        }
        if part == "+", rest.isEmpty {
            return Node(items + (value.map { [$0] } ?? []))
        }
        guard let index = items.firstIndex(where: { $0["id"]?.scalar?.string == part }) else {
            throw Fault(description: "no item with the id \(part)")
        }
        var changed = items
        if rest.isEmpty {
            changed.replaceSubrange(index...index, with: value.map { [$0] } ?? [])
        } else {
            changed[index] = try change(items[index], at: rest, to: value)
        }
        return Node(changed)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .string(let text): return Node(text, Tag(.str), .doubleQuoted)
        case .array(let items): return Node(items.map(node))
        case .object(let members):
            return Node(members.sorted { $0.key < $1.key }.map { (Node($0.key), node($0.value)) })
        case .null, .bool, .number: return Node(value.json, Tag(.implicit), .plain)
        }
    }

    /// Writes the tree as JSON, its keys in their order because the order of regions matters.
    private static func json(_ node: Node) -> String {
        if let mapping = node.mapping {
            let members = mapping.map { key, value in
                JSONValue.quoted(key.scalar?.string ?? "") + ":" + json(value)
            }
            return "{" + members.joined(separator: ",") + "}"
        }
        if let sequence = node.sequence {
            return "[" + sequence.map(json).joined(separator: ",\n") + "]"
        }
        return node.scalar.map { ModelScalar($0).json.json } ?? "null"
    }
}
