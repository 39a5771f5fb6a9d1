/// The names of a session's files under its folder.
///
/// The host works with the folder as its current one and uses an empty path: a socket's name
/// must stay short, and the folder may be moved in a test.
public struct SessionFiles: Sendable, Hashable {
    public let folder: String

    /// - Parameter folder: Without a slash at the end; empty for the current folder.
    public init(_ folder: String) {
        self.folder = folder
    }

    public var launch: String { path("launch") }
    public var lock: String { path("lock") }
    public var host: String { path("host") }
    public var exit: String { path("exit") }
    public var control: String { path(Self.controlName) }

    public static let controlName = "control.sock"

    /// - Parameter number: From 1.
    public func segment(_ number: Int) -> String {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
        return path("spool-\(zeros)\(digits).seg")
    }

    private func path(_ name: String) -> String {
        folder.isEmpty ? name : folder + "/" + name
    }
}
