import Foundation

/// The files that this process has open.
enum OpenFiles {
    /// Those below a folder, also if they have been removed since.
    static func below(_ folder: String) -> [String] {
        let descriptors = "/proc/self/fd"
        let files = FileManager.default
        return ((try? files.contentsOfDirectory(atPath: descriptors)) ?? []).compactMap { number in
            let target = try? files.destinationOfSymbolicLink(atPath: "\(descriptors)/\(number)")
            return target.flatMap {
                $0.hasPrefix(folder) ? String($0.dropFirst(folder.count)) : nil
            }
        }
    }
}
