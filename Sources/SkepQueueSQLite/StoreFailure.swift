internal import Foundation
internal import GRDB
internal import SkepQueue

/// Says what errors of SQLite and the system mean for a queue.
enum StoreFailure {
    /// `QueueError.unavailable` for what a person can mend; other errors as they are.
    static func translated(_ error: any Error, doing verb: String, path: String) -> any Error {
        let what = "Can't \(verb) the queue \"\(path)\"."
        switch error {
        case let error as DatabaseError:
            guard let advice = advice(for: error) else { return error }
            return QueueError.unavailable(what: what, why: reason(error), advice: advice)
        case let error as POSIXError:
            return QueueError.unavailable(
                what: what, why: "\(error.reason).", advice: advice(for: error))
        default:
            return error
        }
    }

    static func reason(_ error: DatabaseError) -> String {
        // A backup's error is of its own: its connection's text is then that of no error.
        let code = error.extendedResultCode
        let text = error.message.flatMap { $0 == "not an error" ? nil : $0 }
        return "SQLite says: \(text.map { "\($0) (\(code.rawValue))" } ?? "\(code)")."
    }

    private static let room =
        "Make room on its disk. Workers go on by themselves then; a command has to be given again."

    private static func advice(for error: POSIXError) -> String {
        switch error.code {
        case .EACCES, .EPERM, .EROFS: "Make the file and its folder writable for this user."
        case .ENOSPC, .EDQUOT, .EFBIG: room
        default: "Check that its folder exists and may be written to."
        }
    }

    private static func advice(for error: DatabaseError) -> String? {
        switch error.resultCode {
        case .SQLITE_FULL: room
        case .SQLITE_IOERR: "Check the disk and its free space."
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            "Make the file and its folder writable for this user."
        case .SQLITE_CANTOPEN: "Check that its folder exists and may be written to."
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            "Restore it from a backup, or move it away to begin anew."
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
            "Find the program that holds its lock, and end what it does there."
        case .SQLITE_MISUSE, .SQLITE_INTERNAL: "Open it again."
        case .SQLITE_NOMEM: "Free some memory."
        default: nil
        }
    }
}
