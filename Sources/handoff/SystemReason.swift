import Foundation

/// Why the system refused a file, in words for the person who named it.
///
/// Foundation's own texts ("The operation couldn't be completed") name neither the cause nor what
/// to do.
enum SystemReason {
    static func of(_ error: any Error) -> String {
        switch code(error) {
        case .ENOENT?: "there is no such file or folder"
        case .EACCES?, .EPERM?: "permission denied; look at who may read and write it"
        case .EISDIR?: "it is a folder, not a file"
        case .ENOTDIR?: "a part of the path is a file, not a folder"
        case .ENOSPC?, .EDQUOT?: "no space is left on the disk"
        case .EROFS?: "the file system is read-only"
        case .ENAMETOOLONG?: "the name is too long"
        case .ELOOP?: "its symbolic links lead in a circle"
        case .EMFILE?, .ENFILE?: "too many files are open"
        case .EIO?: "the disk failed (input/output error)"
        case let other?: "the system refused it (error \(other.rawValue))"
        case nil: "the system refused it and gave no reason"
        }
    }

    /// The system's number, which Foundation keeps below one or two errors of its own.
    private static func code(_ error: any Error) -> POSIXErrorCode? {
        if let system = error as? POSIXError { return system.code }
        let wrapped = error as NSError
        if wrapped.domain == NSPOSIXErrorDomain {
            return POSIXErrorCode(rawValue: Int32(clamping: wrapped.code))
        }
        if let below = wrapped.userInfo[NSUnderlyingErrorKey] as? any Error {
            return code(below)
        }
        switch CocoaError.Code(rawValue: wrapped.code) {
        case .fileReadNoSuchFile, .fileNoSuchFile: return .ENOENT
        case .fileReadNoPermission, .fileWriteNoPermission: return .EACCES
        case .fileWriteOutOfSpace: return .ENOSPC
        case .fileWriteVolumeReadOnly: return .EROFS
        case .fileReadInvalidFileName, .fileWriteInvalidFileName: return .ENAMETOOLONG
        default: return nil
        }
    }
}
