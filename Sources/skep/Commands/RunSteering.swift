import ArgumentParser
import SkepAgents
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite
import SkepStore

/// A run that is open, and what steers it.
struct OpenRun {
    let id: RunID
    let queue: SQLiteQueueStore
    let store: SQLiteSwarmStore

    /// - Throws: `SwarmError.noSuchRun`, and `ProgramError` when it is closed.
    init(_ id: RunID, _ queue: SQLiteQueueStore) async throws {
        self.id = id
        self.queue = queue
        store = SQLiteSwarmStore(queue)
        let summary = try await summary
        guard summary.state.isClosed else { return }
        throw ProgramError(
            .conflict, "Run \(id) is over: \(summary.state.words(SystemClock().now)).",
            advice: "\"skep dispatch \(summary.run.issue)\" begins a new one.")
    }

    var summary: RunSummary {
        get async throws {
            guard let summary = try await store.run(id) else { throw SwarmError.noSuchRun(id) }
            return summary
        }
    }

    /// Its session that isn't settled.
    var session: SessionRecord? {
        get async throws {
            try await store.history(of: id).sessions.last { $0.endedAt == nil }
        }
    }

    /// - Throws: `ProgramError` when no agent is at work on it.
    func runningSession() async throws -> SessionRecord {
        if let session = try await session { return session }
        let summary = try await summary
        if case .working(let step) = summary.state {
            throw ProgramError(
                .conflict, "No agent is at work on run \(id) at the moment.",
                why: "Step \(step) is at work without one: it begins or ends.",
                advice:
                    "Try again in a moment. \"skep status\" says what keeps it, if the disk is full."
            )
        }
        throw ProgramError(
            .conflict, "No agent is at work on run \(id).",
            why: "It is \(summary.state.words(SystemClock().now)).",
            advice: "\"skep why \(summary.run.issue)\" says what it needs.")
    }

    /// Writes down who did something with it.
    func note(_ what: String, _ surroundings: Surroundings) async throws {
        let run = try await summary.run
        let who =
            surroundings.environment["USER"].flatMap { $0.isEmpty ? nil : $0 }
            ?? SystemUser.with(surroundings.userID)?.name
        try await store.record(
            NewSwarmEvent(
                .command, issue: run.issue, run: run.id, agent: run.agent,
                text: "run \(id) was \(what) by \(who ?? "user \(surroundings.userID)")"))
    }
}

struct RunSay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "say", abstract: "Tell an agent something while it works",
        discussion: """
            It stands in the session's log when this returns. Claude Code hears it while it works, agents \
            of the Agent Client Protocol when their turn ends; where the session ends before that, the \
            next one is told. Agents that only read a prompt can't be told more.

            Example: skep run say 88 "The parser is in lib/, not in src/."
            """)

    @Argument(help: "The run's number.")
    var runID: RunID
    @Argument(help: "What it is told.")
    var text: String
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("there is nothing to say in \"\(text)\"")
        }
    }

    func run() async throws {
        let house = try House.read(common.layers())
        let run = try await OpenRun(runID, try await house.state.openQueue())
        let session = try await run.runningSession()
        try await house.agent(session.agent).say(text, to: session.id)
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "run_id": .id(runID), "session_id": .id(session.id), "outcome": .text("said"),
                ]))
        }
        console.say(
            "Said to \(session.agent), session \(session.id). It hears it as soon as its protocol "
                + "allows; if the session ends before that, the next one is told.")
    }
}

extension CommonOptions {
    /// Steers runs one after the other; what can't be done about one doesn't keep the others from it.
    ///
    /// - Parameter steer: Answers with what was done, a word.
    fileprivate func forEachOpenRun(
        _ runs: [RunID], _ steer: (OpenRun, House, Console) async throws -> String
    ) async throws {
        let house = try House.read(layers())
        let queue = try await house.state.openQueue()
        let console = console()
        var results = EachResult<RunID>()
        for id in runs {
            await results.take(id) { try await steer(OpenRun(id, queue), house, console) }
        }
        try results.finish(on: console, idKey: "run_id") { .id($0) }
    }
}

