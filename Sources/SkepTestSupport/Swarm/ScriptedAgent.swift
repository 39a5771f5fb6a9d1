internal import Foundation
public import SkepCore
public import SkepQueue
internal import Synchronization

/// An agent whose sessions end as the test says, when it says. A session outlives its worker.
public final class ScriptedAgent: Agent {
    public struct State: Sendable {
        /// Prompts of sessions that were started.
        public var prompts: [String] = []
        /// The vendors' sessions that its sessions went on with.
        public var resumes: [String?] = []
        /// Whether they may only look.
        public var areReadOnly: [Bool] = []
        /// What each session got of a set-up's secrets.
        public var secrets: [[String: String]] = []
        public var adoptions = 0
        public var running: Set<SessionID> = []
        /// How often whoever leads a session has looked at the time since it began.
        public var ticks: [SessionID: Int] = [:]
        public var stopped: [SessionID] = []
        /// What its sessions were told beside their prompts.
        public var said: [String] = []
        /// What they ended without having heard.
        var unheard: [SessionID: UnheardMail] = [:]
        /// What its sessions leave at `$SKEP_OUTPUT`, one after the other; `nil`: nothing.
        public var documents: [String?] = []
        /// What its next sessions tell while they run, one list after the other.
        public var events: [[SessionEvent.Kind]] = []
        /// What its next sessions end with beside their endings, one after the other.
        public var facts: [Facts] = []
        /// What each of its sessions has printed, in bytes.
        public var printed: Int64 = 0
        /// Its only one; `nil`: it has none.
        public var secret: String?
        /// Why it can't be had at the moment.
        var lock: (any Error)?
        var results: [SessionResult.Ending]
        var ended: [SessionID: SessionResult.Ending] = [:]
        var left: [SessionID: String] = [:]
        var told: [SessionID: [SessionEvent.Kind]] = [:]
        var factsOf: [SessionID: Facts] = [:]
    }

    /// How a session went.
    public struct Facts: Sendable {
        public var failure: AgentFailure?
        public var usage: Usage?
        public var start: SessionStart?
        public var question: String?

        public init(
            failure: AgentFailure? = nil, usage: Usage? = nil, start: SessionStart? = nil,
            question: String? = nil
        ) {
            self.failure = failure
            self.usage = usage
            self.start = start
            self.question = question
        }
    }

    public let definition: AgentDefinition
    private let state: Mutex<State>
    private let clock: any Clock

    /// - Parameter endings: How its sessions end, at once, one after the other. With none left a
    ///   session runs until `finish` or until it is stopped.
    public init(
        _ name: AgentName, login: LoginName? = nil, concurrency: Int = 1,
        endings: [SessionResult.Ending] = [], provider: ProviderAccount? = nil,
        limits: SessionLimits = SessionLimits(), budgets: Budgets = Budgets(), clock: any Clock
    ) {
        definition = AgentDefinition(
            name: name, adapter: "scripted", login: login, limits: limits,
            concurrency: concurrency, provider: provider, budgets: budgets,
            instructions: "Be good.", location: SettingsLocation(source: "test"))
        state = Mutex(State(results: endings))
        self.clock = clock
    }

    public var snapshot: State { state.withLock { $0 } }

    /// Lets its sessions have printed so much, in bytes.
    public func print(_ bytes: Int64) { state.withLock { $0.printed = bytes } }

    /// Gives it a secret.
    public func keep(_ secret: String) { state.withLock { $0.secret = secret } }

    /// Lets what keeps its secret fail with an error, or, with `nil`, no longer.
    public func lockSecret(_ error: (any Error)?) { state.withLock { $0.lock = error } }

    /// Lets its next sessions end well, each with what it leaves at `$SKEP_OUTPUT`.
    public func answer(with documents: [String?]) {
        state.withLock { state in
            state.documents += documents
            state.results += documents.map { _ in .exited(code: 0) }
        }
    }

    /// Lets its next session fail.
    public func fail(_ type: FailureType, resetsAt: Timestamp? = nil, vendorSession: String? = nil)
    {
        state.withLock { state in
            state.results.append(.exited(code: 1))
            state.facts.append(
                Facts(
                    failure: AgentFailure(type: type, message: "as scripted", resetsAt: resetsAt),
                    start: vendorSession.map { SessionStart(vendorSession: $0) }))
        }
    }

