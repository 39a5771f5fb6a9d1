import ArgumentParser
import SkepAgents
import SkepCore
import SkepQueue
import SkepStore
import SkepWire

struct RunLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print what the agents of a run said",
        discussion: """
            Control sequences are taken out, so that nothing an agent prints can take over the \
            terminal. With --json each piece is one line of JSON.

            Example: skep run log 88 --follow
            """)

    @Argument(help: "The run's number.")
    var runID: RunID
    @Flag(name: .shortAndLong, help: "Go on while the run does, and print what comes.")
    var follow = false
    @Option(help: ArgumentHelp("Only this session of the run.", valueName: "number"))
    var session: SessionID?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let state = try common.stateFolder()
        let store = SQLiteSwarmStore(try await state.openQueue())
        guard try await store.run(runID) != nil else { throw SwarmError.noSuchRun(runID) }
        let console = common.console()
        let clock = SystemClock()
        var printed: Set<SessionID> = []
        while true {
            // Asked before the sessions: one that opens afterwards is seen in the next turn.
            let isOver = try await store.run(runID)?.state.isClosed ?? true
            for record in try await sessions(store) where printed.insert(record.id).inserted {
                try await SessionPrinter(state: state, console: console).print(
                    record, waits: follow)
            }
            guard follow, !isOver, session == nil || printed.isEmpty else { break }
            try await clock.sleep(for: .milliseconds(250))
        }
        if printed.isEmpty { console.note("No agent has begun on run \(runID) yet.") }
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

/// Prints one session's output.
struct SessionPrinter {
    let state: StateFolder
    let console: Console

    /// - Parameter waits: Whether a session that lives is followed to its end.
    func print(_ record: SessionRecord, waits: Bool) async throws {
        if !console.isJSON {
            console.note(
                "--- session \(record.id), \(record.agent), attempt \(record.attempt): "
                    + (record.ending ?? "open"))
        }
        let host = SessionHost(folder: "\(state.sessions)/\(record.id)", program: "")
        var output = TerminalFilter()
        var errors = TerminalFilter()
        if waits {
            let tail = SpoolTail(host)
            while let entry = try await tail.next() {
                switch entry {
                case .chunk(let chunk, _): write(chunk, of: record, &output, &errors)
                case .broken(let why): console.remarks.line(PlainText.line(why))
                }
            }
        } else {
            var reader = SpoolReader(files: host.files)
            while true {
                let batch = try reader.next()
                for (chunk, _) in batch.chunks { write(chunk, of: record, &output, &errors) }
                if batch.chunks.isEmpty { break }
            }
        }
        if !console.isJSON {
            console.output.write(output.finish())
            console.remarks.write(errors.finish())
        }
    }

    private func write(
        _ chunk: Chunk, of record: SessionRecord, _ output: inout TerminalFilter,
        _ errors: inout TerminalFilter
    ) {
        let isOutput = chunk.stream == .output
        if console.isJSON {
            let text = isOutput ? output.clean(chunk.bytes) : errors.clean(chunk.bytes)
            let line = JSON.object([
                "session_id": .id(record.id),
                "at": .time(Timestamp(milliseconds: chunk.at.wallMS)),
                "stream": .text(isOutput ? "output" : "error"),
                "text": .text(text),
            ])
            console.output.line(line.line())
        } else if isOutput {
            console.output.write(output.clean(chunk.bytes))
        } else {
            console.remarks.write(errors.clean(chunk.bytes))
        }
    }
}
