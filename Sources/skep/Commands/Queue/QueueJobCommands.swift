import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore

struct QueueRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Make dead, cancelled or waiting jobs ready at once",
        discussion: """
            Their failures aren't counted any more; the history stays. A provider account they wait \
            for isn't parked any more. By conditions only dead jobs are meant.

            Example: skep queue retry 1042 1043
            Example: skep queue retry --kind step --failure timed_out
            """)

    @OptionGroup var selection: JobSelection
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        guard !selection.jobs.isEmpty else {
            let retried = try await selection.eachPage(of: [.dead], in: store) {
                try await store.retry(matching: $0)
            }
            let count = Phrase.count(retried.count, "job is", "jobs are")
            return console.show(retried, "retried", saying: "\(count) ready again.")
        }
        let swarm = SQLiteSwarmStore(store)
        // Without a parked account no configuration is needed.
        let house = try await swarm.accountHolds().isEmpty ? nil : House.read(common.layers())
        try await console.forEach(selection.jobs) { job in
            if let house, let waiting = try await store.job(job) {
                try await house.liftAccount(of: waiting, in: swarm, console)
            }
            try await store.retry(job)
            console.say("Job \(job) is ready again.")
            return "retried"
        }
    }
}

struct QueueCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel jobs; what runs is stopped first",
        discussion: """
            To give up a run as a whole, use "skep run cancel".

            Example: skep queue cancel 1042
            Example: skep queue cancel --tag nightly --yes
            """)

    @OptionGroup var selection: JobSelection
    @Flag(help: "Say how many jobs are meant by conditions, and cancel none.")
    var dryRun = false
    @Flag(name: .shortAndLong, help: "Don't ask when jobs are named by conditions.")
    var yes = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !dryRun || selection.jobs.isEmpty else {
            throw ValidationError(
                "--dry-run goes with conditions; \"skep queue show\" looks at a job")
        }
    }

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        let unfinished = Set(Job.State.allCases.filter { !$0.isFinished })
        if dryRun {
            let meant = try await selection.eachPage(of: unfinished, in: store) {
                try await store.jobs(matching: $0).map(\.id)
            }
            return console.show(
                meant, "would_cancel",
                saying: "\(Phrase.count(meant.count, "job")) would be cancelled.")
        }
        guard !selection.jobs.isEmpty else {
            if !yes {
                try Confirmation.ask("Cancel all unfinished jobs that meet this?", console)
            }
            let cancelled = try await selection.eachPage(of: unfinished, in: store) {
                try await store.cancel(matching: $0)
            }
            let count = Phrase.count(cancelled.count, "job is", "jobs are")
            return console.show(
                cancelled, "cancelled", saying: "\(count) cancelled or told to stop.")
        }
        try await console.forEach(selection.jobs) { job in
            let answer = try await store.cancel(job)
            if case .alreadyFinished(let state) = answer {
                throw ProgramError(
                    .conflict, "Can't cancel job \(job): it \(state.predicate) already.")
            }
            console.say(answer.sentence(about: "Job \(job)"))
            return answer.word
        }
    }
}

struct QueueHold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Keep jobs from being begun until they are let go",
        discussion: """
            A job that runs goes on, and is held when it waits again.

            Example: skep queue hold 1042
            """)

    @OptionGroup var named: NamedJobs

    func run() async throws {
        try await named.forEach { job, store, console in
            guard try await store.hold(job) else {
                throw ProgramError(.conflict, "Can't hold job \(job): it is finished.")
            }
            console.say("Job \(job) is held; \"skep queue let-go \(job)\" ends that.")
            return "held"
        }
    }
}

struct QueueLetGo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "let-go", abstract: "Let held jobs go on where they were",
        discussion: "Example: skep queue let-go 1042")

    @OptionGroup var named: NamedJobs

    func run() async throws {
        try await named.forEach { job, store, console in
            guard try await store.letGo(job) else {
                throw ProgramError(.conflict, "Can't let job \(job) go: it is finished.")
            }
            console.say("Job \(job) isn't held.")
            return "let_go"
        }
    }
}

/// Jobs by their numbers, for commands that do the same with each.
struct NamedJobs: ParsableArguments {
    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID]
    @OptionGroup var common: CommonOptions

    /// - Parameter work: Answers with a word for the outcome.
    func forEach(
        _ work: (JobID, SQLiteQueueStore, Console) async throws -> String
    ) async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        try await console.forEach(jobs) { try await work($0, store, console) }
    }
}

struct QueuePriority: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "priority", abstract: "Give a job another priority",
        discussion: """
            A step of priority is a head start of ten minutes: -1000 to 1000, 0 by default.

            Example: skep queue priority 1042 5
            Example: skep queue priority 1042 -- -5
            """)

    @Argument(help: "The job's number.")
    var job: JobID
    @Argument(help: "Its priority from now on.")
    var priority: Int
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        try await console.forEach([job]) { job in
            if case .alreadyFinished(let state) = try await store.setPriority(priority, of: job) {
                throw ProgramError(
                    .conflict, "Can't change job \(job): it \(state.predicate) already.")
            }
            console.say("Job \(job) has priority \(priority).")
            return "changed"
        }
    }
}

struct QueueSend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send an event that jobs wait for, or a decision to one job",
        discussion: """
            An event happens once: what was sent first stands, and whoever waits for it later gets \
            it, too.

            Example: skep queue send approve --job 1042 --payload true
            """)

    @Argument(help: "The event's name.")
    var event: String
    @Option(help: ArgumentHelp("Only for this job.", valueName: "number"))
    var job: JobID?
    @Option(help: ArgumentHelp("What is said with it, such as JSON.", valueName: "text"))
    var payload = ""
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        if let job {
            guard let found = try await store.job(job) else { throw QueueError.noSuchJob(job) }
            guard !found.state.isFinished else {
                throw ProgramError(
                    .conflict,
                    "Can't send \"\(event)\" to job \(job): it \(found.state.predicate).",
                    why: "Nothing of it waits any more.")
            }
        }
        let key = EventKey(EventName(rawValue: event), for: job)
        let answer = try await store.send(key, payload: Array(payload.utf8))
        let console = common.console()
        switch answer {
        case .sent(let woken):
            let count = Phrase.count(woken, "job goes on", "jobs go on")
            console.say("Sent \"\(event)\"; \(count).")
            if console.isJSON {
                console.show(.object(["outcome": .text("sent"), "woken": .number(woken)]))
            }
        case .existing(let earlier):
            throw ProgramError(
                .conflict, "\"\(event)\" was sent already, at \(TimeText.rfc3339(earlier.at)).",
                why: "An event happens once; what was sent first stands.")
        }
    }
}

extension Console {
    /// Does something with each job; one that fails doesn't keep the others from being done.
    ///
    /// - Parameter work: Answers with a word for the outcome.
    func forEach(_ jobs: [JobID], _ work: (JobID) async throws -> String) async throws {
        var results = EachResult<JobID>()
        for job in jobs { await results.take(job) { try await work(job) } }
        try results.finish(on: self, idKey: "job_id") { .id($0) }
    }

    fileprivate func show(_ jobs: [JobID], _ outcome: String, saying sentence: String) {
        say(sentence)
        guard isJSON else { return }
        show(
            .list(jobs.map { .object(["job_id": .id($0), "outcome": .text(outcome)]) }))
    }
}
