import ArgumentParser
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite
import SkepStore

/// `skep queue …`: the jobs, whatever they do.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Look at the queue and its jobs, retry or cancel them",
        discussion: "Example: skep queue list --only dead",
        subcommands: [
            QueueStatusCommand.self, QueueList.self, QueueShow.self, QueueRetry.self,
            QueueCancel.self,
        ])
}

struct QueueStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how many jobs stand where",
        discussion: "Example: skep queue status --json")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let statuses = try await queue.status()
        let console = common.console()
        if console.isJSON { return console.show(.list(statuses.map(\.json))) }
        guard !statuses.isEmpty else { return console.note("The queue has never had a job.") }
        let now = SystemClock().now
        console.show(statuses.table(now))
        // Without agents to compare with, because a file has a mistake, all keys are shown.
        let agents = (try? House.read(common.layers()))?.agents.map(\.definition.concurrencyKey)
        let keys = statuses.keyTable(agents: agents.map(Set.init))
        if !keys.isEmpty {
            console.output.line("")
            console.show(keys)
        }
    }
}

struct QueueList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List jobs, the newest first",
        discussion: "Example: skep queue list --only dead --queue steps")

    @OptionGroup var list: ListOptions
    // "--state" is the state folder everywhere.
    @Option(help: ArgumentHelp("Only jobs in this state; may be given again.", valueName: "state"))
    var only: [Job.State] = []
    @Option(help: ArgumentHelp("Only jobs of this queue.", valueName: "name"))
    var queue: String?
    @Option(help: ArgumentHelp("Only jobs of this kind.", valueName: "name"))
    var kind: String?
    @Option(
        help: ArgumentHelp("Only jobs with a smaller number, for the next page.", valueName: "job"))
    var before: JobID?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let jobs = try await store.jobs(
            matching: JobFilter(
                queue: queue.map(QueueName.init(rawValue:)),
                kind: kind.map(JobKind.init(rawValue:)), states: only.isEmpty ? nil : Set(only),
                limit: list.limit, before: before))
        let listed = try await ListedJob.list(jobs, from: store)
        let now = SystemClock().now
        common.console(quiet: list.quiet).show(
            listed, id: { "\($0.job.id)" }, json: \.json, table: { $0.table(now) },
            none: "There are no such jobs.")
    }
}

struct QueueShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a job with its failures and its result",
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
            result: try await store.result(of: job))
        let console = common.console()
        if console.isJSON { return console.show(details.json) }
        details.show(on: console, now: SystemClock().now)
    }
}

struct QueueRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Make dead, cancelled or waiting jobs ready at once",
        discussion: "Example: skep queue retry 1042 1043")

    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        var results = EachResult<JobID>()
        for job in jobs {
            await results.take(job) {
                try await store.retry(job)
                console.say("Job \(job) is ready again.")
                return "retried"
            }
        }
        try results.finish(on: console, idKey: "job_id") { .id($0) }
    }
}

struct QueueCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel jobs; what runs is stopped first",
        discussion: """
            To give up a run as a whole, use "skep run cancel".

            Example: skep queue cancel 1042
            """)

    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        var results = EachResult<JobID>()
        for job in jobs {
            await results.take(job) {
                let answer = try await store.cancel(job)
                if case .alreadyFinished(let state) = answer {
                    throw ProgramError(
                        .conflict, "Can't cancel job \(job): it \(state.predicate) already.")
                }
                console.say(answer.sentence(about: "Job \(job)"))
                return answer.word
            }
        }
        try results.finish(on: console, idKey: "job_id") { .id($0) }
    }
}
