import Foundation
import Subprocess

/// Runs the `git` program, free of the operator's configuration and without questions asked.
///
/// The tracker never runs what a repository brings along: hooks, text converters and filters of
/// the operator are out of reach, since no configuration but the repository's own (which the
/// tracker writes) is read.
struct GitCommand: Sendable {
    struct Output: Sendable {
        let status: Int
        let bytes: [UInt8]
        let errors: String

        var isSuccess: Bool { status == 0 }
        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// The text without the line's end.
        var line: String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// Bytes of output that are kept. A command that prints more is an error.
    static let outputLimit = 64 << 20

    /// Whether there is a `git` to run.
    let isInstalled: Bool
    private let base: [String: String]

    /// Looks for `git` in PATH.
    static func find(
        in environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> GitCommand {
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let isInstalled = path.split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/git")
        }
        return GitCommand(isInstalled: isInstalled, path: path)
    }

    init(isInstalled: Bool, path: String) {
        self.isInstalled = isInstalled
        base = [
            "PATH": path, "HOME": "/nonexistent", "LC_ALL": "C", "TZ": "UTC",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true",
            "GIT_ALLOW_PROTOCOL": "file:http:https:ssh:git",
            // The repositories are the tracker's, whoever's user it runs as.
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        ]
    }

    /// The environment of a git process, with additions.
    func environment(adding extra: [String: String] = [:]) -> Environment {
        let all = base.merging(extra) { $1 }
        return .custom(
            Dictionary(uniqueKeysWithValues: all.map { (Environment.Key(stringLiteral: $0), $1) }))
    }

    /// Runs git and waits for its end. A status other than 0 is for the caller to judge.
    ///
    /// - Throws: `ForgeError.gitMissing` when there's no git; `CancellationError`.
    func run(
        _ arguments: [String], purpose: String, input: [UInt8] = [],
        environment extra: [String: String] = [:]
    ) async throws -> Output {
        guard isInstalled else { throw ForgeError.gitMissing(purpose: purpose) }
        let result = try await Subprocess.run(
            .name("git"), arguments: Arguments(arguments), environment: environment(adding: extra),
            input: .array(input), output: .bytes(limit: Self.outputLimit),
            error: .bytes(limit: 1 << 20))
        // A cancelled run returns as if git had ended by itself.
        try Task.checkCancellation()
        let status: Int =
            switch result.terminationStatus {
            case .exited(let code): Int(code)
            case .signaled(let signal): 128 + Int(signal)
            }
        return Output(
            status: status, bytes: result.standardOutput,
            errors: String(decoding: result.standardError, as: UTF8.self))
    }
}
