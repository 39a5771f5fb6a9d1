import ArgumentParser
import SkepCore
import SkepQueue
import SkepStore

/// `skep run …`: what was and is being worked on.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Look at runs, follow and steer their agents, cancel them",
        discussion: "Example: skep run show 88",
        subcommands: [
            RunList.self, RunShow.self, RunLog.self, RunAttach.self, RunSay.self, RunStop.self,
            RunResume.self, RunCancel.self,
        ])
}

struct RunList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List runs, the newest first",
        discussion: "Example: skep run list --open --agent claude")

    @OptionGroup var list: ListOptions
    @Flag(help: "Only runs that aren't closed.")
    var open = false
    @Option(help: ArgumentHelp("Only runs over this issue: owner/name#12.", valueName: "issue"))
    var issue: String?
    @Option(help: ArgumentHelp("Only runs of this agent.", valueName: "name"))
    var agent: String?
    @Option(help: ArgumentHelp("Only runs in this repository.", valueName: "owner/name"))
    var repository: RepositoryName?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let filter = RunFilter(
            issue: try issue.map { try IssueArgument.parse($0, from: common.layers()) },
            repository: repository,
            agent: agent.map(AgentName.init(rawValue:)), openOnly: open, limit: list.limit)
        let store = SQLiteSwarmStore(try await common.stateFolder().openQueue())
        let runs = try await store.runs(matching: filter)
        let now = SystemClock().now
        common.console(quiet: list.quiet).show(
            runs, id: { "\($0.run.id)" }, json: \.json, table: { $0.table(now) },
            none: "There are no such runs.")
    }
}

struct RunShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a run with its attempts, sessions and reports",
        discussion: "Example: skep run show 88 --json")

    @Argument(help: "The run's number.")
    var runID: RunID
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let state = try common.stateFolder()
        let store = SQLiteSwarmStore(try await state.openQueue())
        guard let summary = try await store.run(runID) else { throw SwarmError.noSuchRun(runID) }
        let console = common.console()
        let mirrors = Assembly.mirrors(state, logger: StderrLog.remarks(on: console))
        // A repository that can't be read says so where it is what was asked for.
        let kept = (try? await mirrors.kept(of: runID, in: summary.run.issue.repository)) ?? []
        let details = RunDetails(
            summary: summary, history: try await store.history(of: runID),
            kept: kept.filter { $0.commit != summary.run.head })
        if console.isJSON { return console.show(details.json) }
        details.show(on: console, now: SystemClock().now)
    }
}

struct RunCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel runs; agents that work on them are stopped",
        discussion: """
            What was committed is kept in Skep's copy of the repository.

            Example: skep run cancel 88 --reason "done by hand"
            """)

    @Argument(help: "The runs' numbers.")
    var runs: [RunID]
    @Option(help: ArgumentHelp("Why; stands in the report on the issue.", valueName: "text"))
    var reason = "cancelled by hand"
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = SQLiteSwarmStore(try await common.stateFolder().openQueue())
        let console = common.console()
        var results = EachResult<RunID>()
        for run in runs {
            await results.take(run) {
                let answer = try await store.cancel(run, reason: reason)
                console.say(answer.sentence(about: "Run \(run)"))
                return answer.word
            }
        }
        try results.finish(on: console, idKey: "run_id") { .id($0) }
    }
}
