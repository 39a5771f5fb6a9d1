internal import SkepCore
internal import SkepQueue

// Jobs whose agent can't be asked now: they hold no slot, and no failure is counted.
extension StepRunner {
    /// Where the agent's account has to wait, when the step's session may be started; `nil`: now.
    func pause(_ context: StepContext, _ step: any Step) async throws -> StepSettlement? {
        // One that is under way has its leave.
        guard type(of: step).hasSession, context.job.openSession == nil else { return nil }
        let account = context.agent.definition.provider
        let pause = try await parts.store.claim(account, for: context.lease.token)
        return pause == nil ? nil : StepSettlement(.park(account))
    }

    /// Has the job wait for its agent's account, which stopped working just now.
    func park(
        _ failure: AgentFailure, _ context: StepContext, _ settlement: inout StepSettlement
    ) {
        let now = parts.clock.now
        let agent = context.agent.definition
        let until = AccountHold.end(of: failure, failures: 1, now: now)
        settlement.way = .park(agent.provider)
        settlement.reports.append(
            ReportText.waits(
                agent: agent.name, account: agent.provider, failure: failure,
                until: LocalTime.machine.moment(until, seenFrom: now)))
    }

    /// Has the job wait by itself, ever longer.
    func wait(
        _ failure: AgentFailure, _ context: StepContext, _ settlement: inout StepSettlement
    ) {
        let now = parts.clock.now
        let until =
            switch failure.type {
            case .budget: failure.resetsAt ?? now
            // It goes on as soon as it is let go.
            case .stopped: now
            default: Patience.end(context.job.attempt, now: now, retryAt: failure.resetsAt)
            }
        settlement.way = .snooze(until: until, reason: failure.sentence)
        guard failure.type == .budget else { return }
        settlement.reports.append(
            ReportText.waits(
                agent: context.agent.definition.name, run: context.run.id, failure: failure,
                until: LocalTime.machine.moment(until, seenFrom: now)))
    }

    /// How long a job waits in a row for a provider that can't be reached or has too much to do.
    static let longestWait = Duration.seconds(12 * 3600)

    /// Why a step ends its run that could go on once more.
    func lastStraw(_ way: StepOutcome.Way, _ context: StepContext) async throws -> AgentFailure? {
        switch way {
        case .sentBack: try await circles(context)
        case .wait(let failure) where failure.type.remedy == .wait:
            try await waitedTooLong(failure, context)
        default: nil
        }
    }

    /// - Returns: A failure when the job's sessions have ended so in a row for the longest wait.
    private func waitedTooLong(_ failure: AgentFailure, _ context: StepContext) async throws
        -> AgentFailure?
    {
        let history = try await parts.store.history(of: context.run.id)
        let waits = history.sessions.reversed().filter {
            $0.job == context.job.job && $0.endedAt != nil
        }.prefix { $0.facts.failure?.type.remedy == .wait }
        guard let first = waits.last?.endedAt, parts.clock.now - first >= Self.longestWait else {
            return nil
        }
        var last = failure
        last.message += " (so ended \(waits.count + 1) sessions in a row, for 12 hours)"
        return last
    }

    /// Why the session ended of a step that would be tried again, where somebody stopped it: that is
    /// nobody's failure. One that others ended counts, or it would be begun for ever.
    func stopped(_ outcome: StepOutcome) async throws -> AgentFailure? {
        guard case .retry = outcome.way, let session = outcome.session,
            try await parts.store.session(session.id)?.stop != nil
        else { return nil }
        return AgentFailure(type: .stopped, message: "")
    }

    /// What sent a commit back so often that another round would be the same again.
    ///
    /// - Returns: A failure when the step has sent this very commit back twice before: its agent had
    ///   nothing to add twice in a row.
    private func circles(_ context: StepContext) async throws -> AgentFailure? {
        guard context.job.round > 2, let head = context.run.head else { return nil }
        let history = try await parts.store.history(of: context.run.id)
        let checks = Dictionary(
            grouping: history.checks.filter { $0.commit == head && !$0.hasPassed }, by: \.command)
        let reviews = Dictionary(
            grouping: history.reviews.filter {
                $0.commit == head && $0.verdict == .changesRequested
            }, by: \.reviewer)
        let before = max(
            checks.values.map(\.count).max() ?? 0, reviews.values.map(\.count).max() ?? 0)
        guard before >= 2 else { return nil }
        return AgentFailure(
            type: .noProgress,
            message: "\(context.run.agent) got commit \(head.short) back twice and changed nothing",
            evidence: [
                FailureEvidence(
                    rule: "progress/same-commit@1", source: "history",
                    text: "\(context.definition.name), round \(context.job.round)")
            ])
    }
}
