internal import Logging
internal import SkepCore
internal import SkepQueue

/// Opens runs for waiting demands whose gates are open, the most urgent first; notes the gates of
/// the others.
///
/// Not for several tasks at once: the coordinator has it.
final class DemandAnswerer {
    struct Outcome {
        var opened: [RunID] = []
        var failures: [CoordinatorPass.Failure] = []
    }

    private let parts: SwarmParts
    private let keeper: GateKeeper
    private let answers: TrackerAnswers
    private let choices: Choices
    /// When the first gate opens of which that is known.
    private(set) var nextDue: Timestamp?
    /// What was newest when the demands were looked at, so that nothing is done where nothing
    /// happened.
    private var newestEvent: EventID?
    private var lookedAt: Duration?
    private var waitingCount = 0

    init(_ parts: SwarmParts, answers: TrackerAnswers) {
        self.parts = parts
        self.answers = answers
        keeper = GateKeeper(parts)
        choices = Choices(parts: parts)
    }

    func answer(
        _ readers: [RepositoryName: RepositoryReader],
        _ troubles: [RepositoryName: RepositoryTrouble]
    ) async throws -> Outcome {
        var outcome = Outcome()
        let newest = try await parts.store.lastEvents([], limit: 1).first?.id
        guard isWorthIt(newest) else { return outcome }
        answers.keepRefusals(after: parts.clock.uptime - Self.refusalsLast)
        var snapshot = try await keeper.snapshot(with: answers)
        var waiting = try await parts.store.waitingTriggers(on: nil)
        if try await choices.ask(in: snapshot, waiting) {
            waiting = try await parts.store.waitingTriggers(on: nil)
        }
        waiting = waiting.filter { readers[$0.demand.trigger.issue.repository] != nil }
            .sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }

        var noted: [TriggerID: [ShutGate]] = [:]
        var due: Timestamp?
        for trigger in waiting {
            let repository = trigger.demand.trigger.issue.repository
            guard let reader = readers[repository] else { continue }
            do {
                let gates = try await answer(
                    trigger, reader, troubles[repository], &snapshot, &outcome)
                guard let gates else { continue }
                if gates != trigger.gates { noted[trigger.id] = gates }
                if let opening = gates.compactMap(\.opensAt).max() {
                    due = min(due ?? opening, opening)
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                outcome.failures.append(
                    CoordinatorPass.Failure(repository: repository, error: error))
                try await tell(of: error, trigger.demand.trigger)
            }
        }
        try await parts.store.noteGates(noted)
        let kept = Dictionary(grouping: waiting.map(\.demand.trigger.issue), by: \.repository)
        for (repository, reader) in readers { await reader.keep(Set(kept[repository] ?? [])) }
        nextDue = due
        newestEvent = newest
        lookedAt = parts.clock.uptime
        waitingCount = waiting.count
        return outcome
    }

    // MARK: When

    /// So few demands are looked at in each pass; more only when something happened.
    private static let few = 50
    /// How long it is believed that nothing happened.
    private static let patience = Duration.seconds(60)
    /// How long an answer of the tracker keeps a demand waiting without being asked for again.
    private static let refusalsLast = Duration.seconds(300)

    private func isWorthIt(_ newest: EventID?) -> Bool {
        guard let lookedAt, newest == newestEvent else { return true }
        if (1...Self.few).contains(waitingCount) { return true }
        if let nextDue, parts.clock.now >= nextDue { return true }
        return parts.clock.uptime - lookedAt >= Self.patience
    }

    // MARK: One demand

    /// - Returns: The gates that are shut; `nil` when the demand doesn't wait any more.
    private func answer(
        _ trigger: WaitingTrigger, _ reader: RepositoryReader, _ trouble: RepositoryTrouble?,
        _ snapshot: inout GateKeeper.Snapshot, _ outcome: inout Outcome
    ) async throws -> [ShutGate]? {
        let demand = trigger.demand
        if let trouble { return [Self.gate(trouble)] }
        guard let issue = try await reader.issue(demand.trigger.issue) else {
            try await parts.store.dismiss(trigger.id, because: "the issue is gone", reports: [])
            return nil
        }
        if !issue.isOpen, demand.trigger.cause.endsWithIssue {
            try await parts.store.dismiss(trigger.id, because: "the issue is closed", reports: [])
            return nil
        }
        let gates = try await keeper.shutGates(for: demand, on: issue, in: snapshot)
        guard gates.isEmpty else { return gates }

        let agent = try parts.agent(demand.trigger.agent)
        guard let workflow = parts.workflow(for: demand) else { return [] }
        var run = try await RunPlanner(parts: parts).plan(
            issue, agent: agent, workflow: workflow, priority: demand.priority,
            findings: demand.findings)
        run.places = keeper.places(for: demand)
        let answer = try await parts.store.open(
            trigger.id, run, reports: [ReportText.started(run.agent, for: demand)])
        switch answer {
        case .opened(let id):
            outcome.opened.append(id)
            if let summary = try await parts.store.run(id) { snapshot.count(summary) }
            parts.logger.notice(
                "Opened run",
                metadata: [
                    LogKeys.run: "\(id)", LogKeys.issue: "\(issue.reference)",
                    LogKeys.agent: "\(run.agent)",
                ])
        case .noPlace:
            snapshot = try await keeper.snapshot(with: answers)
            return try await keeper.shutGates(for: demand, on: issue, in: snapshot)
        case .agentBusy, .answeredBefore: break
        }
        return nil
    }

    private func tell(of error: any Error, _ trigger: NewTrigger) async throws {
        parts.logger.warning(
            "Can't dispatch issue",
            metadata: [
                LogKeys.issue: "\(trigger.issue)", LogKeys.agent: "\(trigger.agent)",
                LogKeys.error: "\(error)",
            ])
        let what = (error as? any SkepError)?.what ?? "\(error)"
        try await parts.store.record(
            NewSwarmEvent(
                .trouble, issue: trigger.issue, agent: trigger.agent,
                text: "it can't be started: \(what)"))
    }

    private static func gate(_ trouble: RepositoryTrouble) -> ShutGate {
        ShutGate(
            .tracker,
            what: trouble.isOutOfReach
                ? "The tracker can't be asked since \(trouble.since.words)."
                : "The repository can't be read since \(trouble.since.words): \(trouble.reason)",
            opens: "when it answers again")
    }
}

extension WaitingTrigger {
    /// Its place: more urgent ones go first, and whoever waits long goes before them in the end.
    var rank: Timestamp { JobPriority.rank(of: demand.priority, readyAt: seenAt) }
}