struct RunStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop the agents of runs, and keep the runs open",
        discussion: """
            The agent is asked to break off, in its protocol where that has a word for it; then the \
            session is ended, softly. What it made is saved, and the run waits until \
            "skep run resume". To give a run up, use "skep run cancel".

            Example: skep run stop 88
            """)

    @Argument(help: "The runs' numbers.")
    var runs: [RunID]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.forEachOpenRun(runs) { run, house, console in
            let wasAtWork = try await stop(run, house)
            try await run.note("stopped", house.surroundings)
            let isServed = !wasAtWork || ServeLock.holder(house.state) != nil
            console.say(
                "Run \(run.id) is \(wasAtWork ? "stopped" : "held"); "
                    + "\"skep run resume \(run.id)\" lets it go on."
                    + (isServed ? "" : " What it made is saved once \"skep serve\" runs."))
            return wasAtWork ? "stopped" : "held"
        }
    }

    /// - Returns: Whether an agent was at work.
    private func stop(_ run: OpenRun, _ house: House) async throws -> Bool {
        switch try await run.store.stop(run.id) {
        case .atWork(let session):
            let agent = try await run.store.session(session)?.agent
            if let agent = house.agents.first(where: { $0.definition.name == agent }) {
                try await agent.stop(session)
            } else {
                // Its file is gone, and with it its words.
                try await HostedSessionReaper(house.agentHouse).end(session)
            }
            return true
        case .held: return false
        case .nothingToStop:
            throw ProgramError(
                .conflict, "There is nothing to stop about run \(run.id).",
                why: "It is \(try await run.summary.state.words(SystemClock().now)).",
                advice: "\"skep run cancel \(run.id)\" gives it up.")
        }
    }
}

struct RunResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let runs go on at once that are stopped or wait",
        discussion: """
            A stopped agent goes on in its working tree as it left it: with its own session, where it \
            can; otherwise it is told its task again, and that it had begun. A run that waits for \
            its agent's provider account, or to be tried again, waits no longer.

            Example: skep run resume 88
            """)

    @Argument(help: "The runs' numbers.")
    var runs: [RunID]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.forEachOpenRun(runs) { run, house, console in
            let summary = try await run.summary
            var hasWaited = false
            // Whoever has a run go on by hand says that its account works again.
            if case .waiting = summary.state, let id = summary.job,
                let job = try await run.queue.job(id)
            {
                // Then that lets it go, or its time has come.
                hasWaited = job.state == .scheduled
                try await house.liftAccount(of: job, in: run.store, console)
            }
            let wasLetGo = try await run.store.goOn(run.id)
            guard wasLetGo || hasWaited else {
                throw ProgramError(
                    .conflict, "Run \(run.id) isn't stopped.",
                    why: "It is \(summary.state.words(SystemClock().now)).",
                    advice: "\"skep why \(summary.run.issue)\" says what it needs.")
            }
            try await run.note("let go on", house.surroundings)
            console.say("Run \(run.id) goes on.")
            return "resumed"
        }
    }
}

extension House {
    /// Whoever has a job go on by hand says that its agent's provider account works again.
    func liftAccount(of job: Job, in store: some AccountStore, _ console: Console) async throws {
        guard
            let agent = agents.map(\.definition).first(where: {
                $0.concurrencyKey == job.concurrencyKey
            })
        else { return }
        try await liftAccount(agent.provider, in: store, console)
    }

    /// Has a provider account wait no more.
    ///
    /// - Returns: Whether it was parked.
    @discardableResult
    func liftAccount(
        _ account: ProviderAccount, in store: some AccountStore, _ console: Console
    ) async throws -> Bool {
        let hold = try await store.accountHolds().first { $0.account == account }
        guard let hold else { return false }
        // Also where its time is over: what waits needn't wait for one to try it.
        try await store.lift(account)
        guard hold.isInForce(at: SystemClock().now) else { return false }
        console.say("Account \(account.rawValue) isn't parked any more; its work goes on.")
        return true
    }
}
