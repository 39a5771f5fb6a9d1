internal import SkepCore
internal import SkepQueue

/// How far a burn-down is: its plan with what became of it, read anew each time it is looked at.
struct BurndownProgress: Sendable {
    let burndown: Burndown
    let items: [BurndownItem]
    /// Its runs that aren't closed.
    let openRuns: [RunID: RunSummary]
    /// Those of them whose agent asked a person something. They hold no place, and a burn-down ends
    /// without them: whoever answers in the morning can be told of them before.
    let questions: [RunID: Question]

    var planned: [BurndownItem] { items.filter { $0.decision == .planned } }
    var startedRuns: [RunID] { items.compactMap(\.run) }
    /// Its runs on which something happens by itself.
    var activeRuns: [RunSummary] {
        openRuns.values.filter { questions[$0.run.id] == nil }.sorted { $0.run.id < $1.run.id }
    }

    /// - Returns: `nil` when there is no such burn-down.
    init?(_ id: BurndownID, _ store: any SwarmStore) async throws {
        // The plan before the runs: a run that isn't open then was, and is closed.
        guard let (burndown, items) = try await store.burndown(id) else { return nil }
        let runs = Set(items.compactMap(\.run))
        self.burndown = burndown
        self.items = items
        let all = RunFilter(openOnly: true, limit: Burndowns.all)
        let open = try await store.runs(matching: all)
        openRuns = Dictionary(
            open.filter { runs.contains($0.run.id) }.map { ($0.run.id, $0) },
            uniquingKeysWith: { first, _ in first })
        questions = Dictionary(
            try await store.openQuestions(in: nil).filter { runs.contains($0.run) }
                .map { ($0.run, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Array where Element == SessionRecord {
    /// How long they took together, up to now where they go on.
    func length(until now: Timestamp) -> Duration {
        reduce(.zero) { $0 + Swift.max(($1.endedAt ?? now) - $1.startedAt, .zero) }
    }
}
