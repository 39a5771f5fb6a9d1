import Foundation
import Logging
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport
import Synchronization
import Testing

@testable import SkepEngine

/// A swarm with burn-downs: no worker runs; a test says what becomes of each run.
struct Night {
    static let worker: WorkerID = "w-night"

    let swarm: Swarm
    let queue: any QueueStore
    let parts: SwarmParts
    /// The files that were kept, by name.
    let files: Files

    var store: any SwarmStore { parts.store }
    var clock: ManualClock { swarm.clock }
    var tracker: ScriptedTracker { swarm.tracker }
    var burndowns: Burndowns { Burndowns(parts) }

    final class Files: Sendable {
        private let state = Mutex<[String: String]>([:])
        private let writes = Mutex(0)

        var texts: [String: String] { state.withLock { $0 } }
        var count: Int { writes.withLock { $0 } }

        func keep(_ name: String, _ text: String) -> String {
            state.withLock { $0[name] = text }
            writes.withLock { $0 += 1 }
            return "/reports/\(name)"
        }
    }

    /// - Parameter start: The wall clock's time, such as "2026-11-22T21:00:00Z".
    static func with<R>(
        start: String = "2026-11-22T21:00:00Z", dispatch: DispatchSettings? = nil,
        workflows: [Workflow] = [.plain()], accounts: [AgentName: Secret] = [:],
        _ body: (Night) async throws -> R
    ) async throws -> R {
        try await Swarm.with { swarm in
            swarm.clock.setWallClock(try Timestamp(utc: start))
            let dispatch = dispatch ?? DispatchSettings(repositories: [.sample])
            return try await on(
                swarm, Setup(dispatch: dispatch, workflows: workflows, accounts: accounts),
                Files(), body)
        }
    }

    struct Setup {
        var dispatch: DispatchSettings
        var workflows: [Workflow]
        var accounts: [AgentName: Secret]
    }

