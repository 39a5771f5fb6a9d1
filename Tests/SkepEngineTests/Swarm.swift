import Foundation
import Logging
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport
import Testing

/// A whole engine over a real database, with scripted ports around it.
struct Swarm {
    let folder: URL
    let clock: ManualClock
    let queue: any QueueStore
    let store: any SwarmStore
    let tracker: ScriptedTracker
    let workspaces = ScriptedWorkspaces()
    let commands: ScriptedCommands
    let reaper = ScriptedReaper()
    let agents: [ScriptedAgent]
    let parts: SwarmParts

    private init(
        folder: URL, clock: ManualClock, queue: SQLiteQueueStore, agents: [ScriptedAgent],
        commands: ScriptedCommands, workflows: [Workflow], dispatch: DispatchSettings,
        setups: [RepositoryName: RepositorySetup], places: [ProviderAccount: Int],
        prices: PriceTable
    ) {
        self.folder = folder
        self.clock = clock
        self.queue = queue
        self.agents = agents
        self.commands = commands
        store = SQLiteSwarmStore(queue)
        tracker = ScriptedTracker(clock: clock)
        parts = SwarmParts(
            store: store, queue: queue, tracker: tracker, workspaces: workspaces,
            commands: commands, sessions: reaper, agents: agents, workflows: workflows,
            dispatch: dispatch, accountPlaces: places, prices: prices, setups: setups,
            clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Makes a swarm in a folder of its own, which is gone afterwards.
    ///
    /// - Parameters:
    ///   - workflows: Instead of the usual one.
    ///   - budgets: Ann's; her sessions then run until they are told to end, two at once.
    ///   - provider: Of ann and bob; `nil`: each has an account of its own.
    ///   - places: How many sessions accounts may have at once.
    ///   - others: Agents beside ann and bob, whose sessions run until they are told to end.
    static func with<R>(
        endings: [SessionResult.Ending] = [.exited(code: 0)],
        checks: [SessionResult.Ending] = [], selecting labels: [String]? = nil,
        workflows: [Workflow]? = nil, others: [AgentName] = [], budgets: Budgets? = nil,
        provider: ProviderAccount? = nil, places: [ProviderAccount: Int] = [:],
        dispatch: DispatchSettings = DispatchSettings(),
        setup: RepositorySetup? = nil, prices: PriceTable = PriceTable(),
        _ body: (Swarm) async throws -> R
    ) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "swarm-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let clock = ManualClock()
        let queue = try await SQLiteQueueStore(
            path: folder.appendingPathComponent("skep.sqlite").path,
            runFolder: folder.appendingPathComponent("run").path, clock: clock,
            migrations: SQLiteSwarmStore.migrations, follower: RunFollower())
        let agents =
            [
                ScriptedAgent(
                    "ann", login: "ann-bot", concurrency: budgets == nil ? 1 : 2,
                    endings: budgets == nil ? endings : [], provider: provider,
                    budgets: budgets ?? Budgets(), clock: clock),
                ScriptedAgent(
                    "bob", login: "bob-bot", endings: endings, provider: provider, clock: clock),
            ] + others.map { ScriptedAgent($0, clock: clock) }
        let swarm = Swarm(
            folder: folder, clock: clock, queue: queue, agents: agents,
            commands: ScriptedCommands(endings: checks),
            workflows: workflows ?? [workflow(selecting: labels)], dispatch: dispatch,
            setups: setup.map { [.sample: $0] } ?? [:], places: places, prices: prices)
        let result = try await body(swarm)
        await queue.close()
        return result
    }

    private static func workflow(selecting labels: [String]?) -> Workflow {
        let mistakes = SettingsMistakes()
        let place = SettingsLocation(source: "test")
        func prompt(_ text: String) -> Template {
            Template(text, names: ["issue.title"], at: place, mistakes: mistakes)
        }
        return Workflow(
            name: "fix", selection: labels.map(Workflow.Selection.init),
            asks: [.label, .assignee], defaultAgent: "ann",
            branch: Template(
                "{{ agent.name }}/issue-{{ issue.number }}",
                names: ["agent.name", "issue.number"], at: place, mistakes: mistakes),
            steps: [
                StepDefinition(name: "work", kind: "agent", maxFailures: 2, location: place),
                StepDefinition(
                    name: "checks", kind: "commands", onOutcome: ["failed": "work"], rounds: 1,
                    commands: ["make test"], location: place),
                StepDefinition(name: "publish", kind: "publish", location: place),
            ], prompt: prompt("Fix {{ issue.title }}"), keepsIgnored: false, location: place)
    }

    /// Runs a worker while `body` runs; then it ends, as `ending` says.
    ///
    /// - Parameter leases: How long they last: longer than a test turns the clock on at once.
    func working<R: Sendable>(
        ending: SessionEnding = .stop, leases: Duration = .seconds(30),
        _ body: () async throws -> R
    ) async throws -> R {
        let worker = SwarmWorker(parts, configuration: .init(leaseLength: leases)) { ending }
        // Awaited below.
        let task = Task { try await worker.run() }
        do {
            let result = try await body()
            task.cancel()
            _ = await task.result
            return result
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
    }

    func coordinate() async -> CoordinatorPass {
        await Coordinator(parts, repositories: [.sample]).pass()
    }

    func dispatch(_ issue: IssueReference, to agents: [AgentName] = []) async throws -> RunID {
        let answers = try await Dispatcher(parts).dispatch(issue, to: agents)
        guard case .opened(let run) = try #require(answers.first).answer else {
            throw ScriptedRefusal(kind: .conflict, what: "not opened: \(answers)")
        }
        return run
    }

    /// Lets time pass until a run is closed and everything about it is posted.
    func untilClosed(_ run: RunID) async throws -> RunSummary {
        try await eventually("run \(run) is closed and reported", within: .seconds(120)) {
            clock.advance(by: .milliseconds(100))
            guard let summary = try await store.run(run), summary.state.isClosed else {
                return false
            }
            return try await store.history(of: run).reports.allSatisfy { $0.postedAt != nil }
        }
        return try #require(try await store.run(run))
    }
}
