public import SkepCore
internal import SkepQueue

/// What every agent adapter does, written once and run for each.
///
/// ```swift
/// @Test(arguments: AgentConformance.cases)
/// func conforms(_ conformance: AgentConformance.Case) async throws {
///     try await conformance.run(AgentConformance.Subject(workspace: workspace) { script, limits in
///         try makeAgent(doing: script, limits)
///     })
/// }
/// ```
///
/// Each case needs a workspace, and a place for its sessions, of its own.
public enum AgentConformance {
    /// What is examined.
    public struct Subject: Sendable {
        let workspace: Workspace
        let makeAgent: @Sendable (String, SessionLimits) throws -> any Agent

        /// - Parameters:
        ///   - workspace: Its folders exist and are empty.
        ///   - makeAgent: Makes an agent whose program does what a shell script says. Agents made
        ///     by one subject share their sessions, as two workers of one machine do.
        public init(
            workspace: Workspace,
            makeAgent: @escaping @Sendable (String, SessionLimits) throws -> any Agent
        ) {
            self.workspace = workspace
            self.makeAgent = makeAgent
        }
    }

    public struct Case: Sendable, CustomStringConvertible {
        /// A sentence about behaviour.
        public let name: String
        let body: @Sendable (AgentFixture) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (AgentFixture) async throws -> Void) {
            self.name = name
            self.body = body
        }

        public var description: String { name }

        public func run(_ subject: Subject) async throws {
            try await body(AgentFixture(subject: subject))
        }
    }

    public static let cases: [Case] = working + leaving
}

/// What a conformance case works with, and what it says often.
struct AgentFixture: Sendable {
    let subject: AgentConformance.Subject
    let session: SessionID

    func agent(_ script: String, _ limits: SessionLimits = SessionLimits()) throws -> any Agent {
        try subject.makeAgent(script, limits)
    }

    func assignment(_ ending: SessionEnding = .stop) throws -> Assignment {
        guard let issue = IssueReference("owner/name#1") else { throw Unexpected("no issue") }
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        return Assignment(
            session: session, run: subject.workspace.run,
            issue: Issue(
                reference: issue, title: "Title", body: "Body", isOpen: true, labels: [],
                assignees: [], author: "author", isPullRequest: false, createdAt: now,
                updatedAt: now, url: "http://localhost/owner/name/issues/1"),
            prompt: "Do it.", ending: { ending })
    }

    /// Runs a script to its end and answers with how it ended and what it printed.
    func run(
        _ script: String, _ limits: SessionLimits = SessionLimits()
    ) async throws -> (result: SessionResult, output: String) {
        try await agent(script, limits).withSession(assignment(), in: subject.workspace) {
            let output = try await text(of: $0.events)
            return (try await $0.result(), output)
        }
    }

    /// What a session prints on standard output, until it ends or has printed something.
    func text(
        of events: AsyncThrowingStream<SessionEvent, any Error>, until end: String? = nil
    ) async throws -> String {
        var bytes: [UInt8] = []
        for try await event in events {
            guard case .output(let more) = event.kind else { continue }
            bytes += more
            if let end, String(decoding: bytes, as: UTF8.self).contains(end) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A loop that marks each turn in a file of the workspace's output folder.
    var beating: String {
        "echo up; while :; do echo x >> \(subject.workspace.outputPath)/beat; sleep 0.02; done"
    }

    /// Fails when the loop still runs: then it marks a turn within a second.
    func expectNoBeat() async throws {
        let count = "wc -c < \(subject.workspace.outputPath)/beat"
        let other = AgentFixture(
            subject: subject, session: SessionID(rawValue: session.rawValue + 1))
        let (_, output) = try await other.run("\(count); sleep 0.5; \(count)")
        let counts = output.split(separator: "\n")
        try expect(counts.count == 2 && counts[0] == counts[1], "no beat, not \(output)")
    }

    init(subject: AgentConformance.Subject, session: SessionID = SessionID(rawValue: 17)) {
        self.subject = subject
        self.session = session
    }
}
