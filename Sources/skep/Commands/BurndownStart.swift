public import ArgumentParser
public import SkepCore
import SkepEngine
import SkepQueue

struct BurndownStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Plan a burn-down and begin it",
        discussion: """
            Times without a day are the next of that time on this machine's clock.

            Example: skep burndown --label ready --agents claude,codex --until 06:00
            """)

    @Option(help: ArgumentHelp("Only issues with all of these labels.", valueName: "label"))
    var label: [String] = []
    @Option(help: ArgumentHelp("Begin nothing after this time of day.", valueName: "hh:mm"))
    var until: String?
    @Option(help: ArgumentHelp("Work on at most so many issues.", valueName: "count"))
    var maxIssues: Int?
    @Option(
        help: ArgumentHelp(
            "Begin nothing after so many minutes of agents' time, all together.",
            valueName: "minutes"))
    var maxMinutes: Int?
    @Option(
        help: ArgumentHelp(
            "The agents that take turns, with commas between them; otherwise the workflow's default.",
            valueName: "agents"))
    var agents: String?
    @Option(help: ArgumentHelp("How many issues are worked on at once.", valueName: "count"))
    var concurrency: Int?
    @Option(
        help: ArgumentHelp(
            "What becomes of work that runs when the time is up: finish or stop.",
            valueName: "way"))
    var atEnd = BurndownSettings.AtEnd.finish
    @Option(
        help: ArgumentHelp(
            "Where the report goes beside its file: issue, file, or the number of an issue.",
            valueName: "where"))
    var report = "issue"
    @Option(help: ArgumentHelp("The workflow; otherwise the first one.", valueName: "name"))
    var workflow: String?
    @Option(
        help: ArgumentHelp(
            "Only these repositories, with commas between them; otherwise all.",
            valueName: "repositories"))
    var repositories: String?
    @Flag(help: "Print the plan, and begin nothing.")
    var dryRun = false
    @Flag(help: "End when it has ended, and print its report.")
    var wait = false
    @Flag(name: .shortAndLong, help: "Print its number only; with --dry-run the issues.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        for (name, value) in [
            ("--max-issues", maxIssues), ("--max-minutes", maxMinutes),
            ("--concurrency", concurrency),
        ] where (value ?? 1) < 1 {
            throw ValidationError("\(name) must be at least 1, not \(value ?? 0)")
        }
        if let until { _ = try TimeOfDay(until) }
        _ = try CommandLists.words(agents, of: "--agents")
        for name in try CommandLists.words(repositories, of: "--repositories")
        where RepositoryName(name) == nil {
            throw ValidationError("\"\(name)\" isn't of the form owner/name")
        }
        if dryRun, wait { throw ValidationError("--dry-run begins nothing to --wait for") }
        if quiet, wait { throw ValidationError("--wait prints a report, which --quiet leaves out") }
    }

    func run() async throws {
        let console = common.console(quiet: quiet)
        let desk = try await Desk(common, quiet: quiet)
        let settings = try settings(desk.house)
        let burndowns = Burndowns(desk.parts)
        if dryRun {
            let plan = try await burndowns.dryRun(settings)
            console.show(
                plan.filter { !quiet || $0.decision != .skipped }, id: { $0.issue.description },
                json: \.json, table: { $0.table() }, none: "")
            return
        }
        let now = SystemClock().now
        let end = try until.flatMap { try TimeOfDay($0).next(after: now) }
        let id = try await burndowns.start(
            settings, until: end, cause: "command:\(now.milliseconds)")
        if quiet { return console.output.line("\(id)") }
        guard let (burndown, items) = try await desk.parts.store.burndown(id) else { return }
        if console.isJSON {
            if wait { return try await follow(id, desk, console) }
            return console.show(burndown.detailedJSON(items, report: nil))
        }
        begin(burndown, items, wait ? console.remarks : console.output, now)
        desk.remindToServe(console)
        if wait { try await follow(id, desk, console) }
    }

    private func settings(_ house: House) throws -> BurndownSettings {
        let configuration = house.configuration
        let named = try CommandLists.words(repositories, of: "--repositories")
            .compactMap { RepositoryName($0) }
        try named.forEach(configuration.requireRepository)
        try house.requireSteps(in: workflow)
        let reportTo: BurndownSettings.ReportTo =
            switch report {
            case "issue": .issue
            case "file": .file
            default: .comment(try reportIssue(configuration))
            }
        return BurndownSettings(
            workflow: workflow.map(WorkflowName.init(rawValue:)), repositories: named,
            labels: label,
            agents: try CommandLists.words(agents, of: "--agents")
                .map(AgentName.init(rawValue:)),
            maxIssues: maxIssues, maxMinutes: maxMinutes, concurrency: concurrency, atEnd: atEnd,
            reportTo: reportTo)
    }

    private func reportIssue(_ configuration: Configuration) throws -> IssueReference {
        do {
            let issue = try IssueArgument(configuration).parse(report)
            try configuration.requireRepository(of: issue)
            return issue
        } catch let error as UsageError {
            throw UsageError(
                "The report can't go to \"\(report)\".",
                why: [error.what, error.why].compactMap { $0 }.joined(separator: " "),
                advice: "--report takes \"issue\", \"file\", or an issue such as owner/name#12.")
        }
    }

    /// How many of the plan's lines are shown when it begins.
    private static let shownLines = 10

    private func begin(
        _ burndown: Burndown, _ items: [BurndownItem], _ terminal: Terminal, _ now: Timestamp
    ) {
        let planned = items.filter { $0.decision != .skipped }
        let end = burndown.until.map {
            ", until \(LocalTime().brief($0, at: now)), \(TimeText.relative($0, to: now))"
        }
        terminal.line(
            "Burn-down \(burndown.id) begins: \(Phrase.count(planned.count, "issue")) planned, "
                + "\(items.count - planned.count) skipped\(end ?? "").\n")
        let lines = Array(planned.prefix(Self.shownLines)).table().lines(width: terminal.width) {
            terminal.styled($0, .bold)
        }
        for line in lines { terminal.line(line) }
        let hidden = items.count - min(planned.count, Self.shownLines)
        let rest = hidden > 0 ? "… and \(hidden) more: " : ""
        terminal.line("\(rest)\"skep burndown show \(burndown.id)\" has the whole plan.")
    }

    private func follow(_ id: BurndownID, _ desk: Desk, _ console: Console) async throws {
        let clock = SystemClock()
        while let (burndown, items) = try await desk.parts.store.burndown(id) {
            if burndown.state == .ended {
                let report = try await desk.parts.store.reportText(of: id)
                if console.isJSON {
                    return console.show(burndown.detailedJSON(items, report: report))
                }
                return console.output.write(PlainText.lines(report ?? "") + "\n")
            }
            try await clock.sleep(for: .milliseconds(500))
        }
    }
}

extension BurndownSettings.AtEnd: ExpressibleByArgument {}
