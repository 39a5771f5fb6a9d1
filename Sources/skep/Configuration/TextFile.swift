import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads small text files that people write.
enum TextFile {
    /// 1 MiB: what is larger isn't a configuration.
    static let maxBytes = 1 << 20

    /// Why there is no text.
    enum Problem: Error, Hashable {
        /// What the system said.
        case unreadable(Int32)
        case tooLarge(limit: Int)
        case notUTF8

        /// As the end of a mistake's line.
        var message: String {
            switch self {
            case .unreadable(let code): "it can't be read: \(StateFolder.reason(code))"
            case .tooLarge(let limit): "it is larger than \(limit >> 20) MiB"
            case .notUTF8: "it isn't UTF-8 text"
            }
        }

        var sentence: String {
            switch self {
            case .unreadable(let code): StateFolder.reason(code) + "."
            case .tooLarge(let limit): "It is larger than \(limit >> 20) MiB."
            case .notUTF8: "It isn't UTF-8 text."
            }
        }
    }

    /// Reads a file as UTF-8; what is wrong with it goes into `mistakes`.
    static func read(_ path: String, source: String, into mistakes: SettingsMistakes) -> String? {
        do {
            return try read(path)
        } catch {
            mistakes.add(error.message, at: SettingsLocation(source: source))
            return nil
        }
    }

    static func read(_ path: String, maxBytes: Int = maxBytes) throws(Problem) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(errno) }
        defer { close(descriptor) }
        return try read(descriptor, maxBytes)
    }

    /// Standard input, to its end.
    static func readInput(maxBytes: Int) throws(Problem) -> String { try read(0, maxBytes) }

    /// Pipes give what they have, so this reads until there is no more.
    private static func read(_ descriptor: Int32, _ maxBytes: Int) throws(Problem) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &buffer, buffer.count)
            #else
                let count = Darwin.read(descriptor, &buffer, buffer.count)
            #endif
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(errno) }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= maxBytes else { throw .tooLarge(limit: maxBytes) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}
