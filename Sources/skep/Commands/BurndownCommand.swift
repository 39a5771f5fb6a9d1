import ArgumentParser
import SkepCore
import SkepEngine
import SkepQueue
import SkepStore

/// `skep burndown …`: works a backlog off.
struct BurndownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burndown", abstract: "Work a backlog off, with a plan and a report",
        discussion: """
            Plans which open issues are worked on, in which order and by whom, and has "skep serve" \
            do it until the plan is done or the window closes. It ends with a report. \
            "skep burndown list", "show" and "stop" look after it.

            Example: skep burndown --label ready --until 06:00 --max-issues 20 --dry-run
            """,
        subcommands: [
            BurndownStart.self, BurndownList.self, BurndownShow.self, BurndownStop.self,
        ], defaultSubcommand: BurndownStart.self)
}

struct BurndownList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List burn-downs, the newest first",
        discussion: "Example: skep burndown list")

    @OptionGroup var list: ListOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = SQLiteSwarmStore(try await common.stateFolder().openQueue())
        let now = SystemClock().now
        common.console(quiet: list.quiet).show(
            try await store.burndowns(openOnly: false, limit: list.limit), id: { "\($0.id)" },
            json: \.json, table: { $0.table(now) },
            none: "There was none yet. \"skep burndown --dry-run\" shows what one would do.")
    }
}

struct BurndownShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a burn-down's plan and, when it has ended, its report",
        discussion: "Example: skep burndown show 3")

    @Argument(help: "Its number; otherwise the newest.")
    var id: Int64?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = SQLiteSwarmStore(try await common.stateFolder().openQueue())
        var wanted = id.map(BurndownID.init(rawValue:))
        if wanted == nil { wanted = try await store.burndowns(openOnly: false, limit: 1).first?.id }
        guard let wanted, let (burndown, items) = try await store.burndown(wanted) else {
            throw wanted.map { BurndownError.noSuchBurndown($0) as any SkepError }
                ?? ProgramError(
                    .conflict, "There was no burn-down yet.",
                    advice: "\"skep burndown --dry-run\" shows what one would do.")
        }
        let report = try await store.reportText(of: wanted)
        let console = common.console()
        if console.isJSON { return console.show(burndown.detailedJSON(items, report: report)) }
        burndown.show(on: console, now: SystemClock().now)
        console.heading("Plan")
        console.show(items.table(hasEnded: burndown.state == .ended))
        if let report {
            console.heading("Report")
            console.output.write(PlainText.lines(report) + "\n")
        }
    }
}

struct BurndownStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Begin nothing more of a burn-down, and end it",
        discussion: """
            What runs is finished first; with --now it is stopped, and what it made is kept.

            Example: skep burndown stop 3 --now
            """)

    @Argument(help: "Its number.")
    var id: Int64
    @Flag(help: "Stop what runs, too.")
    var now = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let desk = try await Desk(common)
        let id = BurndownID(rawValue: id)
        try await Burndowns(desk.parts).close(
            id, because: "stopped by \"skep burndown stop\"", stoppingRuns: now)
        let console = common.console()
        if console.isJSON, let (burndown, items) = try await desk.parts.store.burndown(id) {
            return console.show(burndown.detailedJSON(items, report: nil))
        }
        console.say("Burn-down \(id) begins nothing more, and ends with its report.")
        desk.remindToServe(console)
    }
}
