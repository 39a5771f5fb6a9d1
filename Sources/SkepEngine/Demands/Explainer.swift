public import SkepCore
internal import SkepQueue

/// Tells why an issue is worked on, or isn't: everything that asks for work on it, each with the
/// gates that are shut, and where its runs are.
public struct Explainer: Sendable {
    private let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// - Throws: What the tracker and the store throw.
    public func explain(_ reference: IssueReference) async throws -> Explanation {
        try await explain(try await parts.tracker.issue(reference))
    }

    func explain(_ issue: Issue) async throws -> Explanation {
        let keeper = GateKeeper(parts)
        let snapshot = try await keeper.snapshot()
        let runs = try await parts.store.runs(
            matching: RunFilter(issue: issue.reference, limit: 1000))
        var asks: [Explanation.Ask] = []
        for ask in try await self.asks(on: issue) {
            let run = ask.isAnswered ? runs.first { $0.run.agent == ask.agent } : nil
            let gates =
                ask.isAnswered
                ? []
                : try await keeper.shutGates(
                    for: ask.demand, on: issue, in: snapshot, asking: .everything)
            asks.append(
                Explanation.Ask(
                    agent: ask.agent, cause: ask.demand.trigger.cause.description,
                    askedBy: ask.demand.askedBy, priority: ask.demand.priority,
                    seenAt: ask.seenAt, gates: gates, answeredBy: run?.run.id,
                    answer: run.map(Self.words)))
        }
        var work: [Explanation.Work] = []
        for summary in runs where !summary.state.isClosed {
            work.append(try await place(of: summary, on: issue, snapshot))
        }
        return Explanation(
            issue: issue.reference, title: issue.title, isOpen: issue.isOpen, asks: asks,
            work: work,
            pullRequests: try await parts.store.pullRequests(
                matching: PullRequestFilter(issue: issue.reference)),
            nobody: asks.isEmpty && work.isEmpty ? nobody(issue) : [],
            fullDisk: parts.workspaces.fullDisk())
    }

    private static func words(_ summary: RunSummary) -> String {
        let detail = summary.run.closing?.detail ?? ""
        return summary.state.words + (detail.isEmpty ? "" : ": \(detail)")
    }

    // MARK: Asks

    private struct KnownAsk {
        let demand: TriggerDemand
        var seenAt: Timestamp?
        var isAnswered = false

        var agent: AgentName { demand.trigger.agent }
    }

    /// What waits, what stands, and what burn-downs plan.
    private func asks(on issue: Issue) async throws -> [KnownAsk] {
        let waiting = try await parts.store.waitingTriggers(on: issue.reference)
        var asks = waiting.map { KnownAsk(demand: $0.demand, seenAt: $0.seenAt) }
        let recorded = try await parts.store.standingTriggers(in: issue.reference.repository)
        for demand in StandingDemands(parts: parts).all(on: issue)
        where !waiting.contains(where: { $0.demand.trigger == demand.trigger }) {
            asks.append(
                KnownAsk(demand: demand, isAnswered: recorded.contains(demand.trigger)))
        }
        for burndown in try await parts.store.burndowns(openOnly: true, limit: 100) {
            let items = try await parts.store.burndown(burndown.id)?.1 ?? []
            guard
                let item = items.first(where: {
                    $0.issue == issue.reference && $0.decision == .planned
                }), let agent = item.agent
            else { continue }
            asks.append(
                KnownAsk(
                    demand: TriggerDemand(
                        NewTrigger(
                            issue: issue.reference, agent: agent, cause: .burndown(burndown.id)),
                        workflow: burndown.settings.workflow,
                        priority: parts.dispatch.priority(of: issue)),
                    seenAt: burndown.startedAt))
        }
        return asks
    }

    /// What would have to be so for somebody to be asked.
    private func nobody(_ issue: Issue) -> [String] {
        guard issue.isOpen else { return ["The issue is closed."] }
        if issue.isPullRequest { return ["It is a pull request, not an issue."] }
        var lines = [
            "Nobody is asked: it has no label \(Coordinator.agentLabelPrefix)NAME, and isn't "
                + "assigned to an agent's account."
        ]
        for name in StandingDemands(parts: parts).unknownAgents(on: issue) {
            lines.append("Its label asks for agent \"\(name)\", which isn't there.")
        }
        for workflow in parts.workflows {
            guard let selection = workflow.selection else { continue }
            let missing = selection.labels.filter { !issue.hasLabel($0) }
            if !missing.isEmpty {
                let labels = missing.joined(separator: ", ")
                lines.append("Workflow \(workflow.name) would take it with the label \(labels).")
            } else if workflow.schedule != nil {
                lines.append("Workflow \(workflow.name) takes it when its schedule ticks.")
            } else if workflow.defaultAgent == nil {
                lines.append("Workflow \(workflow.name) has no default agent to take it.")
            }
        }
        if !parts.workflows.contains(where: { $0.selection != nil }) {
            lines.append("No workflow selects issues by itself.")
        }
        return lines
    }

    // MARK: Work

    private func place(
        of summary: RunSummary, on issue: Issue, _ snapshot: GateKeeper.Snapshot
    ) async throws -> Explanation.Work {
        var question = try await parts.store.openQuestions(in: issue.reference.repository)
            .last { $0.run == summary.run.id }
        // Who was asked wasn't written down always.
        if question?.asked.isEmpty ?? false { question?.asked = parts.dispatch.asked(on: issue) }
        let obstacles = try await obstacles(of: summary)
        var taken: [RunID] = []
        for case .keyFull(_, _, let running) in obstacles where summary.state == .queued {
            taken = snapshot.openRuns.filter { $0.job.map(running.contains) ?? false }
                .map(\.run.id).sorted()
        }
        var account: AccountUse?
        if case .waiting = summary.state, let awaited = summary.waitsFor {
            let use = try await parts.store.use(of: awaited)
            if case .full = use.pause(at: parts.clock.now) {
                account = use
                taken = use.runs
            }
        }
        return Explanation.Work(
            run: summary.run.id, agent: summary.run.agent, state: summary.state.word,
            words: summary.state.words, job: summary.job, obstacles: obstacles,
            placesTakenBy: taken, asked: question?.asked ?? [], askedAt: question?.askedAt,
            advice: account?.advice ?? summary.advice(question))
    }

    /// What the queue knows beside what the run's state says.
    private func obstacles(of summary: RunSummary) async throws -> [JobObstacle] {
        guard let job = summary.job else { return [] }
        do {
            let isQueued = summary.state == .queued
            return try await parts.queue.obstacles(of: job).filter { obstacle in
                switch obstacle {
                case .finished, .held, .scheduled: false
                case .queuePaused, .noWorker, .unknownKind: true
                // Its turn comes when it is ready.
                default: isQueued
                }
            }
        } catch QueueError.noSuchJob {
            // Pruned meanwhile.
            return []
        }
    }
}

extension AccountUse {
    /// What would give a place to one that waits.
    fileprivate var advice: String {
        "it goes on as soon as one of them has ended; "
            + "\"agents.account_sessions\" says how many \(account.rawValue) may have"
    }
}