    private static func on<R>(
        _ swarm: Swarm, _ setup: Setup, _ files: Files, _ body: (Night) async throws -> R
    ) async throws -> R {
        let queue = try await SQLiteQueueStore(
            path: swarm.folder.appendingPathComponent("skep.sqlite").path,
            runFolder: swarm.folder.appendingPathComponent("run").path, clock: swarm.clock,
            migrations: SQLiteSwarmStore.migrations, follower: RunFollower())
        let parts = SwarmParts(
            store: SQLiteSwarmStore(queue), queue: queue, tracker: swarm.tracker,
            workspaces: swarm.workspaces, commands: swarm.commands, sessions: swarm.reaper,
            agents: swarm.agents, workflows: setup.workflows, dispatch: setup.dispatch,
            accounts: setup.accounts, keepReport: { files.keep($0, $1) }, clock: swarm.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let result = try await body(
            Night(swarm: swarm, queue: queue, parts: parts, files: files))
        await queue.close()
        return result
    }

    /// Does something as another process would after this one died: everything is made anew on the
    /// same file.
    func restarted<R>(_ body: (Night) async throws -> R) async throws -> R {
        let setup = Setup(
            dispatch: parts.dispatch, workflows: parts.workflows, accounts: parts.accounts)
        return try await Self.on(swarm, setup, files, body)
    }

    func keeper() throws -> BurndownKeeper {
        BurndownKeeper(parts, timeZone: try ScheduleTimeZone("Europe/Berlin"))
    }

    /// Looks after burn-downs once, with a keeper of its own.
    func tick() async throws { try await keeper().tick() }

    func settings(
        labels: [String] = [], agents: [AgentName] = ["ann", "bob"], maxIssues: Int? = nil,
        maxMinutes: Int? = nil, concurrency: Int? = nil,
        atEnd: BurndownSettings.AtEnd = .finish, reportTo: BurndownSettings.ReportTo = .file
    ) -> BurndownSettings {
        BurndownSettings(
            workflow: "fix", repositories: [.sample], labels: labels, agents: agents,
            maxIssues: maxIssues, maxMinutes: maxMinutes, concurrency: concurrency, atEnd: atEnd,
            reportTo: reportTo)
    }

    func start(_ settings: BurndownSettings, hours: Int? = nil) async throws -> BurndownID {
        try await burndowns.start(
            settings, until: hours.map { clock.now + .seconds($0 * 3600) }, cause: "command:1")
    }

    /// Issues with one number after the other; the lowest is the oldest.
    func put(_ numbers: ClosedRange<Int>, labels: [String] = []) {
        for number in numbers {
            tracker.put(
                number, title: "Issue \(number)", labels: labels,
                createdAt: clock.now - .seconds(1_000_000 - number))
        }
    }

    // MARK: What there is

    func items(_ id: BurndownID) async throws -> [BurndownItem] {
        try #require(try await store.burndown(id)).1
    }

    func state(_ id: BurndownID) async throws -> Burndown {
        try #require(try await store.burndown(id)).0
    }

    func numbers(_ id: BurndownID, _ decision: BurndownItem.Decision) async throws -> [Int] {
        try await items(id).filter { $0.decision == decision }.map(\.issue.number)
    }

    func openRuns() async throws -> [RunSummary] {
        try await store.runs(matching: RunFilter(openOnly: true)).reversed()
    }

    // MARK: What becomes of runs

    /// Begins an attempt of every run that waits, each with a session.
    func beginAll() async throws -> [Work] {
        let leases = try await queue.lease(
            LeaseRequest(
                queue: SwarmQueues.steps, limit: 1000, worker: Self.worker,
                length: .seconds(1_000_000)))
        var works: [Work] = []
        for lease in leases {
            let job = try await store.beginAttempt(lease)
            let session = try await store.openSession(
                lease.token, agent: job.run.agent, workspacePath: "/w", base: .sample("b"))
            works.append(Work(night: self, lease: lease, run: job.run, session: session.id))
        }
        return works.sorted { $0.run.id < $1.run.id }
    }

    /// An attempt under way.
    struct Work {
        let night: Night
        let lease: Lease
        let run: Run
        let session: SessionID

        func settle(_ settlement: StepSettlement) async throws {
            var settlement = settlement
            settlement.session = SessionClosing(id: session, ending: "ended", outputBytes: 1)
            try await night.store.settle(lease.token, as: settlement)
        }

        func close(_ outcome: RunClosing.Outcome = .noChanges, detail: String = "") async throws {
            try await settle(StepSettlement(.close(outcome, detail: detail)))
        }

        /// - Parameter number: The pull request's.
        func publish(_ number: Int) async throws {
            night.tracker.putPullRequest(
                number, head: run.branch, commit: .sample("a"))
            try await settle(
                StepSettlement(
                    .close(.published, detail: ""), head: .sample("a"),
                    pullRequest: PullRequestLink(
                        number: number, url: "http://tracker.test/pulls/\(number)"),
                    checks: [
                        CheckResult(
                            commit: .sample("a"), command: "make test", hasPassed: true,
                            ending: "exit status 0", duration: .seconds(1),
                            tests: TestCounts(passed: 212))
                    ]))
        }
    }
}

extension Workflow {
    /// - Parameter name: "fix" by default, with ann as its default agent.
    static func plain(
        _ name: WorkflowName = "fix", selecting labels: [String]? = nil,
        agent: AgentName? = "ann", schedule: WorkflowSchedule? = nil, hours: RunningHours? = nil,
        burndown: BurndownTemplate? = nil
    ) -> Workflow {
        let place = SettingsLocation(source: "test")
        let mistakes = SettingsMistakes()
        return Workflow(
            name: name, selection: labels.map(Workflow.Selection.init), asks: [.label],
            defaultAgent: agent,
            branch: Template(
                "{{ agent.name }}/issue-{{ issue.number }}",
                names: ["agent.name", "issue.number"], at: place, mistakes: mistakes),
            steps: [
                StepDefinition(name: "work", kind: "agent", maxFailures: 1, location: place)
            ],
            prompt: Template(
                "Fix {{ issue.title }}", names: ["issue.title"], at: place, mistakes: mistakes),
            keepsIgnored: false, schedule: schedule, hours: hours, burndown: burndown,
            location: place)
    }

    static func every(_ length: Duration, _ missed: WorkflowSchedule.Missed = .runOnce)
        -> WorkflowSchedule
    {
        WorkflowSchedule(
            timing: .every(length), missed: missed, location: SettingsLocation(source: "test"))
    }

    static func cron(
        _ expression: String, _ zone: String = "Europe/Berlin",
        _ missed: WorkflowSchedule.Missed = .runOnce
    ) -> WorkflowSchedule {
        WorkflowSchedule(
            timing: .cron(expression, timeZone: zone), missed: missed,
            location: SettingsLocation(source: "test"))
    }
}
