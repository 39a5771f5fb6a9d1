import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite

struct QueueList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List jobs, the newest first",
        discussion: "Example: skep queue list --only ready --queue steps")

    @OptionGroup var list: ListOptions
    // "--state" is the state folder everywhere.
    @Option(help: ArgumentHelp("Only jobs in this state; may be given again.", valueName: "state"))
    var only: [Job.State] = []
    @Flag(help: "Only jobs that are held.")
    var held = false
    @OptionGroup var conditions: JobConditions
    @Option(
        help: ArgumentHelp("Only jobs with a smaller number, for the next page.", valueName: "job"))
    var before: JobID?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let jobs = try await store.jobs(
            matching: try await conditions.filter(
                in: store, states: only.isEmpty ? nil : Set(only), isHeld: held ? true : nil,
                limit: list.limit, before: before))
        try await jobs.show(from: store, on: common.console(quiet: list.quiet), [ListedJob].table)
    }
}

struct QueueDead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "List jobs that have failed for good, with their last failure",
        discussion: """
            "skep queue retry" makes them ready again, singly or by the same conditions.

            Example: skep queue dead --failure timed_out
            """)

    @OptionGroup var list: ListOptions
    @OptionGroup var conditions: JobConditions
    @Option(
        help: ArgumentHelp("Only jobs with a smaller number, for the next page.", valueName: "job"))
    var before: JobID?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let jobs = try await store.jobs(
            matching: try await conditions.filter(
                in: store, states: [.dead], limit: list.limit, before: before))
        var lastFailures: [JobID: RecordedFailure] = [:]
        for job in jobs { lastFailures[job.id] = try await store.failures(of: job.id).last }
        try await jobs.show(from: store, on: common.console(quiet: list.quiet)) { listed in
            { now in listed.deadTable(lastFailures, now) }
        }
    }
}

struct QueueShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a job: what it is, what happened to it, and why it isn't running",
        discussion: "Example: skep queue show 1042")

    @Argument(help: "The job's number.")
    var job: JobID
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        guard let found = try await store.job(job) else { throw QueueError.noSuchJob(job) }
        let details = JobDetails(
            listed: try await ListedJob.list([found], from: store)[0],
            failures: try await store.failures(of: job),
            result: try await store.result(of: job),
            progress: try await store.progress(of: job),
            obstacles: try await store.obstacles(of: job),
            events: try await store.events(of: job),
            steps: try await store.steps(of: job),
            relations: try await store.relations(of: job))
        let console = common.console()
        if console.isJSON { return console.show(details.json) }
        details.show(on: console, now: SystemClock().now)
    }
}

extension [Job] {
    fileprivate func show(
        from store: SQLiteQueueStore, on console: Console,
        _ table: ([ListedJob]) -> (Timestamp) -> Table
    ) async throws {
        let now = SystemClock().now
        console.show(
            try await ListedJob.list(self, from: store), id: { "\($0.job.id)" }, json: \.json,
            table: { table($0)(now) }, none: "There are no such jobs.")
    }
}
