/// A repository made with the `git` program.
public struct TestRepository: Sendable {
    public let path: String

    /// One that is there.
    public init(path: String) { self.path = path }

    /// A repository with a working tree, on branch "main", without a commit.
    public static func make(at path: String) async throws -> TestRepository {
        try await GitCommand.run("init", "-q", "-b", "main", path, in: "/")
        return TestRepository(path: path)
    }

    /// A bare repository, as a server has it, with one commit on "main".
    public static func makeBare(
        at path: String, files: [String: String] = ["README": "Hello\n"]
    ) async throws -> TestRepository {
        let work = try await make(at: path + ".work")
        try await work.commit("First", files: files)
        try await GitCommand.run("clone", "-q", "--bare", work.path, path, in: "/")
        try await GitCommand.run("config", "http.receivepack", "true", in: path)
        return TestRepository(path: path)
    }

    @discardableResult
    public func git(_ arguments: String...) async throws -> String {
        try await GitCommand.shell(
            "git " + arguments.map { Self.quoted($0) }.joined(separator: " "), in: path)
    }

    @discardableResult
    public func shell(_ line: String) async throws -> String {
        try await GitCommand.shell(line, in: path)
    }

    /// Writes files and commits everything; gives the commit.
    @discardableResult
    public func commit(_ message: String, files: [String: String] = [:]) async throws -> String {
        for (name, content) in files {
            try await shell(
                "mkdir -p \"$(dirname \(Self.quoted(name)))\""
                    + " && printf '%s' \(Self.quoted(content)) > \(Self.quoted(name))")
        }
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", message)
        return try await head()
    }

    /// Adds a commit to a bare repository's branch, as somebody else would.
    @discardableResult
    public func commitElsewhere(
        _ message: String, files: [String: String], branch: String = "main"
    ) async throws -> String {
        let folder = TemporaryFolder()
        let clone = TestRepository(path: folder.path + "/clone")
        try await GitCommand.run("clone", "-q", path, clone.path, in: "/")
        try await clone.git("checkout", "-q", "-B", branch)
        let id = try await clone.commit(message, files: files)
        try await clone.git("push", "-q", "-f", "origin", branch)
        return id
    }

    public func head(_ name: String = "HEAD") async throws -> String {
        try await git("rev-parse", name)
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
