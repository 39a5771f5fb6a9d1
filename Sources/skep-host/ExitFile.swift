import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The exit record's file, whose room is taken beforehand: a full disk doesn't stop it.
final class ExitFile {
    private let files: SessionFiles
    private let draft: String
    private let file: Int32
    private static let room = 4096

    init(_ files: SessionFiles) throws {
        self.files = files
        draft = files.exit + ".new"
        file = open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw WireError.system(operation: "create", path: draft, errno: errno)
        }
        try Files.write([UInt8](repeating: 0, count: Self.room), to: file, path: draft)
        try Files.sync(file, path: draft)
    }

    /// Puts the record in its place. False: it isn't there, or may not survive a crash.
    func commit(_ record: ExitRecord) -> Bool {
        let bytes = record.encoded
        guard lseek(file, 0, SEEK_SET) == 0 else { return false }
        do {
            try Files.write(bytes, to: file, path: draft)
            guard ftruncate(file, off_t(bytes.count)) == 0 else { return false }
            try Files.sync(file, path: draft)
            try Files.rename(draft, to: files.exit)
            return true
        } catch {
            return false
        }
    }
}
