import ArgumentParser
import SkepAgents
import SkepCore
import SkepQueue
import SkepStore

struct RunLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print what the agents of a run said",
        discussion: """
            As the agents printed it, or with --events as their protocol means it: messages, tools, \
            plans, what they used, how they ended. A line stands before each session, but for one \
            that is named with --session. Control sequences are taken out, so that nothing an agent \
            prints can take over the terminal. With --json each piece or event is one line of JSON.

            Example: skep run log 88 --events --follow
            """)

    @Argument(help: "The run's number.")
    var runID: RunID
    @Flag(help: "Read it as the agent's protocol means it.")
    var events = false
    @Flag(name: .shortAndLong, help: "Go on while the run does, and print what comes.")
    var follow = false
    @Option(help: ArgumentHelp("Only this session of the run.", valueName: "number"))
    var session: SessionID?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let state = try common.stateFolder()
        let store = SQLiteSwarmStore(try await state.openQueue())
        guard try await store.run(runID) != nil else { throw SwarmError.noSuchRun(runID) }
        let house = events ? try House.read(common.layers()) : nil
        let console = common.console()
        let clock = SystemClock()
        var printer = SessionPrinter(state: state, console: console)
        var printed: Set<SessionID> = []
        var ended: Set<SessionID> = []
        var isFirstTurn = true
        while true {
            // Asked before the sessions: one that opens afterwards is seen in the next turn.
            let isOver = try await store.run(runID)?.state.isClosed ?? true
            for record in try await sessions(store) where try state.hasBegun(record) {
                if printed.insert(record.id).inserted {
                    if session == nil { printer.begin(record, isFirst: printed.count == 1) }
                    if let house {
                        try await printEvents(of: record, house.driver(of: record), console)
                    } else {
                        try await printer.print(record, waits: follow)
                    }
                }
                // Of one that was followed to its end this is known once it is settled.
                if record.endedAt != nil, ended.insert(record.id).inserted, events {
                    printEnd(of: record, console)
                }
            }
            if isFirstTurn, printed.isEmpty {
                console.note("No agent has begun on run \(runID) yet.")
            }
            isFirstTurn = false
            guard follow, !isOver, session == nil || (events ? ended : printed).isEmpty else {
                break
            }
            // Nobody settles it.
            if session != nil, !printed.isEmpty, ServeLock.holder(state) == nil { break }
            try await clock.sleep(for: .milliseconds(250))
        }
    }

    /// A session that runs is told to its end with `--follow`, and as far as it is now without.
    private func printEvents(
        of record: SessionRecord, _ agent: any Agent, _ console: Console
    ) async throws {
        var lines = EventLines(on: console.output)
        let isWhole = follow || record.endedAt != nil
        for try await event in agent.events(of: record.id, waits: isWhole) {
            if console.isJSON {
                console.output.line(event.json(of: record.id).line())
            } else {
                for line in lines.take(event.kind) { console.output.line(line) }
            }
        }
        if !console.isJSON {
            for line in lines.finish(isOver: isWhole) { console.output.line(line) }
        }
    }

    private func printEnd(of record: SessionRecord, _ console: Console) {
        if console.isJSON {
            console.output.line(record.endJSON.line())
        } else if let line = EventLines(on: console.output).ended(record) {
            console.output.line(line)
        }
    }

    private func sessions(_ store: SQLiteSwarmStore) async throws -> [SessionRecord] {
        let all = try await store.history(of: runID).sessions
        guard let session else { return all }
        guard all.contains(where: { $0.id == session }) else {
            let other = try await store.session(session)
            throw ProgramError(
                .conflict, "Run \(runID) has no session \(session).",
                why: other.map { "It belongs to run \($0.run)." },
                advice: "\"skep run show \(runID)\" lists those it has.")
        }
        return all.filter { $0.id == session }
    }
}

