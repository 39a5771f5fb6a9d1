import Foundation
import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

/// An agent as it comes from PyPI.
enum RealAgent: String, CaseIterable, CustomTestStringConvertible {
    case claude, codex, grok

    var testDescription: String { rawValue }

    /// Where `Scripts/setup-peers` puts them.
    static var programs: String {
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
            + "/.build-peers/bin"
    }

    /// Those to test here. Where all tests must be run, one that is missing fails them.
    static let possible = allCases.filter {
        ProcessInfo.processInfo.environment["CI"] != nil
            || FileManager.default.isExecutableFile(atPath: programs + "/" + $0.rawValue)
    }

    /// The keys of its file, which lead it to a model.
    private func keys(_ model: RealModel) -> [(String, SettingsNode.Value)] {
        switch self {
        case .claude:
            [
                ("adapter", .text("claude-code")), ("model", .text("scripted")),
                ("environment", CommandFixture.list(["PATH", "ANTHROPIC_BASE_URL"])),
                ("secrets", CommandFixture.map([("ANTHROPIC_API_KEY", .text("env"))])),
                (
                    "variables",
                    CommandFixture.map([
                        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", .text("1")),
                        ("CLAUDE_CODE_MAX_RETRIES", .text("1")),
                    ])
                ),
            ]
        case .codex:
            [
                ("adapter", .text("codex")), ("model", .text("scripted")),
                ("secrets", CommandFixture.map([("CODEX_API_KEY", .text("env"))])),
                (
                    "arguments",
                    CommandFixture.list(
                        [
                            "model_provider=here", "model_providers.here.name=here",
                            "model_providers.here.base_url=\"\(model.address)/v1\"",
                            "model_providers.here.env_key=CODEX_API_KEY",
                            "model_providers.here.wire_api=responses",
                            // Once each, and at once.
                            "model_providers.here.request_max_retries=0",
                            "model_providers.here.stream_max_retries=0",
                        ].flatMap { ["-c", $0] })
                ),
            ]
        case .grok:
            [
                ("adapter", .text("acp")),
                ("command", CommandFixture.list(["grok", "agent", "--no-leader", "stdio"])),
                ("secrets", CommandFixture.map([("XAI_API_KEY", .text("env"))])),
                (
                    "home",
                    CommandFixture.map([
                        ("mode", .text("own")),
                        ("link", CommandFixture.list([".grok/config.toml"])),
                    ])
                ),
            ]
        }
    }

    /// Files of the operator's home that its keys link.
    private func files(_ model: RealModel, key: String) -> [String: String] {
        guard self == .grok else { return [:] }
        return [
            ".grok/config.toml": """
            [models]
            default = "scripted"
            [model.scripted]
            model = "scripted"
            name = "scripted"
            base_url = "\(model.address)/v1"
            api_key = "\(key)"
            api_backend = "chat_completions"
            context_window = 128000
            """
        ]
    }

    /// The agent, and a workspace for it.
    ///
    /// - Parameters:
    ///   - key: How its model treats it; see counting_model.py.
    ///   - further: Keys of its file.
    func settle(
        _ model: RealModel, key: String = "key", grace: Duration = .seconds(2),
        _ further: [(String, SettingsNode.Value)] = []
    ) throws -> (any Agent, CommandFixture) {
        let key = "not-a-secret-" + key
        let fixture = try CommandFixture(
            environment: [
                "PATH": Self.programs + ":/usr/local/bin:/usr/bin:/bin", "ANTHROPIC_API_KEY": key,
                "ANTHROPIC_BASE_URL": model.address, "CODEX_API_KEY": key, "XAI_API_KEY": key,
            ], grace: grace)
        for (path, text) in files(model, key: key) {
            let file = URL(fileURLWithPath: fixture.house.operatorHome + "/" + path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return (try fixture.agent(keys(model) + further), fixture)
    }

    /// The same, which loses patience after some silent seconds.
    func settleImpatiently(
        _ model: RealModel, key: String, after silence: Duration
    ) throws -> (any Agent, CommandFixture) {
        let (agent, fixture) = try settle(model, key: key)
        let impatient: (any Agent)? =
            switch agent {
            case let agent as HostedAgent<ClaudeCodeAdapter>: agent.losingPatience(after: silence)
            case let agent as HostedAgent<CodexAdapter>: agent.losingPatience(after: silence)
            case let agent as HostedAgent<ACPAdapter>: agent.losingPatience(after: silence)
            default: nil
            }
        guard let impatient else { throw UnexpectedState(what: "an adapter of another kind") }
        return (impatient, fixture)
    }
}

/// A model of ours for them, on loopback.
final class RealModel: Sendable {
    let folder = TemporaryFolder()
    private let process: Process
    let address: String

    init() async throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", DialogueLog.fixtures + "/counting_model.py", folder.path]
        try process.run()
        let path = folder.path + "/address"
        try await eventually("the model listens") {
            FileManager.default.fileExists(atPath: path)
        }
        address = try String(contentsOfFile: path, encoding: .utf8)
    }

    deinit {
        // Started by a thread of a pool, it may have inherited that SIGTERM is blocked.
        kill(process.processIdentifier, SIGKILL)
    }

    struct Count: Decodable, Equatable {
        var requests = 0
        var input: Int64 = 0
        var cached: Int64 = 0
        var output: Int64 = 0

        var usage: Usage { Usage(input: input, cachedInput: cached, output: output) }
    }

    /// What it says that it was asked for, with tools to use.
    func count() throws -> Count {
        guard let data = FileManager.default.contents(atPath: folder.path + "/count") else {
            return Count()
        }
        return try JSONDecoder().decode(Count.self, from: data)
    }

    /// What it was told last.
    var told: String {
        (try? String(contentsOfFile: folder.path + "/told", encoding: .utf8)) ?? ""
    }

    /// Lets the answers go on that wait.
    func letGo() {
        _ = FileManager.default.createFile(atPath: folder.path + "/go", contents: nil)
    }
}

extension CommandFixture {
    /// Has an agent do its work, and answers with all that it told.
    func follow(
        _ agent: any Agent, _ assignment: Assignment
    ) async throws -> (result: SessionResult, events: [SessionEvent.Kind]) {
        try await agent.withSession(assignment, in: workspace) { session in
            var events: [SessionEvent.Kind] = []
            for try await event in session.events { events.append(event.kind) }
            return (try await session.result(), events)
        }
    }

    func notes() throws -> String {
        try String(contentsOfFile: workspace.path + "/NOTES.md", encoding: .utf8)
    }
}