    /// Lets its next session tell something, and end well if nobody ends it for that.
    public func tell(_ events: [SessionEvent.Kind], facts: Facts = Facts()) {
        state.withLock { state in
            state.results.append(.exited(code: 0))
            state.events.append(events)
            state.facts.append(facts)
        }
    }

    /// Lets its next session tell something, and run on; whoever adopts it is told that again.
    public func begin(_ events: [SessionEvent.Kind]) {
        state.withLock { $0.events.append(events) }
    }

    /// Lets its session that runs not hear what it was told, or its prompt.
    public func miss(_ unheard: UnheardMail) {
        state.withLock { state in
            for session in state.running { state.unheard[session] = unheard }
        }
    }

    /// Ends all sessions that run.
    ///
    /// - Parameter document: What each leaves at `$SKEP_OUTPUT`.
    public func finish(
        _ ending: SessionResult.Ending = .exited(code: 0), document: String? = nil,
        facts: Facts = Facts()
    ) {
        state.withLock { state in
            for session in state.running {
                state.ended[session] = ending
                state.left[session] = document
                state.factsOf[session] = facts
            }
            state.running = []
        }
    }

    public func check() async throws {}

    public func withSession<R: Sendable>(
        _ assignment: Assignment, in workspace: Workspace,
        _ body: (any AgentSession) async throws -> R
    ) async throws -> R {
        let id = assignment.session
        let (isAdopted, events) = state.withLock { state -> (Bool, [SessionEvent.Kind]) in
            if state.running.contains(id) || state.ended[id] != nil {
                state.adoptions += 1
                return (true, state.told[id] ?? [])
            }
            state.prompts.append(
                assignment.resumes.flatMap { _ in assignment.resumePrompt } ?? assignment.prompt)
            state.resumes.append(assignment.resumes)
            state.areReadOnly.append(assignment.isReadOnly)
            state.secrets.append(assignment.secrets)
            if state.results.isEmpty {
                state.running.insert(id)
            } else {
                state.ended[id] = state.results.removeFirst()
                if !state.documents.isEmpty { state.left[id] = state.documents.removeFirst() }
                if !state.facts.isEmpty { state.factsOf[id] = state.facts.removeFirst() }
            }
            let events = state.events.isEmpty ? [] : state.events.removeFirst()
            state.told[id] = events
            return (false, events)
        }
        for event in events {
            let intervention = await assignment.watch(SessionEvent(at: clock.now, kind: event))
            guard let intervention else { continue }
            end(id, for: intervention)
            break
        }
        do {
            return try await body(
                ScriptedSession(
                    assignment: assignment, isAdopted: isAdopted,
                    output: workspace.outputPath + "/output.json",
                    agent: self, clock: clock))
        } catch {
            if assignment.ending() == .stop { end(id) }
            throw error
        }
    }

    public func events(of session: SessionID, waits: Bool)
        -> AsyncThrowingStream<SessionEvent, any Error>
    {
        AsyncThrowingStream { $0.finish() }
    }

    public func say(_ text: String, to session: SessionID) async throws {
        state.withLock { $0.said.append(text) }
    }

    public func unheard(in session: SessionID) async throws -> UnheardMail {
        snapshot.unheard[session] ?? UnheardMail()
    }

    public func stop(_ session: SessionID) async throws {
        if snapshot.running.contains(session) { end(session) }
    }

    public func secretScreen(with others: [String]) async throws -> SecretScreen {
        if let error = state.withLock({ $0.lock }) { throw error }
        let secrets = state.withLock { others + [$0.secret].compactMap(\.self) }
        guard !secrets.isEmpty else { return .none }
        return SecretScreen { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            return Array(
                secrets.reduce(text) { $0.replacingOccurrences(of: $1, with: "[secret]") }.utf8)
        }
    }

    fileprivate func end(_ session: SessionID, for intervention: Intervention? = nil) {
        state.withLock { state in
            state.running.remove(session)
            state.ended[session] = .stopped
            state.stopped.append(session)
            if let intervention {
                state.factsOf[session, default: Facts()].failure = intervention.failure
            }
        }
    }

