internal import Logging
internal import SkepCore
internal import SkepQueue

/// Begins what a tick of a workflow's schedule is for: a burn-down, or demands for the issues that
/// the workflow selects.
struct TickRunner: Sendable {
    let parts: SwarmParts

    func run(_ lease: Lease) async throws -> Disposition {
        let name = WorkflowName(rawValue: String(decoding: lease.job.payload, as: UTF8.self))
        guard let workflow = parts.workflows.first(where: { $0.name == name }) else {
            return try await dead(name, "There is no workflow \"\(name)\" any more.")
        }
        do {
            let nominal = try await nominalTime(of: lease.job)
            let outcome =
                if let template = workflow.burndown {
                    try await begin(template, of: workflow, at: nominal)
                } else {
                    try await ask(for: workflow, at: nominal)
                }
            parts.logger.notice(
                "Schedule came", metadata: [LogKeys.outcome: "\(name): \(outcome)"])
            return .settle(.succeeded(result: Array(outcome.utf8), next: []))
        } catch let error as EngineError {
            // Also what another worker may know: a person has to look at the workflow's file.
            return try await dead(name, error.description)
        } catch let error as any SkepError where error.mayPass {
            return .settle(
                .snoozed(
                    until: parts.clock.now + Patience.delay(attempt: lease.job.attempt),
                    reason: error.what))
        } catch let error as any SkepError {
            return try await dead(name, error.description)
        }
    }

    /// People who expected something to begin are told.
    private func dead(_ name: WorkflowName, _ message: String) async throws -> Disposition {
        try await parts.store.record(
            NewSwarmEvent(.trouble, text: "the schedule of \(name) begins nothing: \(message)"))
        return .settle(.dead(Failure(kind: "schedule", message: message)))
    }

    /// The tick's own time, however late it is seen and however often it is tried.
    private func nominalTime(of job: Job) async throws -> Timestamp {
        let name = ScheduleName(rawValue: String(decoding: job.payload, as: UTF8.self))
        let ticks = try await parts.queue.ticks(of: name, limit: 100)
        return ticks.first { $0.job == job.id }?.nominalAt ?? job.enqueuedAt
    }

    // MARK: A burn-down

    private func begin(
        _ template: BurndownTemplate, of workflow: Workflow, at nominal: Timestamp
    ) async throws -> String {
        var settings = template.settings
        settings.workflow = settings.workflow ?? workflow.name
        let cause = TriggerCause.tick(workflow.name, nominal).description
        do {
            let id = try await Burndowns(parts).start(
                settings, until: try template.close(after: nominal), cause: cause)
            return "burn-down \(id)"
        } catch let refusal as BurndownError {
            let text = "\(workflow.name) begins no burn-down: \(refusal.what)"
            try await parts.store.record(NewSwarmEvent(.schedule, text: text))
            return text
        }
    }

    // MARK: Demands

    /// Asks for every issue that the workflow selects, unless somebody is at it, or it waits since
    /// an earlier tick.
    private func ask(for workflow: Workflow, at nominal: Timestamp) async throws -> String {
        guard let selection = workflow.selection else {
            throw TickError.nothingToBegin(workflow.name)
        }
        guard let agent = workflow.defaultAgent else {
            throw EngineError.noDefaultAgent(workflow.name)
        }
        _ = try parts.agent(agent)
        var demands: [TriggerDemand] = []
        let snapshot = try await GateKeeper(parts).snapshot()
        let waiting = Set(
            try await parts.store.waitingTriggers(on: nil)
                .filter { $0.demand.trigger.agent == agent }.map(\.demand.trigger.issue))
        let issues = try await parts.openIssues(
            in: parts.dispatch.repositories, labels: selection.labels)
        for issue in issues
        where !waiting.contains(issue.reference)
            && snapshot.openRuns(on: issue.reference).isEmpty
            && snapshot.pullRequests(on: issue.reference).isEmpty
        {
            demands.append(
                TriggerDemand(
                    NewTrigger(
                        issue: issue.reference, agent: agent,
                        cause: .tick(workflow.name, nominal)),
                    workflow: workflow.name, priority: parts.dispatch.priority(of: issue)))
        }
        let count = try await parts.store.record(demands)
        let text =
            "\(workflow.name) asks \(agent) for \(count == 1 ? "1 issue" : "\(count) issues")"
        if count > 0 { try await parts.store.record(NewSwarmEvent(.schedule, text: text)) }
        return text
    }
}

/// What a tick can't do.
enum TickError: SkepError, Hashable {
    case nothingToBegin(WorkflowName)

    var kind: ErrorKind { .configuration }

    var what: String {
        switch self {
        case .nothingToBegin(let name):
            "Workflow \"\(name)\" has a schedule, and says neither which issues it is for nor a "
                + "burn-down."
        }
    }

    var advice: String? { "Give it \"select\" or \"burndown\", or take its schedule away." }
}
