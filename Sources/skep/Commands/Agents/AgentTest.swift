import ArgumentParser
import SkepAgents
import SkepCore
import SkepQueueSQLite
import SkepStore
import UnixSignals

struct AgentTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try an agent: it works, goes on, stops, and is shut in",
        discussion: """
            Has it write a file in a scratch repository, with the sandbox, HOME and secrets of its \
            file; goes on with its session, if it can; stops it in the middle, and looks that nothing \
            is left; and tries to get out of its sandbox. It costs a few thousand tokens. Needs no \
            tracker and no queue. Ends with 1 when something that is needed doesn't work.

            Example: skep agent test claude --quick
            """)

    @Argument(help: "The agent.")
    var name: String
    @Flag(help: "Without going on and stopping.")
    var quick = false
    @Flag(help: "Keep the folder with the repository and the sessions' logs.")
    var keep = false
    @Option(help: ArgumentHelp("What one session of it may take.", valueName: "seconds"))
    var timeout = 300
    @OptionGroup var options: WorkerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout must be 1 to 86400, not \(timeout)")
        }
    }

    func run() async throws {
        let console = common.console()
        let (report, provider, house) = try await Self.stoppable { try await tried(console) }
        // The folder is gone by now: writing may end the program.
        if console.isJSON { console.show(report.json) } else { report.show(on: console) }
        guard report.isGood else { throw ExitCode(1) }
        try await lift(provider, house, console)
    }

    /// Tries it in a folder that is removed again.
    private func tried(
        _ console: Console
    ) async throws -> (report: TrialReport, provider: ProviderAccount, house: House) {
        let path = try TrialFolder.make()
        var keeps = keep
        defer { if !keeps { TrialFolder.remove(path) } }
        let house = try House.read(
            common.layers(), agentsRunAs: .user(allowRoot: options.allowRoot),
            sessions: TrialFolder.sessions(in: path))
        let agent = try house.agent(AgentName(rawValue: name))
        let folder = try TrialFolder(path, of: house.agentHouse)
        defer {
            do throws(AgentsError) {
                try house.agentHouse.takeLoginsBack(of: agent.definition, from: folder.home)
            } catch {
                keeps = true
                console.remarks.write(Exit.text(of: error, terminal: console.remarks))
            }
        }
        let trial = AgentTrial(
            agent: agent, folder: folder, house: house.agentHouse,
            workspace: try await folder.workspace(), limit: .seconds(timeout), isQuick: quick,
            tell: { [name] in console.note("\(name): \($0) …") })
        var report = try await trial.run()
        if keep { report.folder = path }
        return (report, agent.definition.provider, house)
    }

    /// It works, so its account does.
    private func lift(
        _ account: ProviderAccount, _ house: House, _ console: Console
    ) async throws {
        guard house.state.hasDatabase else { return }
        let queue = try await house.state.openQueue()
        try await house.liftAccount(account, in: SQLiteSwarmStore(queue), console)
        await queue.close()
    }

    /// Signals end what runs, and its sessions with it, before the program.
    private static func stoppable<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let stop = StopFlag()
        // Waited for below.
        let work = Task { try await body() }
        // Ended below, with the work.
        let listening = Task {
            for await signal in signals {
                stop.set(signal)
                work.cancel()
            }
        }
        defer { listening.cancel() }
        let result = await work.result
        if let signal = stop.signal { throw ExitCodes.ended(by: signal) }
        return try result.get()
    }
}
