import ArgumentParser
import SkepCore
import SkepQueue
import SkepStore

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Tell what happened, and with --follow what happens",
        discussion: """
            Each line is something that was asked for, begun, settled, published, reviewed, or went \
            wrong, with the time on this machine's clock. The newest 20,000 are kept.

            Example: skep events --follow --json | jq -r .text
            """)

    @Flag(name: .shortAndLong, help: "Go on as things happen, until stopped.")
    var follow = false
    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Begin with the newest so many; otherwise 20.", valueName: "count"))
    var limit: Int?
    @Option(help: ArgumentHelp("Begin after this event.", valueName: "number"))
    var after: Int64?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, !(0...20_000).contains(limit) {
            throw ValidationError("--limit must be 0 to 20000, not \(limit)")
        }
        if limit != nil, after != nil {
            throw ValidationError("--limit and --after exclude each other: both say where to begin")
        }
        if let after, after < 1 { throw ValidationError("--after must be the number of an event") }
    }

    func run() async throws {
        let store = SQLiteSwarmStore(try await common.stateFolder().openQueue())
        let console = common.console()
        let clock = SystemClock()
        var last = after.map(EventID.init(rawValue:))
        if last == nil {
            let limit = limit ?? 20
            let newest = try await store.lastEvents([], limit: max(limit, 1))
            let shown = Array(newest.prefix(limit).reversed())
            tell(shown, console, clock.now)
            last = newest.first?.id
            if shown.isEmpty, !follow { console.note("Nothing has happened yet.") }
        }
        repeat {
            let events = try await store.events(after: last, limit: 1000)
            tell(events, console, clock.now)
            last = events.last?.id ?? last
            if events.count == 1000 { continue }
            guard follow else { break }
            try await clock.sleep(for: .milliseconds(250))
        } while true
    }

    private func tell(_ events: [SwarmEvent], _ console: Console, _ now: Timestamp) {
        for event in events {
            console.output.line(
                console.isJSON
                    ? event.json.line() : event.sentence(on: console.output, now: now))
        }
    }
}

extension SwarmEvent {
    /// The fields of an event, as docs/json-output.md lists them.
    var json: JSON {
        .object([
            "id": .id(id),
            "at": .time(at),
            "kind": .name(kind),
            "issue": .optional(issue?.description),
            "run_id": .id(run),
            "agent": .name(agent),
            "text": .text(text),
        ])
    }

    /// "14:03:22  closed         ann/larder#3 claude run 5  published: pull request #9", with the day
    /// before it when that isn't today.
    func sentence(on terminal: Terminal, now: Timestamp, local: LocalTime = LocalTime()) -> String {
        let day = local.day(at) == local.day(now) ? "" : local.day(at) + " "
        let place = [issue?.description, agent?.rawValue, run.map { "run \($0)" }]
            .compactMap { $0 }.joined(separator: " ")
        let word = TextWidth.pad(kind.rawValue.split(separator: "_").joined(separator: " "), to: 13)
        let styled = kind == .trouble ? terminal.styled(word, .red) : word
        let rest = [place, text].filter { !$0.isEmpty }.map(PlainText.line)
        return "\(day)\(local.second(at))  \(styled)  " + rest.joined(separator: "  ")
    }
}
