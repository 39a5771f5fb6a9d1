import Foundation
import SkepAgents
import SkepCore
import SkepQueue
import Synchronization

/// A house and a workspace in one folder.
struct Stage: Sendable {
    let house: AgentHouse
    let workspace: Workspace

    init(folder: String, host: String) throws {
        for name in ["sessions", "operator", "tree", "output", "home"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        var environment = ["PATH": "/usr/bin:/bin"]
        for name in Self.secretNames {
            environment[name] = "sk-\(name.lowercased())-0123456789-abcdef"
        }
        house = AgentHouse(
            sessions: "\(folder)/sessions", host: host, environment: environment,
            operatorHome: "\(folder)/operator", allowsRoot: true)
        guard let repository = RepositoryName("owner/name"),
            let base = CommitID(rawValue: String(repeating: "a", count: 40))
        else { throw CancellationError() }
        workspace = Workspace(
            run: RunID(rawValue: 1), repository: repository, path: "\(folder)/tree",
            outputPath: "\(folder)/output", homePath: "\(folder)/home", base: base,
            branch: "bee/issue-1")
    }

    private static let secretNames = (1...20).map { "SECRET_\($0)" }

    /// An agent that is a shell script and prints JSON lines of type "text".
    ///
    /// - Parameters:
    ///   - secrets: How many it has, at most 20.
    ///   - sandbox: Its level, which must be had.
    func agent(_ script: String, secrets: Int = 0, sandbox: String = "none") throws -> any Agent {
        let place = SettingsLocation(source: "bench", line: 1)
        func node(_ value: SettingsNode.Value) -> SettingsNode { SettingsNode(value, at: place) }
        func map(_ pairs: [(String, SettingsNode.Value)]) -> SettingsNode.Value {
            .map(
                pairs.map {
                    SettingsNode.Entry(key: $0.0, keyLocation: place, value: node($0.1))
                })
        }
        let front = map([
            ("name", .text("bee")), ("adapter", .text("json-lines")),
            ("command", .list(["sh", "-c", script].map { node(.text($0)) })),
            ("sandbox", .text(sandbox)),
            ("secrets", map(Self.secretNames.prefix(secrets).map { ($0, .text("env")) })),
            ("limits", map([("output_mb", .integer(4096))])),
            (
                "events",
                map([
                    (
                        "message",
                        map([("when", map([("type", .text("text"))])), ("text", .text("text"))])
                    )
                ])
            ),
        ])
        let mistakes = SettingsMistakes()
        let agent = AgentCatalog(house).agent(node(front), instructions: "", mistakes: mistakes)
        try mistakes.check()
        guard let agent else { throw CancellationError() }
        return agent
    }

    func assignment(_ number: Int) throws -> Assignment {
        guard let issue = IssueReference("owner/name#1") else { throw CancellationError() }
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        return Assignment(
            session: SessionID(rawValue: Int64(number)), run: workspace.run,
            issue: Issue(
                reference: issue, title: "Title", body: "Body", isOpen: true, labels: [],
                assignees: [], author: "author", isPullRequest: false, createdAt: now,
                updatedAt: now, url: "http://localhost/"),
            prompt: "Do it.", ending: { .stop })
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}

/// Looks at this process's own memory five times a second, in a thread of its own.
final class MemoryWatch: Sendable {
    private let peak = Mutex(0.0)

    init() {
        Thread.detachNewThread { [weak self] in
            while let watch = self {
                let now = Self.privateMegabytes
                watch.peak.withLock { $0 = max($0, now) }
                usleep(200_000)
            }
        }
    }

    var peakMegabytes: Double { max(peak.withLock { $0 }, Self.privateMegabytes) }

    /// What the process has written: `Private_Dirty` of its mappings.
    private static var privateMegabytes: Double {
        guard let text = try? String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8)
        else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix("Private_Dirty:") }
        let number = line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (number ?? 0) / 1024
    }
}
