#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder of a test's own, removed with the value.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() {
        var name = Array("/tmp/skep-test-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { fatalError("Can't make a temporary folder.") }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = try? GitCommand.runSync("/bin/rm", ["-rf", path], in: "/", environment: [:]) }
}
