import SkepCore
import SkepQueueSQLite
import SkepStore

extension Doctor {
    /// Provider accounts with which nothing is started now.
    func parkedAccounts() async -> [Diagnosis] {
        guard house.state.hasDatabase, let queue = try? await house.state.openQueue() else {
            return []
        }
        let holds = (try? await SQLiteSwarmStore(queue).accountHolds()) ?? []
        await queue.close()
        return holds.map { Diagnosis($0, agents: house.agents.map(\.definition)) }
    }
}

extension Diagnosis {
    init(_ hold: AccountHold, agents: [AgentDefinition], local: LocalTime = LocalTime()) {
        let agents = agents.filter { $0.provider == hold.account }.map(\.name.rawValue)
        let test = agents.first.map { "\"skep agent test \($0)\" tries it now" }
        let advice =
            hold.type == .authentication
            ? ["Log in again, or mend its key", test].compactMap { $0 }.joined(separator: "; ")
            : test
        self.init(
            "account \(hold.account.rawValue)", .warn,
            "It is parked until \(local.dayAndMinute(hold.until)), \(hold.type.words)"
                + (hold.message.isEmpty ? "" : ": \(hold.message)"),
            advice: advice.map { $0 + "." })
    }
}
