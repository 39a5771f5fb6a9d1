import SkepCore
import SkepQueue
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
        let now = SystemClock().now
        return holds.filter { $0.isInForce(at: now) }.map { Diagnosis($0) }
    }
}

extension Diagnosis {
    init(_ hold: AccountHold, local: LocalTime = LocalTime()) {
        let again = hold.type == .authentication ? "Log in again, or mend its key; then " : ""
        self.init(
            "account \(hold.account.rawValue)", .warn,
            "It is parked until \(local.dayAndMinute(hold.until)), \(hold.type.words)"
                + (hold.message.isEmpty ? "" : ": \(hold.message)"),
            advice: "\(again)\(hold.account.resumeCommand) has it tried at once.")
    }
}
