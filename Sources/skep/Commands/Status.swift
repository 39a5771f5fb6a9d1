import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is being worked on, what waits, and what went wrong last",
        discussion: "Example: skep status")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let state = try common.stateFolder()
        let queue = try await state.openQueue()
        let store = SQLiteSwarmStore(queue)
        let open = try await store.runs(matching: RunFilter(openOnly: true, limit: 200))
        let recent = try await store.runs(matching: RunFilter(limit: 200))
            .filter { $0.state == .failed }.prefix(5)
        let dead = try await queue.jobs(matching: JobFilter(states: [.dead], limit: 20))
        let report = StatusReport(
            state: state, server: ServeLock.holder(state), queues: try await queue.status(),
            open: open, recent: Array(recent), dead: try await ListedJob.list(dead, from: queue))
        let console = common.console()
        if console.isJSON { return console.show(report.json) }
        report.show(on: console, now: SystemClock().now)
    }
}

/// How the house stands.
struct StatusReport {
    let state: StateFolder
    /// The `skep serve` that runs.
    let server: ServeLock.Holder?
    let queues: [QueueStatus]
    let open: [RunSummary]
    /// Runs that failed last.
    let recent: [RunSummary]
    let dead: [ListedJob]

    init(
        state: StateFolder, server: ServeLock.Holder?, queues: [QueueStatus], open: [RunSummary],
        recent: [RunSummary], dead: [ListedJob]
    ) {
        self.state = state
        self.server = server
        self.queues = queues
        self.open = open
        self.recent = recent
        // A failed run says all that its step's job would.
        let listed = Set((open + recent).map(\.run.id))
        self.dead = dead.filter { job in
            job.subject.map { $0.step == nil || !listed.contains($0.run) } ?? true
        }.prefix(5).map { $0 }
    }

    var json: JSON {
        .object([
            "state_folder": .text(state.path),
            "serve": server.map {
                .object([
                    "process_id": .number($0.processID), "started_at": .time($0.startedAt),
                    "is_ready": .boolean($0.isReady),
                ])
            } ?? .null,
            "queues": .list(queues.map(\.json)),
            "open_runs": .list(open.map(\.json)),
            "failed_runs": .list(recent.map(\.json)),
            "dead_jobs": .list(dead.map(\.json)),
        ])
    }

    func show(on console: Console, now: Timestamp) {
        if let server {
            console.output.line(
                "skep serve runs as process \(server.processID), since "
                    + "\(TimeText.relative(server.startedAt, to: now)), on \(state.path)")
        } else {
            console.output.line("skep serve isn't running on \(state.path)")
        }
        let waiting = queues.map { ($0.counts[.ready] ?? 0) + ($0.counts[.scheduled] ?? 0) }
            .reduce(0, +)
        if server == nil, waiting > 0 {
            let jobs = TimeText.count(waiting, "job waits", "jobs wait")
            console.output.line("\(jobs) in the queue; \"skep serve\" does what is queued.")
        }
        section("Open runs", open.table(now), console)
        section("Failed last", recent.table(now), console)
        section("Dead jobs", dead.table(now), console)
        section("Queues", queues.table(now), console)
        if open.isEmpty, recent.isEmpty, dead.isEmpty {
            console.note("Nothing is being worked on. \"skep dispatch ISSUE --to AGENT\" begins.")
        }
    }

    private func section(_ title: String, _ table: Table, _ console: Console) {
        guard !table.isEmpty else { return }
        console.heading(title)
        console.show(table)
    }
}
