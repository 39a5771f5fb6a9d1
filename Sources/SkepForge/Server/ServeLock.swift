#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The lock that one server holds on a data folder, with its process written into it.
///
/// A lock of the kernel, so it is gone whenever its holder is. What the command line does needs
/// none: SQLite and git order those changes.
final class ServeLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `ForgeError.alreadyServed`, or `.unsuitableDatabase` for a folder that can't be
    ///   written.
    init(dataFolder: String) throws {
        let path = dataFolder + "/serve.lock"
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ForgeError.unsuitableDatabase(
                path: path, reason: String(cString: strerror(errno)) + ".")
        }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let process = Self.process(descriptor)
            close(descriptor)
            throw ForgeError.alreadyServed(folder: dataFolder, process: process)
        }
        self.descriptor = descriptor
        let line = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = line.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { close(descriptor) }

    private static func process(_ descriptor: Int32) -> Int32 {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return Int32(text.prefix { $0 != "\n" }) ?? 0
    }
}