    fileprivate func ticked(_ session: SessionID) {
        state.withLock { $0.ticks[session, default: 0] += 1 }
    }

    fileprivate var printed: Int64 { state.withLock { $0.printed } }

    fileprivate func ending(of session: SessionID) -> SessionResult.Ending? {
        state.withLock { $0.ended[session] }
    }

    fileprivate func facts(of session: SessionID) -> Facts {
        state.withLock { $0.factsOf[session] ?? Facts() }
    }

    fileprivate func document(of session: SessionID) -> String? {
        state.withLock { $0.left[session] }
    }
}

private struct ScriptedSession: AgentSession {
    let assignment: Assignment
    let isAdopted: Bool
    let output: String
    let agent: ScriptedAgent
    let clock: any Clock

    var events: AsyncThrowingStream<SessionEvent, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    func result() async throws -> SessionResult {
        let id = assignment.session
        while true {
            if let ending = agent.ending(of: id) {
                if let document = agent.document(of: id) {
                    try Data(document.utf8).write(to: URL(fileURLWithPath: output))
                }
                let facts = agent.facts(of: id)
                return SessionResult(
                    ending: ending, startedAt: clock.now, endedAt: clock.now,
                    outputBytes: ending == .lost ? 0 : max(5, agent.printed),
                    tail: "bye.", failure: facts.failure ?? AgentFailure(ending),
                    usage: facts.usage, start: facts.start, question: facts.question)
            }
            let intervention = await assignment.tick(agent.printed)
            agent.ticked(id)
            if let intervention { agent.end(id, for: intervention) }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

extension AgentFailure {
    /// What a program without words of its own fails with.
    fileprivate init?(_ ending: SessionResult.Ending) {
        let type: FailureType
        switch ending {
        case .exited(code: 0): return nil
        case .startFailed: type = .startFailed
        case .timedOut: type = .timedOut
        case .outputLimit: type = .outputLimit
        case .silent: type = .stalled
        case .stopped: type = .stopped
        case .lost: type = .lost
        case .exited, .signalled, .overLimit: type = .crashed
        }
        self.init(type: type, message: "\(ending)")
    }
}

/// Commands whose endings a test says; all pass when it says nothing.
public final class ScriptedCommands: Commands {
    /// What a command prints and writes.
    public struct Output: Sendable {
        public var text: String
        /// Into the working tree, by paths.
        public var files: [String: String]

        public init(_ text: String = "", files: [String: String] = [:]) {
            self.text = text
            self.files = files
        }
    }

    private struct State {
        var endings: [SessionResult.Ending]
        var lines: [String] = []
        var outputs: [Output] = []
    }

    private let state: Mutex<State>

    public init(endings: [SessionResult.Ending] = []) {
        state = Mutex(State(endings: endings))
    }

    public var lines: [String] { state.withLock { $0.lines } }

    /// What the next commands print and write, one after the other.
    public func print(_ outputs: [Output]) { state.withLock { $0.outputs += outputs } }

    public func run(
        _ commandLine: String, in workspace: Workspace, for lease: LeaseToken,
        environment: CommandEnvironment, limits: SessionLimits
    ) async throws -> CommandResult {
        let (ending, output) = state.withLock { state in
            state.lines.append(commandLine)
            return (
                state.endings.isEmpty ? .exited(code: 0) : state.endings.removeFirst(),
                state.outputs.isEmpty
                    ? Output("what \(commandLine) said") : state.outputs.removeFirst()
            )
        }
        for (path, text) in output.files {
            let file = URL(fileURLWithPath: workspace.path).appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return CommandResult(ending: ending, tail: output.text, duration: .milliseconds(7))
    }
}

/// Remembers which sessions it was asked to end.
public final class ScriptedReaper: SessionReaper {
    private let sessions = Mutex<[SessionID]>([])

    public init() {}

    public var ended: [SessionID] { sessions.withLock { $0 } }

    public func end(_ session: SessionID) async throws {
        sessions.withLock { $0.append(session) }
    }

    public func runsWithCommands() async throws -> Set<RunID> { [] }

    public func endCommands(of run: RunID) async throws {}
}
