import SkepCore
import SkepQueue

/// Everything that `skep status` shows, as it is now.
struct StatusPicture: Sendable {
    var state: StateFolder
    /// The `skep serve` that runs.
    var server: ServeLock.Holder?
    /// Its disk, where that is full.
    var fullDisk: FullDisk?
    var queues: [QueueStatus] = []
    /// Open runs, the newest first.
    var open: [RunSummary] = []
    /// Since when the current attempt of a run has been going on.
    var attemptsSince: [RunID: Timestamp] = [:]
    /// What keeps the first of those that are queued from beginning, as the queue knows it.
    var obstacles: [RunID: [JobObstacle]] = [:]
    /// Demands that no run answers yet.
    var waiting: [WaitingTrigger] = []
    /// Open pull requests of agents: people look at them.
    var pullRequests: [PublishedPullRequest] = []
    var questions: [Question] = []
    /// Burn-downs that aren't ended, and the newest that ended within a day, with their plans.
    var burndowns: [(burndown: Burndown, items: [BurndownItem])] = []
    /// Runs that failed last.
    var failed: [RunSummary] = []
    /// What went wrong last, the newest first.
    var troubles: [SwarmEvent] = []
    /// Jobs that died and aren't said by a failed run.
    var dead: [ListedJob] = []
    var schedules: [ScheduleStatus] = []
    /// What happened last, the newest first.
    var events: [SwarmEvent] = []

    var working: [RunSummary] {
        open.filter { if case .working = $0.state { true } else { false } }
    }
    /// The oldest first.
    var queued: [RunSummary] {
        open.filter { $0.state == .queued }.sorted { $0.run.id < $1.run.id }
    }
    var held: [RunSummary] {
        open.filter { if case .waiting = $0.state { true } else { false } }
    }

    /// Whether there is nothing that could go on, and nothing that anybody has to look at.
    var isIdle: Bool {
        fullDisk == nil && open.isEmpty && waiting.isEmpty && pullRequests.isEmpty
            && questions.isEmpty
            && failed.isEmpty && dead.isEmpty && troubles.isEmpty && burndowns.isEmpty
    }

    /// "2 at work, 1 queued, 3 waiting, 5 for people"
    var summary: String {
        let counts = [
            (queued.count, "queued"), (held.count + waiting.count, "waiting"),
            (pullRequests.count + questions.count, "for people"),
        ]
        return
            (["\(working.count) at work"]
            + counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
    }

    func serverSentence(_ now: Timestamp) -> String {
        guard let server else { return "skep serve isn't running on \(state.path)" }
        guard server.processID > 0 else { return "skep serve is starting on \(state.path)" }
        return "skep serve runs as process \(server.processID), since "
            + "\(TimeText.relative(server.startedAt, to: now)), on \(state.path)"
    }

    /// "night, Mon 22:00, in 2 d": the tick that comes first.
    func nextSchedule(_ now: Timestamp, _ local: LocalTime) -> String? {
        let next = schedules.compactMap { status in
            status.nextTickAt.map { (name: status.schedule.name.rawValue, at: $0) }
        }.min { $0.at < $1.at }
        return next.map { next in
            "\(next.name), \(local.brief(next.at, at: now)), \(TimeText.relative(next.at, to: now))"
        }
    }
}

/// How far a burn-down is, by its plan and the runs that are open.
struct BurndownCount: Sendable, Hashable {
    let planned: Int
    let done: Int
    let atWork: Int

    init(_ items: [BurndownItem], openRuns: Set<RunID>) {
        let started = items.filter { $0.decision == .started }
        planned = items.filter { $0.decision != .skipped }.count
        atWork = started.filter { item in item.run.map(openRuns.contains) ?? false }.count
        done = started.count - atWork
    }

    /// "12 of 24, 3 at work"
    var words: String { "\(done) of \(planned)" + (atWork > 0 ? ", \(atWork) at work" : "") }

    /// "██████░░░░"
    func bar(width: Int) -> String {
        let filled = planned > 0 ? min(width, done * width / planned) : 0
        return String(repeating: "█", count: filled)
            + String(repeating: "░", count: width - filled)
    }
}
