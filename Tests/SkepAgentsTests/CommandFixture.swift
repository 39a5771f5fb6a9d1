import SkepCore
import SkepQueue
import SkepWire

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A house with a workspace in it, and agents read from the keys of their files.
struct CommandFixture {
    let folder = TemporaryFolder()
    var house: AgentHouse
    let workspace: Workspace

    init(
        environment: [String: String] = ["PATH": "/usr/bin:/bin"], grace: Duration = .seconds(2)
    ) throws {
        house = AgentHouse(
            sessions: folder.make("sessions"), host: HostFixture.program,
            environment: environment, operatorHome: folder.make("operator"), allowsRoot: true,
            grace: grace)
        guard let repository = RepositoryName("owner/name"),
            let base = CommitID(rawValue: String(repeating: "a", count: 40))
        else { throw UnexpectedState(what: "no names") }
        workspace = Workspace(
            run: RunID(rawValue: 88), repository: repository, path: folder.make("tree"),
            outputPath: folder.make("output"), homePath: folder.make("home"), base: base,
            branch: "agent/issue-1")
    }

    /// Reads an agent as from its file.
    func agent(
        _ keys: [(String, SettingsNode.Value)], instructions: String = ""
    ) throws -> any Agent {
        let mistakes = SettingsMistakes()
        let common: [(String, SettingsNode.Value)] = [
            ("name", .text("bee")), ("adapter", .text("command")),
        ]
        let given = Set(keys.map(\.0))
        let front = SettingsNode(
            Self.map(common.filter { !given.contains($0.0) } + keys), at: Self.place)
        let agent = AgentCatalog(house).agent(front, instructions: instructions, mistakes: mistakes)
        try mistakes.check()
        guard let agent else { throw UnexpectedState(what: "no agent and no mistake") }
        return agent
    }

    /// An agent that is a shell script.
    func agent(script: String, _ further: [(String, SettingsNode.Value)] = []) throws -> any Agent {
        try agent([("command", Self.list(["sh", "-c", script]))] + further)
    }

    func assignment(
        prompt: String = "Do it.", body: String = "The issue.", session: Int64 = 17
    ) throws -> Assignment {
        guard let issue = IssueReference("owner/name#1") else {
            throw UnexpectedState(what: "no issue")
        }
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        return Assignment(
            session: SessionID(rawValue: session), run: workspace.run,
            issue: Issue(
                reference: issue, title: "Title", body: body, isOpen: true, labels: [],
                assignees: [], author: "author", isPullRequest: false, createdAt: now,
                updatedAt: now, url: "http://localhost/"),
            prompt: prompt, ending: { .stop })
    }

    /// Puts one of the tests' programs where a sandbox shows it; answers with its path.
    func bring(_ program: String) throws -> String {
        let path = workspace.homePath + "/" + program
        guard let text = try Files.read(DialogueLog.fixtures + "/" + program) else {
            throw UnexpectedState(what: "no \(program)")
        }
        try Files.replace(path, with: text, mode: 0o644)
        return path
    }

    /// Has an agent do its work, and answers with what it printed.
    func run(
        _ agent: any Agent, _ assignment: Assignment? = nil
    ) async throws -> (result: SessionResult, output: String) {
        try await agent.withSession(assignment ?? self.assignment(), in: workspace) { session in
            var bytes: [UInt8] = []
            for try await event in session.events {
                if case .output(let more) = event.kind { bytes += more }
            }
            return (try await session.result(), String(decoding: bytes, as: UTF8.self))
        }
    }

    /// How many processes of a session that was started live on.
    func remains(of session: SessionID) throws -> Int {
        guard
            let request = try SessionHost(
                folder: "\(house.sessions)/\(session)", program: house.host
            ).request()
        else { throw UnexpectedState(what: "session \(session) was never started") }
        return SessionRemains.count(session: request.session)
    }

    private static let place = SettingsLocation(source: "bee.md", line: 1)

    static func list(_ texts: [String]) -> SettingsNode.Value {
        .list(texts.map { SettingsNode(.text($0), at: place) })
    }

    static func map(_ pairs: [(String, SettingsNode.Value)]) -> SettingsNode.Value {
        .map(
            pairs.map {
                SettingsNode.Entry(
                    key: $0.0, keyLocation: place, value: SettingsNode($0.1, at: place))
            })
    }
}

extension HostedAgent {
    /// The same, with less time to say nothing than its file could give it.
    func losingPatience(after silence: Duration) -> HostedAgent {
        var limits = definition.limits
        limits.silence = silence
        let impatient = AgentDefinition(
            name: definition.name, adapter: definition.adapter, home: definition.home,
            limits: limits, environment: definition.environment, secrets: definition.secrets,
            sandbox: definition.sandbox, permissions: definition.permissions,
            location: definition.location)
        return HostedAgent(impatient, adapter, house: house)
    }
}
