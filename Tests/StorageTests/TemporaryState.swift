import Foundation
import Storage
import Testing

/// A folder in the temporary directory, removed with this object.
final class TemporaryState: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "/handoff-storage-\(UUID().uuidString)"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func folder() throws -> StateFolder { try StateFolder(path: path) }

    /// The bytes of a file, none if it is missing.
    func bytes(of file: String) -> Data {
        FileManager.default.contents(atPath: path + "/" + file) ?? Data()
    }

    /// Replaces part of a file.
    func overwrite(_ file: String, at offset: UInt64, with bytes: [UInt8]) throws {
        let handle = try #require(FileHandle(forUpdatingAtPath: path + "/" + file))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    /// Copies a file with its log to another state, as a machine finds them that lost its process.
    func copy(_ file: String, to other: TemporaryState) throws {
        _ = try other.folder()
        for suffix in ["", "-wal"] {
            let source = path + "/" + file + suffix
            guard FileManager.default.fileExists(atPath: source) else { continue }
            try FileManager.default.copyItem(
                atPath: source, toPath: other.path + "/" + file + suffix)
        }
    }
}

/// Bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A mark whose time does not matter.
func mark(_ offset: Int64) -> ChangelogMark {
    ChangelogMark(nextOffset: offset, writtenAtMilliseconds: 1_700_000_000_000)
}

extension ProfileChange {
    /// A change with text as key and value.
    init(_ key: String, _ value: String?) {
        self.init(key: bytes(key), value: value.map(bytes))
    }
}
