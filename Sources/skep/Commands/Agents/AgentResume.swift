import ArgumentParser
import SkepCore
import SkepQueueSQLite
import SkepStore

struct AgentResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let agents go on whose provider account is parked",
        discussion: """
            For when an account is known to work again before its time: a login was mended, quota was \
            bought. Everything that waits for it goes on at once, whichever agent's it is; where it \
            still doesn't work, it is parked again.

            Example: skep agent resume claude
            """)

    @Argument(help: "The agents, or the provider accounts.")
    var names: [String]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let house = try House.read(common.layers())
        let queue = try await house.state.openQueue()
        let store = SQLiteSwarmStore(queue)
        let console = common.console()
        var results = EachResult<String>()
        for name in names {
            await results.take(name) {
                let agent = house.agents.map(\.definition).first { $0.name.rawValue == name }
                let account = agent?.provider ?? ProviderAccount(rawValue: name)
                guard try await house.liftAccount(account, in: store, console) else {
                    let agents = house.agents.map(\.definition)
                    guard agents.contains(where: { $0.provider == account }) else {
                        throw ProgramError(
                            .conflict, "There is no agent or provider account \"\(name)\".",
                            why: TimeText.thereAre(agents.map(\.name.rawValue)),
                            advice: "\"skep agent list\" shows them with their accounts.")
                    }
                    throw ProgramError(
                        .conflict, "Account \"\(account.rawValue)\" isn't parked.",
                        advice:
                            "\"skep agent list\" shows the accounts, and \"skep why ISSUE\" what "
                            + "something waits for.")
                }
                return "resumed"
            }
        }
        await queue.close()
        try results.finish(on: console, idKey: "name") { .text($0) }
    }
}