extension StateFolder {
    /// Whether a session has a log. Its row is there before its host is; until then it looks like
    /// one that is over.
    func hasBegun(_ session: SessionRecord) throws -> Bool {
        guard session.endedAt == nil else { return true }
        return try SessionHost(folder: "\(sessions)/\(session.id)", program: "").state()
            != .notStarted
    }
}

extension SessionRecord {
    /// What stands above its log.
    var heading: String { "--- session \(id), \(agent), attempt \(attempt): \(ending ?? "open")" }
}

extension House {
    /// The agent whose session it is, which knows how to read it.
    func driver(of session: SessionRecord) throws -> any Agent {
        try agent(session.agent, otherwise: "\"skep run log\" without --events needs no agent.")
    }

    func agent(_ name: AgentName, otherwise advice: String? = nil) throws -> any Agent {
        if let agent = agents.first(where: { $0.definition.name == name }) { return agent }
        let names = agents.map(\.definition.name.rawValue)
        let hint = nearest(to: name.rawValue, among: names).map { "Did you mean \"\($0)\"?" }
        let isBuiltIn = agentsFolder == "built in"
        let place = isBuiltIn ? "among those that are built in" : "in \(agentsFolder)"
        throw ProgramError(
            .conflict, "There is no agent \"\(name)\" \(place).",
            why: hint ?? (names.isEmpty ? nil : TimeText.thereAre(names)),
            advice: advice
                ?? (isBuiltIn
                    ? "Yours are files in a folder \"agents\" beside skep.yaml; there is none here."
                    : nil))
    }
}

/// Prints what sessions put out, one after the other.
struct SessionPrinter {
    let state: StateFolder
    let console: Console
    /// Where a line was begun, and hasn't ended.
    private var unfinished: Set<Int32> = []

    init(state: StateFolder, console: Console) {
        self.state = state
        self.console = console
    }

    /// Says which session comes now.
    mutating func begin(_ record: SessionRecord, isFirst: Bool) {
        guard !console.isJSON else { return }
        finishLine(on: console.output)
        finishLine(on: console.remarks)
        console.output.line((isFirst ? "" : "\n") + console.output.styled(record.heading, .bold))
    }

    /// - Parameter waits: Whether a session that lives is followed to its end.
    mutating func print(_ record: SessionRecord, waits: Bool) async throws {
        let host = SessionHost(folder: "\(state.sessions)/\(record.id)", program: "")
        var output = TerminalFilter()
        var errors = TerminalFilter()
        for try await event in host.output(waits: waits) {
            switch event.kind {
            case .output(let bytes): write(output.clean(bytes), "output", at: event.at, of: record)
            case .errorOutput(let bytes):
                write(errors.clean(bytes), "error", at: event.at, of: record)
            case .note(let text): write(PlainText.line(text) + "\n", to: console.remarks)
            // What it was told, and how it is shut in: `--events` shows that.
            default: break
            }
        }
        if !console.isJSON {
            write(output.finish(), to: console.output)
            write(errors.finish(), to: console.remarks)
        }
    }

    private mutating func write(
        _ text: String, _ stream: String, at time: Timestamp, of record: SessionRecord
    ) {
        guard console.isJSON else {
            return write(text, to: stream == "output" ? console.output : console.remarks)
        }
        let line = JSON.object([
            "session_id": .id(record.id), "at": .time(time), "stream": .text(stream),
            "text": .text(text),
        ])
        console.output.line(line.line())
    }

    /// A line of one stream isn't gone on with by the other, where both go to the same place.
    private mutating func write(_ text: String, to terminal: Terminal) {
        guard let last = text.unicodeScalars.last else { return }
        let other = terminal.descriptor == 1 ? console.remarks : console.output
        if terminal.goesWhere(other) { finishLine(on: other) }
        terminal.write(text)
        if last == "\n" {
            unfinished.remove(terminal.descriptor)
        } else {
            unfinished.insert(terminal.descriptor)
        }
    }

    private mutating func finishLine(on terminal: Terminal) {
        if unfinished.remove(terminal.descriptor) != nil { terminal.write("\n") }
    }
}
