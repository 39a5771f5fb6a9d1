#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's words for an error number.
public func describe(errno number: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    _ = buffer.withUnsafeMutableBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { strerror_r(number, $0.baseAddress!, $0.count) }
    }
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
}

/// Whole files, read and written so that a crash leaves the old one or the new one.
public enum Files {
    /// A file's bytes; `nil` when there is no such file.
    public static func read(_ path: String) throws(WireError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(operation: "open", path: path, errno: errno)
        }
        defer { close(file) }
        return try readAll(file, from: 0, path: path)
    }

    /// Everything from an offset to the end as it is now.
    public static func readAll(
        _ file: Int32, from start: Int, path: String
    ) throws(WireError) -> [UInt8] {
        try read(file, from: start, atMost: .max, path: path)
    }

    /// Up to `limit` bytes from an offset; fewer only at the end.
    public static func read(
        _ file: Int32, from start: Int, atMost limit: Int, path: String
    ) throws(WireError) -> [UInt8] {
        var status = stat()
        guard fstat(file, &status) == 0 else {
            throw .system(operation: "look at", path: path, errno: errno)
        }
        let wanted = min(max(Int(status.st_size) - start, 0), limit)
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted {
                let got = pread(
                    file, buffer.baseAddress! + count, wanted - count, off_t(start + count))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                count += got
            }
        }
        guard failure == 0 else { throw .system(operation: "read", path: path, errno: failure) }
        return bytes
    }

    /// Writes all bytes at the descriptor's position.
    public static func write(
        _ bytes: UnsafeRawBufferPointer, to file: Int32, path: String
    ) throws(WireError) {
        var done = 0
        while done < bytes.count {
            #if canImport(Glibc)
                let put = Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
            #else
                let put = Darwin.write(file, bytes.baseAddress! + done, bytes.count - done)
            #endif
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw .system(operation: "write", path: path, errno: errno) }
            done += put
        }
    }

    public static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(WireError) {
        // A closure's thrown type is lost in `withUnsafeBytes`.
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(WireError) in try write(buffer, to: file, path: path) }
        }
        try result.get()
    }

    /// Puts a file there, or replaces it: under another name first, synced, then renamed.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt16 = 0o600
    ) throws(WireError) {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(mode))
        guard file >= 0 else { throw .system(operation: "create", path: draft, errno: errno) }
        do {
            defer { close(file) }
            try write(bytes, to: file, path: draft)
            try sync(file, path: draft)
        }
        try rename(draft, to: path)
    }

    /// Renames durably.
    public static func rename(_ draft: String, to path: String) throws(WireError) {
        #if canImport(Glibc)
            let result = Glibc.rename(draft, path)
        #else
            let result = Darwin.rename(draft, path)
        #endif
        guard result == 0 else { throw .system(operation: "create", path: path, errno: errno) }
        let slash = path.lastIndex(of: "/")
        try syncFolder(slash.map { String(path[..<$0]) } ?? ".")
    }

    public static func sync(_ file: Int32, path: String) throws(WireError) {
        guard fsync(file) == 0 else {
            throw .system(operation: "sync", path: path, errno: errno)
        }
    }

    /// Makes new names in a folder durable.
    public static func syncFolder(_ path: String) throws(WireError) {
        let folder = open(path.isEmpty ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(operation: "open", path: path, errno: errno) }
        defer { close(folder) }
        try sync(folder, path: path)
    }
}
