import SkepAgents
import SkepCore
import SkepQueue
import Subprocess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A temporary folder in which an agent is tried: a repository to work in, and where its sessions
/// are kept.
struct TrialFolder: Sendable {
    let path: String
    private let user: AgentUser?

    var repository: String { path + "/work" }
    var home: String { path + "/home" }
    var output: String { path + "/output" }
    /// Anybody may write here, so only a sandbox keeps an agent out.
    var outside: String { path + "/outside" }
    static func sessions(in path: String) -> String { path + "/sessions" }

    /// Makes a new one, where the agents' user can get to as well.
    static func make() throws -> String {
        var template = Array("/var/tmp/skep-agent-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ProgramError(
                .unavailable, "Can't make a folder in /var/tmp.",
                why: StateFolder.reason(errno) + ".")
        }
        return template.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    /// - Parameters:
    ///   - path: From `make`.
    ///   - user: Who agents run as; `nil`: whoever runs Skep.
    init(_ path: String, user: AgentUser?) throws {
        self.path = path
        self.user = user
        chmod(path, user == nil ? 0o700 : 0o711)
        try folder(TrialFolder.sessions(in: path), mode: 0o711, isAgents: false)
        try folder(repository, mode: 0o700)
        try folder(home, mode: 0o700)
        try folder(output, mode: 0o700)
        try folder(outside, mode: 0o777)
    }

    private func folder(_ path: String, mode: mode_t, isAgents: Bool = true) throws {
        guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else {
            throw ProgramError(
                .unavailable, "Can't make the folder \"\(path)\".",
                why: StateFolder.reason(errno) + ".")
        }
        if let user, isAgents { chown(path, user.uid, user.gid) }
    }

    /// Makes the repository with one commit, and lends it as a workspace.
    func workspace() async throws -> Workspace {
        let script = """
            cd "$0" && git init -q -b main && printf '# A place to try an agent\\n' >README.md \
            && git add README.md && git commit -q -m 'Begin' && git rev-parse HEAD
            """
        var options = PlatformOptions()
        if let user {
            options.userID = user.uid
            options.groupID = user.gid
            options.supplementaryGroups = []
        }
        let result = try? await run(
            .name("sh"), arguments: ["-c", script, repository],
            environment: .inherit.updating([
                "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Skep",
                "GIT_AUTHOR_EMAIL": "skep@localhost", "GIT_COMMITTER_NAME": "Skep",
                "GIT_COMMITTER_EMAIL": "skep@localhost",
            ]), platformOptions: options, input: .none, output: .string(limit: 4096),
            error: .string(limit: 4096))
        guard let result, result.terminationStatus.isSuccess,
            let base = CommitID(
                rawValue: String(result.standardOutput.prefix { !$0.isNewline })),
            let name = RepositoryName("skep/agent-test")
        else {
            throw ProgramError(
                .configuration, "Can't make a repository to try the agent in.",
                why: result.map { String($0.standardError.prefix { !$0.isNewline }) },
                advice: "Install git.")
        }
        return Workspace(
            run: RunID(rawValue: 1), repository: name, path: repository, outputPath: output,
            homePath: home, base: base, branch: BranchName(rawValue: "main"))
    }

    /// What stands in a file of the repository; `nil` when there is none.
    func text(of file: String) -> String? {
        FileManager.default.contents(atPath: repository + "/" + file)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
