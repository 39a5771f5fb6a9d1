internal import SkepCore
internal import SkepQueue

/// Asks for a choice where several agents have published the same issue, and nobody works on it any
/// more.
///
/// Not for several tasks at once: the coordinator has it.
final class Choices {
    /// The workflow that chooses; its first step is of kind "choose".
    static let workflow: WorkflowName = "choose"

    private let parts: SwarmParts
    /// What was asked for already, so that it isn't written in each pass.
    private var asked: Set<String> = []

    init(parts: SwarmParts) {
        self.parts = parts
    }

    /// - Returns: Whether anything new was asked for.
    func ask(in snapshot: GateKeeper.Snapshot, _ waiting: [WaitingTrigger]) async throws -> Bool {
        guard parts.workflows.contains(where: { $0.chooser != nil }) else { return false }
        let busy = Set(waiting.map(\.demand.trigger.issue))
        var demands: [TriggerDemand] = []
        var seen: Set<String> = []
        for (issue, pullRequests) in Dictionary(grouping: snapshot.pullRequests, by: \.issue) {
            let runs = pullRequests.map(\.run).sorted()
            let cause = TriggerCause.choice(runs)
            guard Set(pullRequests.map(\.agent)).count >= 2, !busy.contains(issue),
                snapshot.openRuns(on: issue).isEmpty,
                !asked.contains("\(issue) \(cause)"),
                seen.insert("\(issue) \(cause)").inserted,
                try await !isChosen(among: runs, on: issue),
                let run = try await parts.store.run(runs[0])?.run,
                let chooser = parts.workflows.first(where: { $0.name == run.workflow })?.chooser,
                // Nobody chooses among their own work; a person does then.
                !pullRequests.contains(where: { $0.agent == chooser })
            else { continue }
            demands.append(
                TriggerDemand(
                    NewTrigger(issue: issue, agent: chooser, cause: cause),
                    workflow: Self.workflow, priority: run.priority))
        }
        let count = try await parts.store.record(demands)
        asked.formUnion(seen)
        return count > 0
    }

    /// Whether somebody has chosen among these already: until the others are closed some of them
    /// may be open still, and one that a person reopens is open against the choice.
    private func isChosen(among runs: [RunID], on issue: IssueReference) async throws -> Bool {
        try await parts.store.runs(matching: RunFilter(issue: issue, limit: 1000)).contains {
            guard $0.run.closing?.outcome == .chosen,
                case .choice(let candidates)? = TriggerCause($0.run.cause)
            else { return false }
            return Set(runs).isSubset(of: candidates)
        }
    }
}
