import Foundation
import TestSupport

/// A JSON document that keeps the order of its keys and the text of its numbers.
indirect enum OrderedJSON {
    case object([(key: String, value: OrderedJSON)])
    case array([OrderedJSON])
    case text(String)
    /// A number, `true`, `false` or `null`, as written.
    case other(String)

    struct Fault: Error {
        let place: Int
    }

    init(_ bytes: [UInt8]) throws {
        var parser = Parser(bytes: bytes)
        self = try parser.value()
        guard parser.isAtEnd else { throw Fault(place: parser.place) }
    }

    /// A file of `schemas/`.
    static func schema(_ name: String) throws -> OrderedJSON {
        let url = URL(fileURLWithPath: Fixtures.repository + "/schemas/\(name).json")
        return try OrderedJSON([UInt8](try Data(contentsOf: url)))
    }

    subscript(key: String) -> OrderedJSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    var keys: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.key)
    }

    var items: [OrderedJSON] {
        guard case .array(let items) = self else { return [] }
        return items
    }

    var string: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    private struct Parser {
        let bytes: [UInt8]
        var place = 0

        var isAtEnd: Bool { place == bytes.count }

        private mutating func next() throws -> UInt8 {
            while place < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[place]) {
                place += 1
            }
            guard place < bytes.count else { throw Fault(place: place) }
            return bytes[place]
        }

        private mutating func take(_ byte: UInt8) throws -> Bool {
            guard try next() == byte else { return false }
            place += 1
            return true
        }

        mutating func value() throws -> OrderedJSON {
            let result: OrderedJSON
            switch try next() {
            case UInt8(ascii: "{"): result = .object(try members())
            case UInt8(ascii: "["): result = .array(try list())
            case UInt8(ascii: "\""): result = .text(try string())
            default:
                let start = place
                while place < bytes.count, !Array(",]} \n\r\t".utf8).contains(bytes[place]) {
                    place += 1
                }
                result = .other(String(decoding: bytes[start..<place], as: UTF8.self))
            }
            while place < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[place]) {
                place += 1
            }
            return result
        }

        private mutating func members() throws -> [(key: String, value: OrderedJSON)] {
            place += 1
            var members: [(key: String, value: OrderedJSON)] = []
            if try take(UInt8(ascii: "}")) { return members }
            repeat {
                guard try next() == UInt8(ascii: "\"") else { throw Fault(place: place) }
                let key = try string()
                guard try take(UInt8(ascii: ":")) else { throw Fault(place: place) }
                members.append((key, try value()))
            } while try take(UInt8(ascii: ","))
            guard try take(UInt8(ascii: "}")) else { throw Fault(place: place) }
            return members
        }

        private mutating func list() throws -> [OrderedJSON] {
            place += 1
            var items: [OrderedJSON] = []
            if try take(UInt8(ascii: "]")) { return items }
            repeat { items.append(try value()) } while try take(UInt8(ascii: ","))
            guard try take(UInt8(ascii: "]")) else { throw Fault(place: place) }
            return items
        }

        private mutating func string() throws -> String {
            let start = place
            place += 1
            while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
                place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
            }
            place += 1
            guard place <= bytes.count else { throw Fault(place: start) }
            return try JSONDecoder().decode(String.self, from: Data(bytes[start..<place]))
        }
    }
}

/// What a message must look like by its schema, as far as keys and kinds of numbers go.
struct SchemaCheck {
    let root: OrderedJSON

    /// Everything that is not as the schema has it.
    func faults(_ value: OrderedJSON, _ schema: OrderedJSON, at path: String) -> [String] {
        let schema = resolved(schema)
        switch value {
        case .object:
            return objectFaults(value, schema, path)
        case .array(let items):
            guard let item = schema["items"] else { return ["\(path): a list is not expected"] }
            return items.enumerated().flatMap {
                faults($0.element, item, at: "\(path)[\($0.offset)]")
            }
        case .other("null"): return ["\(path): null instead of absent"]
        case .text, .other: return []
        }
    }

    private func objectFaults(
        _ value: OrderedJSON, _ schema: OrderedJSON, _ path: String
    ) -> [String] {
        guard let properties = schema["properties"] else { return [] }
        var faults: [String] = []
        let order = properties.keys
        let places = value.keys.map { key in order.firstIndex(of: key) }
        if places.contains(nil) {
            faults.append("\(path): a key that the schema lacks: \(value.keys)")
        }
        let known = places.compactMap { $0 }
        if known != known.sorted() || Set(known).count != known.count {
            faults.append("\(path): keys \(value.keys), in the schema \(order)")
        }
        for name in schema["required"]?.items ?? [] {
            if let name = name.string, value[name] == nil { faults.append("\(path): no \(name)") }
        }
        for key in value.keys {
            if let member = value[key], let part = properties[key] {
                faults += self.faults(member, part, at: "\(path).\(key)")
            }
        }
        return faults
    }

    private func resolved(_ schema: OrderedJSON) -> OrderedJSON {
        guard let name = schema["$ref"]?.string?.split(separator: "/").last,
            let target = root["$defs"]?[String(name)]
        else { return schema }
        return resolved(target)
    }
}
