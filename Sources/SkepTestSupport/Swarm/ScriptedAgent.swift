internal import Foundation
public import SkepCore
public import SkepQueue
internal import Synchronization

/// An agent whose sessions end as the test says, when it says. A session outlives its worker.
public final class ScriptedAgent: Agent {
    public struct State: Sendable {
        /// Prompts of sessions that were started.
        public var prompts: [String] = []
        public var adoptions = 0
        public var running: Set<SessionID> = []
        public var stopped: [SessionID] = []
        /// What its sessions were told beside their prompts.
        public var said: [String] = []
        /// What its sessions leave at `$SKEP_OUTPUT`, one after the other; `nil`: nothing.
        public var documents: [String?] = []
        var results: [SessionResult.Ending]
        var ended: [SessionID: SessionResult.Ending] = [:]
        var left: [SessionID: String] = [:]
    }

    public let definition: AgentDefinition
    private let state: Mutex<State>
    private let clock: any Clock

    /// - Parameter endings: How its sessions end, at once, one after the other. With none left a
    ///   session runs until `finish` or until it is stopped.
    public init(
        _ name: AgentName, login: LoginName? = nil, concurrency: Int = 1,
        endings: [SessionResult.Ending] = [], clock: any Clock
    ) {
        definition = AgentDefinition(
            name: name, adapter: "scripted", login: login, concurrency: concurrency,
            instructions: "Be good.", location: SettingsLocation(source: "test"))
        state = Mutex(State(results: endings))
        self.clock = clock
    }

    public var snapshot: State { state.withLock { $0 } }

    /// Lets its next sessions end well, each with what it leaves at `$SKEP_OUTPUT`.
    public func answer(with documents: [String?]) {
        state.withLock { state in
            state.documents += documents
            state.results += documents.map { _ in .exited(code: 0) }
        }
    }

    /// Ends all sessions that run.
    ///
    /// - Parameter document: What each leaves at `$SKEP_OUTPUT`.
    public func finish(
        _ ending: SessionResult.Ending = .exited(code: 0), document: String? = nil
    ) {
        state.withLock { state in
            for session in state.running {
                state.ended[session] = ending
                state.left[session] = document
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
        let isAdopted = state.withLock { state in
            if state.running.contains(id) || state.ended[id] != nil {
                state.adoptions += 1
                return true
            }
            state.prompts.append(assignment.prompt)
            if state.results.isEmpty {
                state.running.insert(id)
            } else {
                state.ended[id] = state.results.removeFirst()
                if !state.documents.isEmpty { state.left[id] = state.documents.removeFirst() }
            }
            return false
        }
        do {
            return try await body(
                ScriptedSession(
                    id: id, isAdopted: isAdopted, output: workspace.outputPath + "/output.json",
                    agent: self, clock: clock))
        } catch {
            if assignment.ending() == .stop {
                state.withLock { state in
                    state.running.remove(id)
                    state.ended[id] = .stopped
                    state.stopped.append(id)
                }
            }
            throw error
        }
    }

    public func events(of session: SessionID) -> AsyncThrowingStream<SessionEvent, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    public func say(_ text: String, to session: SessionID) async throws {
        state.withLock { $0.said.append(text) }
    }

    fileprivate func ending(of session: SessionID) -> SessionResult.Ending? {
        state.withLock { $0.ended[session] }
    }

    fileprivate func document(of session: SessionID) -> String? {
        state.withLock { $0.left[session] }
    }
}

private struct ScriptedSession: AgentSession {
    let id: SessionID
    let isAdopted: Bool
    let output: String
    let agent: ScriptedAgent
    let clock: any Clock

    var events: AsyncThrowingStream<SessionEvent, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    func result() async throws -> SessionResult {
        while true {
            if let ending = agent.ending(of: id) {
                if let document = agent.document(of: id) {
                    try Data(document.utf8).write(to: URL(fileURLWithPath: output))
                }
                return SessionResult(
                    ending: ending, startedAt: clock.now, endedAt: clock.now, outputBytes: 5,
                    tail: "bye.")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
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
        environment: [String], limits: SessionLimits
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
