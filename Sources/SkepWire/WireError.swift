/// Why a session's files can't be read or written.
public enum WireError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A system call failed on a file.
    case system(operation: String, path: String, errno: Int32)
    /// Written by a version of Skep that this one doesn't know.
    case unknownVersion(Int, path: String)
    /// The bytes aren't what was once written.
    case damaged(String)
    case missingField(String)

    public var description: String {
        switch self {
        case .system(let operation, let path, let number):
            "Can't \(operation) \"\(path)\": \(describe(errno: number))."
        case .unknownVersion(let version, let path):
            "\"\(path)\" has format \(version); this program reads "
                + "\(WireFormat.oldestReadable) to \(WireFormat.version)."
        case .damaged(let what):
            "\"\(what)\" is damaged: a checksum doesn't fit, or its end is missing."
        case .missingField(let key):
            "A record lacks \"\(key)\"."
        }
    }

    public var errno: Int32? {
        if case .system(_, _, let number) = self { number } else { nil }
    }
}
