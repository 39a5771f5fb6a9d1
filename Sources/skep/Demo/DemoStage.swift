import Logging
import SkepAgents
import SkepCore
import SkepEngine
import SkepForge
import SkepQueue
import SkepQueueSQLite

/// The demo at work: the embedded tracker, a coordinator and a worker in this process.
struct DemoStage: Sendable {
    let folder: DemoFolder
    let surroundings: Surroundings
    let console: Console
    let keep: Bool
    private let clock: any Clock = SystemClock()

    static let owner: LoginName = "ida"
    static let repository = "larder"
    /// The demo gives up after this.
    private static let patience: Duration = .seconds(180)

    private enum Act: Sendable {
        /// The daemon or the tracker ended, as it does when it is told to.
        case left
        case played([DemoVerdict])
    }

    /// Plays the demo and answers with what came of each issue.
    ///
    /// - Throws: `CancellationError` when somebody interrupted it.
    func play() async throws -> [DemoVerdict] {
        let forge = try await Forge(dataFolder: folder.forge)
        guard forge.hasGit else {
            throw ProgramError(
                .configuration, "The demo needs git for its tracker's repository.",
                advice: "Install it: apt-get install git.")
        }
        // Runs that fail are part of the show; a warning in between would tear the picture.
        let logger = StderrLog.remarks(level: .error, on: console)
        let (addresses, announce) = AsyncStream<ForgeServer.Address>.makeStream()
        let server = try ForgeServer(
            forge: forge, version: SkepVersion.current,
            logger: StderrLog.remarks(level: .critical, on: console),
            onReady: { announce.yield($0) })

        return try await withThrowingTaskGroup(of: Act.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await server.run()
                return .left
            }
            guard let address = await addresses.first(where: { _ in true }) else {
                _ = try await group.next()
                throw CancellationError()
            }
            let issues = try await furnish(forge, address)
            let verdicts = try await perform(issues, address, logger, &group)
            group.cancelAll()
            return verdicts
        }
    }

    /// Users, repository and issues on the tracker, and the files that name them.
    private func furnish(_ forge: Forge, _ address: ForgeServer.Address) async throws
        -> [IssueReference]
    {
        guard let repository = RepositoryName("\(Self.owner)/\(Self.repository)") else {
            preconditionFailure("the demo's own names are valid")
        }
        _ = try await forge.addUser(Self.owner)
        let skep = try await forge.addUser("skep")
        try folder.write(port: address.port, repository: repository, token: skep.token)
        try await forge.addRepository(repository, from: folder.bundle)
        try await forge.addCollaborator("skep", to: repository)
        var issues: [IssueReference] = []
        for demo in DemoCase.all {
            let issue = try await forge.addIssue(
                to: repository, title: demo.title, body: demo.body)
            issues.append(issue.reference)
        }
        console.say(
            """
            Folder      \(folder.path)
            Tracker     \(address.url), embedded, for this machine only
            Repository  \(repository), a shell program with 14 commits by three people
            Issues      \(issues.count), each for an agent of its own, all at once

            """)
        return issues
    }

    private func perform(
        _ issues: [IssueReference], _ address: ForgeServer.Address, _ logger: Logger,
        _ group: inout ThrowingTaskGroup<Act, any Error>
    ) async throws -> [DemoVerdict] {
        let house = try await house()
        for agent in house.agents { try await agent.check() }
        try house.state.create(isRoot: surroundings.isRoot)
        let lock = try await ServeLock(house.state, isDemo: true, clock: clock)
        let queue = try await house.state.openQueue()
        let assembly = Assembly(house, logger: logger)
        let parts = assembly.parts(queue, try assembly.tracker())
        let choice = EndingChoice()
        let daemon = Daemon(
            parts: try assembly.running(parts, choice, coordinating: true), choice: choice,
            logger: logger,
            mayRestart: {
                throw ProgramError(.refused, "The demo can't be restarted while it plays.")
            })
        group.addTask {
            _ = try await daemon.run { lock.markReady() }
            return .left
        }
        group.addTask { .played(try await watch(parts, issues)) }

        guard case .played(let verdicts)? = try await group.next() else {
            group.cancelAll()
            throw CancellationError()
        }
        let ending = DemoEnding(folder: folder, address: address, console: console)
        ending.show(verdicts)
        if keep {
            ending.sayWhereItIs()
            // Until Ctrl-C ends the daemon.
            _ = try await group.next()
        }
        group.cancelAll()
        while let act = try await group.next() { _ = act }
        await queue.close()
        ending.sayHowToLookAgain()
        return withExtendedLifetime(lock) { verdicts }
    }

    /// Dispatches every issue and looks on until all runs are closed and all is said.
    private func watch(_ parts: SwarmParts, _ issues: [IssueReference]) async throws
        -> [DemoVerdict]
    {
        let begun = clock.uptime
        var progress = DemoProgress(console.remarks, startedAt: clock.now)
        let dispatcher = Dispatcher(parts)
        for (demo, issue) in zip(DemoCase.all, issues) {
            _ = try await dispatcher.dispatch(issue, to: [demo.agent])
        }
        var runs: [RunSummary] = []
        while true {
            runs = try await parts.store.runs(matching: RunFilter())
            progress.show(runs, now: clock.now)
            if runs.allSatisfy(\.state.isClosed), try await isQuiet(parts.queue) { break }
            guard clock.uptime - begun < Self.patience else {
                throw ProgramError(
                    .defect, "The demo isn't over after \(TimeText.short(Self.patience)).",
                    why: "Runs that are still open are shown above.",
                    advice: "Please report it; everything is in \(folder.path).")
            }
            try await clock.sleep(for: .milliseconds(150))
        }
        var verdicts: [DemoVerdict] = []
        for (demo, issue) in zip(DemoCase.all, issues) {
            for summary in runs where summary.run.issue == issue {
                verdicts.append(
                    try await DemoVerdict(demo, summary, tracker: parts.tracker))
            }
        }
        return verdicts
    }

    /// Whether nothing waits or works any more, so that every comment is posted.
    private func isQuiet(_ queue: any QueueStore) async throws -> Bool {
        try await queue.status().allSatisfy { status in
            [.scheduled, .ready, .leased].allSatisfy { status.counts[$0, default: 0] == 0 }
        }
    }

    /// The configuration as commands in the folder will read it, without the person's own.
    private func house() async throws -> House {
        var around = surroundings
        around.environment = around.environment.filter { !$0.key.hasPrefix("SKEP_") }
        around.environment["XDG_CONFIG_HOME"] = folder.path + "/none"
        let layers = ConfigurationLayers(around, file: folder.configuration)
        let cast = try await DemoCast(layers, folder, console)
        return try House.read(layers, program: cast.program, user: cast.user)
    }
}
