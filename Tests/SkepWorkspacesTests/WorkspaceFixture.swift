import Foundation
import Logging
import SkepCore
import SkepGit
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepWorkspaces

/// A remote with one commit, and workspaces over it.
struct WorkspaceFixture {
    let folder = TemporaryFolder()
    let origin: TestRepository
    let workspaces: LocalWorkspaces
    let name: RepositoryName
    let main: CommitID

    static let author = CommitAuthor(name: "claude", email: "claude@example.org")

    init() async throws {
        origin = try await TestRepository.makeBare(
            at: folder.path + "/origin.git",
            files: ["README": "Hello\n", "src/a": "a\n", ".gitignore": "build/\n"])
        let state = folder.path + "/state"
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true)
        workspaces = LocalWorkspaces(stateFolder: state, logger: Logger(label: "test"))
        name = try #require(RepositoryName("Ada/Engine"))
        main = try await workspaces.refresh(name, from: GitAccess(remote: origin.path)).commit
    }

    var access: GitAccess { GitAccess(remote: origin.path) }
    var mirror: TestRepository {
        TestRepository(path: folder.path + "/state/mirrors/ada/engine.git")
    }

    func request(
        run: Int64 = 88, base: CommitID? = nil, resumes: String? = nil, keepsIgnored: Bool = false
    ) -> WorkspaceRequest {
        WorkspaceRequest(
            run: RunID(rawValue: run), repository: name, base: base ?? main,
            branch: "claude/issue-1", author: Self.author, resumes: resumes,
            keepsIgnored: keepsIgnored)
    }

    /// Lets an agent do something in a workspace with the shell, and collects.
    func collect(after script: String, base: CommitID? = nil, attempt: Int = 1) async throws
        -> Collection
    {
        try await workspaces.withWorkspace(request(base: base)) { workspace in
            try await Self.run(script, in: workspace)
            return try await workspaces.collect(
                workspace, attempt: attempt, message: "Leftovers", author: Self.author)
        }
    }

    static func run(_ script: String, in workspace: Workspace) async throws {
        // As the agent: the island's own configuration says who commits.
        try await GitCommand.shell(
            "unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL; set -e\n"
                + script, in: workspace.path)
    }

    /// "<author> <subject>" of each commit above the base, oldest first.
    func log(_ head: CommitID?, base: CommitID? = nil) async throws -> [String] {
        let head = try #require(head)
        return try await mirror.git(
            "log", "--reverse", "--format=%an %s", "\(base ?? main)..\(head)"
        ).split(separator: "\n").map(String.init)
    }

    func files(_ commit: CommitID?) async throws -> [String] {
        let commit = try #require(commit)
        return try await mirror.git("ls-tree", "-r", "--name-only", commit.rawValue)
            .split(separator: "\n").map(String.init)
    }

    func references(_ pattern: String) async throws -> [String] {
        try await mirror.git("for-each-ref", "--format=%(refname)", pattern)
            .split(separator: "\n").map(String.init)
    }
}
