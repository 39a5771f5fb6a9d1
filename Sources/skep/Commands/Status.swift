import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepWorkspaces

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is being worked on, what waits for whom, and what went wrong last",
        discussion: """
            With --watch the picture stays on the terminal and follows what happens; q ends it.

            Example: skep status --watch
            """)

    @Flag(name: .shortAndLong, help: "Keep it on the terminal, as it changes.")
    var watch = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !watch || !common.json else {
            throw ValidationError(
                "--watch is for people; for programs there is \"skep events --follow --json\"")
        }
    }

    func run() async throws {
        let state = try common.stateFolder()
        let queue = try await state.openQueue()
        let reader = StatusReader(state: state, queue: queue)
        let console = common.console()
        let clock = SystemClock()
        if watch {
            return try await LiveView(
                console: console, clock: clock, read: { try await reader.read() },
                frame: { LiveFrame(picture: $0, scene: $1).lines() }
            ).run()
        }
        let picture = try await reader.read()
        if console.isJSON { return console.show(picture.json) }
        picture.show(on: console, now: clock.now)
    }
}

/// Reads the picture from the state folder.
struct StatusReader {
    let state: StateFolder
    let queue: SQLiteQueueStore
    var clock: any Clock = SystemClock()

    /// Of so many queued runs it is asked what keeps them.
    private static let explained = 20

    func read() async throws -> StatusPicture {
        let store = SQLiteSwarmStore(queue)
        var picture = StatusPicture(state: state, server: ServeLock.holder(state))
        picture.fullDisk = LocalWorkspaces.fullDisk(of: state.path)
        picture.queues = try await queue.status()
        picture.open = try await store.runs(matching: RunFilter(openOnly: true, limit: 1000))
        for summary in picture.working {
            guard let job = summary.job else { continue }
            picture.attemptsSince[summary.run.id] = try await queue.job(job)?.leasedAt
        }
        for summary in picture.queued.prefix(Self.explained) {
            guard let job = summary.job else { continue }
            // One that was pruned meanwhile isn't queued any more.
            picture.obstacles[summary.run.id] = try? await queue.obstacles(of: job)
        }
        picture.waiting = try await store.waitingTriggers(on: nil)
        picture.pullRequests = try await store.pullRequests(
            matching: PullRequestFilter(states: [.open], limit: 200))
        picture.questions = try await store.openQuestions(in: nil)
        picture.burndowns = try await burndowns(store)
        picture.failed = try await store.runs(matching: RunFilter(limit: 200))
            .filter { $0.state == .failed }.prefix(5).map { $0 }
        picture.troubles = try await store.lastEvents([.trouble], limit: 8)
        let dead = try await queue.jobs(matching: JobFilter(states: [.dead], limit: 20))
        picture.dead = Self.unsaid(
            try await ListedJob.list(dead, from: queue), by: picture.open + picture.failed)
        picture.schedules = try await queue.schedules()
        picture.events = try await store.lastEvents([], limit: 50)
        return picture
    }

    /// Those that go on; the newest of all stays for a day after its end.
    private func burndowns(_ store: SQLiteSwarmStore) async throws
        -> [(burndown: Burndown, items: [BurndownItem])]
    {
        var shown = try await store.burndowns(openOnly: true, limit: 20)
        let newest = try await store.burndowns(openOnly: false, limit: 1).first
        if let newest, let endedAt = newest.endedAt, clock.now - endedAt < .seconds(86_400) {
            shown.append(newest)
        }
        var found: [(burndown: Burndown, items: [BurndownItem])] = []
        for burndown in shown {
            if let (burndown, items) = try await store.burndown(burndown.id) {
                found.append((burndown, items))
            }
        }
        return found
    }

    /// A failed run says all that its step's job would.
    static func unsaid(_ dead: [ListedJob], by runs: [RunSummary]) -> [ListedJob] {
        let listed = Set(runs.map(\.run.id))
        return dead.filter { job in
            guard let subject = job.subject, subject.step != nil, let run = subject.run else {
                return true
            }
            return !listed.contains(run)
        }.prefix(5).map { $0 }
    }
}

extension StatusPicture {
    /// An open run, and what keeps it where that was asked.
    private func json(of summary: RunSummary) -> JSON {
        let reasons = obstacles[summary.run.id].map { JSON.list($0.map(\.json)) }
        return .object(
            summary.members + [JSON.Member(key: "why_not_running", value: reasons ?? .null)])
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
            "full_disk": fullDisk?.json ?? .null,
            "queues": .list(queues.map(\.json)),
            "open_runs": .list(open.map(json(of:))),
            "waiting": .list(waiting.map(\.json)),
            "pull_requests": .list(pullRequests.map(\.json)),
            "questions": .list(questions.map(\.json)),
            "burndowns": .list(burndowns.map { $0.burndown.json($0.items, open: open) }),
            "schedules": .list(schedules.map(\.json)),
            "failed_runs": .list(failed.map(\.json)),
            "dead_jobs": .list(dead.map(\.json)),
            "troubles": .list(troubles.map(\.json)),
        ])
    }

    func show(on console: Console, now: Timestamp) {
        console.output.line(serverSentence(now))
        let jobs = queues.map { ($0.counts[.ready] ?? 0) + ($0.counts[.scheduled] ?? 0) }
            .reduce(0, +)
        if server == nil, jobs > 0 {
            let waiting = Phrase.count(jobs, "job waits", "jobs wait")
            console.output.line("\(waiting) in the queue; \"skep serve\" does what is queued.")
        }
        for section in StatusBoard(picture: self, now: now).sections {
            console.heading(section.title)
            console.show(section.table)
        }
        let queues = queues.table(now)
        if !queues.isEmpty {
            console.heading("Queues")
            console.show(queues)
        }
        if isIdle {
            console.note("Nothing is being worked on. \"skep dispatch ISSUE --to AGENT\" begins.")
        }
    }
}
