import SkepAgents
import SkepCore
import SkepQueue

@testable import skep

/// What agents and their sessions look like, for golden files.
extension Samples {
    static let claude = AgentDefinition(
        name: "claude", adapter: "claude-code", login: "claude",
        home: AgentDefinition.Home(links: [".claude.json"]), concurrency: 2,
        secrets: [
            "ANTHROPIC_API_KEY": .environment("ANTHROPIC_API_KEY"),
            "OTHER_KEY": .file("/etc/skep/other"),
        ], sandbox: SandboxPolicy(level: .isolated, isRequired: true),
        provider: ProviderAccount(rawValue: "claude-max"),
        budgets: Budgets(
            day: Budget(money: Money(microdollars: 5_000_000), time: .seconds(7200))),
        skills: ["git"],
        location: SettingsLocation(source: "agents/claude.md", line: 1))
    static let grok = AgentDefinition(
        name: "grok", adapter: "acp", location: SettingsLocation(source: "agents/grok.md", line: 1))
    static let aider = AgentDefinition(
        name: "aider", adapter: "command",
        location: SettingsLocation(source: "agents/aider.md", line: 1))

    static let sandbox = SandboxReport(
        level: .workspaceWrite, measures: ["mount namespace", "landlock 7"],
        missing: ["network namespace: not permitted"])

    static let quota = AgentFailure(
        type: .quota, message: "You've hit your limit · resets 4pm",
        evidence: [
            FailureEvidence(
                rule: "claude/usage-limit@1", source: "problem",
                text: "You've hit your limit \u{1B}[1m· resets 4pm")
        ], resetsAt: goldenNow + .seconds(6400))

    static let usage = Usage(
        input: 12_300, cachedInput: 9000, output: 840, cost: Money(microdollars: 41_950))

    static let atWork = AgentsAtWork(
        sessions: ["grok": 1],
        holds: [
            AccountHold(
                account: claude.provider, type: .quota, until: goldenNow + .seconds(6400),
                since: ago(300), failures: 1, message: quota.message, evidence: quota.evidence)
        ],
        today: [
            "claude": UsageSum(
                usage: usage, time: .seconds(5400), outputBytes: 5 << 20, sessions: 3,
                sessionsWithoutCost: 1),
            "grok": UsageSum(usage: Usage(input: 2000, output: 100), sessions: 1),
        ], places: [grok.provider: 2])

    static let agents = [
        listed(aider, problem: "there is no program \"aider\" in PATH"), listed(claude),
        listed(grok),
    ]

    static func listed(_ definition: AgentDefinition, problem: String? = nil) -> ListedAgent {
        ListedAgent(
            definition, atWork, sandbox: sandbox, problem: problem, local: LocalTime(named: "UTC"))
    }

    static let sessionEvents: [SessionEvent.Kind] = [
        .sandbox(sandbox), .told("Resolve issue #12.\nIt stalls."),
        .began(SessionStart(vendorSession: "5e1f", model: "sonnet", version: "2.1")),
        .reasoning(MessagePiece(id: "r1", text: "Look at the loop\nfirst.")),
        .message(MessagePiece(id: "m1", text: "I look at ", isPartial: true)),
        .message(MessagePiece(id: "m1", text: "the code.\u{1B}[2J", isPartial: false)),
        .plan([
            PlanEntry(text: "Read", status: .completed),
            PlanEntry(text: "Mend", status: .inProgress), PlanEntry(text: "Test", status: .pending),
        ]),
        .tool(ToolCall(id: "t1", title: "Bash", purpose: .execute, input: "make test")),
        .tool(
            ToolCall(
                id: "t1", title: "Bash", purpose: .execute, input: "make test", output: "ok",
                status: .completed, duration: .seconds(3))),
        .tool(
            ToolCall(
                id: "t2", title: "Fetch", purpose: .fetch, input: "https://example.org",
                status: .failed, duration: .milliseconds(20))),
        .change(FileChange(path: "Sources/Engine.swift", kind: .modified)),
        .permission(
            PermissionDecision(
                subject: "Fetch", purpose: .fetch, answer: .refused, reason: "policy: fetch")),
        .waiting(AgentWait(type: .overload, text: "529", length: .seconds(8))),
        .problem(AgentTrouble(text: "It hiccupped", code: "500")),
        .question("Which of the two?"), .usage(usage), .output(Array("noise\n".utf8)),
        .errorOutput(Array("warning: old\n".utf8)),
        .note("its worker is new"), .turnEnded(.limit),
        .tool(ToolCall(id: "t3", title: "Bash", purpose: .execute, input: "sleep 60")),
    ]

    static let trial: TrialReport = {
        var report = TrialReport(agent: grok)
        report.program = "/usr/bin/grok"
        report.version = "0.2.111"
        report.hasDialogue = true
        report.firstWord = .milliseconds(640)
        report.usage = usage
        report.start = SessionStart(vendorSession: "g-1", model: "grok-5")
        report.sandbox = sandbox
        report.failure = quota
        report.add("program", .ok, "/usr/bin/grok, 0.2.111")
        report.add("file", .fail, "there is no HELLO.md", duration: .seconds(2))
        report.add("usage", .no, "it doesn't say")
        report.add("resume", .skipped, "not tried")
        report.folder = "/var/tmp/skep-agent-test-1"
        return report
    }()
}

/// An agent of which everything is known, and which does nothing.
struct KnownAgent: InspectableAgent {
    let definition: AgentDefinition
    var programName: String { "claude" }
    var programPath: String? { "/usr/bin/claude" }
    var logins: [(path: String, isThere: Bool)] { [("~/.claude.json", false)] }

    func version() async -> String? { "2.1.330" }
    func hasSecret(_ name: String) async -> Bool { name == "ANTHROPIC_API_KEY" }
    func sandbox() async -> SandboxReport? { Samples.sandbox }
    func looseBudgets(_ prices: PriceTable) -> String? { nil }
    func check() async throws {}
    func withSession<R: Sendable>(
        _ assignment: Assignment, in workspace: Workspace,
        _ body: (any AgentSession) async throws -> R
    ) async throws -> R { throw CancellationError() }
    func events(of session: SessionID, waits: Bool)
        -> AsyncThrowingStream<SessionEvent, any Error>
    {
        AsyncThrowingStream { $0.finish() }
    }
    func say(_ text: String, to session: SessionID) async throws {}
    func unheard(in session: SessionID) async throws -> UnheardMail { UnheardMail() }
    func stop(_ session: SessionID) async throws {}
    func secretScreen(with others: [String]) async throws -> SecretScreen {
        SecretScreen { $0 }
    }
}
