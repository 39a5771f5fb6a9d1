import Foundation
@testable import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

/// Agents as they come from PyPI, and a model of ours for them, on loopback.
final class RealAgents: Sendable {
    let folder = TemporaryFolder()
    private let model: Process
    let address: String

    /// Where `Scripts/setup-peers` put them.
    static var programs: String {
        "\(#filePath)".split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
            + "/.build-peers/bin"
    }

    /// Where the tests must all be run, one that is missing fails them.
    static func has(_ program: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: programs + "/" + program)
            || ProcessInfo.processInfo.environment["CI"] != nil
    }

    init() async throws {
        model = Process()
        model.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        model.arguments = ["python3", DialogueLog.fixtures + "/counting_model.py", folder.path]
        try model.run()
        let path = folder.path + "/address"
        try await eventually("the model listens") {
            FileManager.default.fileExists(atPath: path)
        }
        address = try String(contentsOfFile: path, encoding: .utf8)
    }

    deinit {
        // Started by a thread of a pool, it may have inherited that SIGTERM is blocked.
        kill(model.processIdentifier, SIGKILL)
    }

    struct Count: Decodable, Equatable {
        var requests = 0
        var input: Int64 = 0
        var cached: Int64 = 0
        var output: Int64 = 0

        var usage: Usage { Usage(input: input, cachedInput: cached, output: output) }
    }

    /// What the model says that it was asked for, with tools to use.
    func count() throws -> Count {
        guard let data = FileManager.default.contents(atPath: folder.path + "/count") else {
            return Count()
        }
        return try JSONDecoder().decode(Count.self, from: data)
    }

    /// What the model was told last.
    var told: String {
        (try? String(contentsOfFile: folder.path + "/told", encoding: .utf8)) ?? ""
    }

    /// Lets the answers go on that wait.
    func letGo() { FileManager.default.createFile(atPath: folder.path + "/go", contents: nil) }

    /// - Parameter key: How the model treats it; see counting_model.py.
    func fixture(key: String = "key") throws -> CommandFixture {
        try CommandFixture(environment: [
            "PATH": Self.programs + ":/usr/local/bin:/usr/bin:/bin", "ANTHROPIC_API_KEY": key,
            "ANTHROPIC_BASE_URL": address, "CODEX_API_KEY": key, "XAI_API_KEY": key,
        ])
    }

    /// Keys, and what they come to; see counting_model.py.
    static let troubles: [(String, FailureType)] = [
        ("refused", .authentication), ("broken", .overload), ("limited", .rateLimit),
        ("spent", .quota),
    ]

    static let order = "Create the file NOTES.md with the line: Written for real."
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
