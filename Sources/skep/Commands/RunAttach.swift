import ArgumentParser
import SkepCore
import SkepQueue
import SkepStore
import Synchronization
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct RunAttach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Watch an agent at work, and talk to it",
        discussion: """
            Shows its last 200 lines and then what it says, each tool with its time, its plan, and \
            what it has used. A line that is typed is said to it, as by "skep run say". Ctrl-C ends \
            the view; the agent works on.

            Example: skep run attach 88
            """)

    @Argument(help: "The run's number.")
    var runID: RunID
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if common.json {
            throw ValidationError(
                "attach is for people; \"skep run log --events --follow --json\" is for programs")
        }
    }

    func run() async throws {
        let house = try House.read(common.layers())
        let run = try await OpenRun(runID, try await house.state.openQueue())
        let console = common.console()
        let session = try await run.begunSession(in: house.state, console)
        let agent = try house.driver(of: session)
        console.note(
            "Session \(session.id) of \(session.agent) on \(try await run.summary.run.issue).")
        if Self.isInputPiped {
            console.remarks.line(
                "What is piped in isn't said to it: \"skep run say \(runID) TEXT\" does that.")
        }
        try await AttachedView(session: session, agent: agent, console: console).run()
    }

    /// Whether there may be lines that nobody types.
    private static var isInputPiped: Bool {
        var status = stat()
        guard fstat(0, &status) == 0 else { return false }
        return [S_IFIFO, S_IFREG].contains(status.st_mode & S_IFMT)
    }
}

extension OpenRun {
    /// Its session, once that has a host.
    fileprivate func begunSession(in state: StateFolder, _ console: Console) async throws
        -> SessionRecord
    {
        var told: SessionID?
        while true {
            let session = try await runningSession()
            if try state.hasBegun(session) { return session }
            guard ServeLock.holder(state) != nil else {
                throw ProgramError(
                    .conflict, "Session \(session.id) hasn't begun yet.",
                    why: "No \"skep serve\" is running here.", advice: "Start it: skep serve")
            }
            if told != session.id { console.note("Session \(session.id) is about to begin.") }
            told = session.id
            try await SystemClock().sleep(for: .milliseconds(50))
        }
    }
}

/// A session as it goes on, on a terminal or as plain lines.
struct AttachedView {
    let session: SessionRecord
    let agent: any Agent
    let console: Console
    var clock: any Clock = SystemClock()

    private static let beat = Duration.milliseconds(50)

    /// What the reader has brought, and the view hasn't shown.
    private struct News: Sendable {
        var lines: EventLines
        var recent = RecentLines()
        /// How many there were.
        var events = 0
        var isOver = false
        var error: (any Error)?
    }

    func run() async throws {
        let screen = AttachScreen(output: console.output)
        let isLive = screen.isPossible
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let stop = StopFlag()
        let news = Mutex(News(lines: EventLines(on: console.output)))
        let begin = clock.now
        // Both ended below, with the view.
        let listening = Task { for await signal in signals { stop.set(signal) } }
        let reading = Task {
            do {
                for try await event in agent.events(of: session.id, waits: true) {
                    let areMany = news.withLock { news in
                        if event.at >= begin { news.recent.catchUp() }
                        news.recent.add(news.lines.take(event.kind))
                        news.events += 1
                        return news.recent.areMany
                    }
                    if areMany { try await clock.sleep(for: Self.beat) }
                }
                news.withLock { $0.isOver = true }
            } catch {
                news.withLock { ($0.isOver, $0.error) = (true, error) }
            }
        }
        defer {
            listening.cancel()
            reading.cancel()
        }
        if isLive { screen.open() }
        defer { screen.close() }

        var seen = 0
        while stop.signal == nil {
            let (fresh, new) = news.withLock { news in
                if news.isOver { news.recent.add(news.lines.finish()) }
                // What was there is read at once; what comes after it takes its time.
                if news.isOver || (news.events > 0 && news.events == seen) { news.recent.catchUp() }
                seen = news.events
                return (news, news.recent.take())
            }
            tell(new, isLive ? screen : nil)
            if fresh.isOver { return try end(fresh.error, screen) }
            if isLive {
                screen.show(status(fresh.lines), hint: "type to talk, Ctrl-C leaves")
                switch screen.keys() {
                case .none: break
                case .line(let text): await say(text, screen)
                case .end: return leave(screen)
                }
            }
            try await clock.sleep(for: Self.beat)
        }
        leave(screen)
        if stop.signal != .sigint, let signal = stop.signal { throw ExitCodes.ended(by: signal) }
    }

    private func tell(_ lines: [String], _ screen: AttachScreen?) {
        if let screen { return screen.print(lines) }
        for line in lines { console.output.line(line) }
    }

    /// "▸ make test · 12,300 tokens in, 840 out".
    private func status(_ lines: EventLines) -> String {
        let tool =
            lines.running.last.map { "▸ \($0.words)" } ?? (lines.rest.isEmpty ? nil : lines.rest)
        return [tool, lines.usage?.words].compactMap { $0 }.joined(separator: " · ")
    }

    private func say(_ text: String, _ screen: AttachScreen) async {
        do {
            try await agent.say(text, to: session.id)
        } catch {
            let error = Exit.described(error)
            screen.print(
                [error.what, error.why].compactMap { $0 }.map {
                    console.output.styled("! ", .red) + PlainText.line($0)
                })
        }
    }

    private func leave(_ screen: AttachScreen) {
        screen.close()
        console.remarks.line(
            "\(session.agent) works on; \"skep run attach \(session.run)\" comes back, "
                + "\"skep run stop \(session.run)\" stops it.")
    }

    private func end(_ error: (any Error)?, _ screen: AttachScreen) throws {
        screen.close()
        if let error { throw error }
        console.note(
            "Session \(session.id) is over; \"skep run show \(session.run)\" has the rest.")
    }
}
