internal import Logging
internal import SkepCore
internal import SkepQueue

/// Does the step a lease is for, and settles the lease with what came of it.
struct StepRunner: Sendable {
    let parts: SwarmParts
    let ending: @Sendable () -> SessionEnding

    func run(_ lease: Lease, _ attempt: any AttemptContext) async throws -> Disposition {
        let job: StepJob
        do {
            job = try await parts.store.beginAttempt(lease)
        } catch SwarmError.runClosed {
            return .settle(.cancelled)
        }
        var logger = parts.logger
        logger[metadataKey: LogKeys.run] = "\(job.run.id)"
        logger[metadataKey: LogKeys.issue] = "\(job.run.issue)"
        logger[metadataKey: LogKeys.agent] = "\(job.run.agent)"
        logger[metadataKey: LogKeys.step] = "\(job.step)"
        logger[metadataKey: LogKeys.job] = "\(job.job)"
        logger[metadataKey: LogKeys.attempt] = "\(job.attempt)"

        let began = parts.clock.uptime
        let settlement = try await settlement(lease, job, attempt, logger)
        guard let settlement else { return .settled }
        attempt.willSettle()
        guard try await settle(lease, settlement, attempt, logger) else { return .settled }
        logger.log(
            level: settlement.way.closesRun ? .notice : .info, "Settled step",
            metadata: [
                LogKeys.outcome: "\(settlement.way.word)",
                LogKeys.durationMS: "\((parts.clock.uptime - began).milliseconds)",
            ])
        await release(job.run, logger)
        return .settled
    }

    /// A closed run needs its workspaces no more. One that isn't given back now is when it is old.
    private func release(_ run: Run, _ logger: Logger) async {
        do {
            try await uncancelled { [parts] in
                guard try await parts.store.run(run.id)?.state.isClosed == true else { return }
                try await Cleaner(parts: parts).clean(run.id, of: run.issue.repository)
            }
        } catch {
            logger.warning("Can't release workspaces", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Writes the outcome down; what can't be written now is tried again while the lease lasts,
    /// since the work is done and must not be done twice.
    ///
    /// An attempt that is told to stop, or has lost its lease, doesn't wait for a full disk: the
    /// session has ended, its row is open, and the job's next attempt takes its result.
    ///
    /// - Returns: Whether it was written.
    private func settle(
        _ lease: Lease, _ settlement: StepSettlement, _ attempt: any AttemptContext,
        _ logger: Logger
    ) async throws -> Bool {
        var tries = 1
        while true {
            do {
                try await uncancelled { [parts] in
                    try await parts.store.settle(lease.token, as: settlement)
                }
                return true
            } catch let error as QueueError where error.kind == .unavailable {
                logger.warning("Can't settle step yet", metadata: [LogKeys.error: "\(error)"])
                if attempt.stopReason != nil, tries > 1 { return false }
                // Returns at once when the attempt is told to stop.
                try? await parts.clock.sleep(for: Patience.delay(attempt: tries))
                tries += 1
            } catch QueueError.leaseLost where tries > 1 {
                // The write before may have been kept: then the job is settled.
                return true
            }
        }
    }

    /// - Returns: `nil` when there is nothing to write: the lease is lost.
    private func settlement(
        _ lease: Lease, _ job: StepJob, _ attempt: any AttemptContext, _ logger: Logger
    ) async throws -> StepSettlement? {
        do {
            let workflow = try parts.workflow(job.run.workflow)
            guard let definition = workflow.step(job.step),
                let step = StepCatalog.step(definition.kind)
            else { throw EngineError.noSuchStep(job.step, workflow.name) }
            let context = StepContext(
                parts: parts, lease: lease, job: job, workflow: workflow, definition: definition,
                agent: try parts.agent(job.agent ?? job.run.agent),
                ending: { [ending] in
                    switch attempt.stopReason {
                    case .jobCancelled, .timedOut: .stop
                    case .leaseLost: .detach
                    case .shutdown, nil: ending()
                    }
                }, logger: logger)
            if let pause = roomless(context, step) { return pause }
            if let pause = try await pause(context, step) { return pause }
            var outcome = try await step.run(context)
            if let failure = try await lastStraw(outcome.way, context) {
                outcome.way = .giveUp(failure)
            }
            if let stopped = try await stopped(outcome) { outcome.way = .wait(stopped) }
            if let excuse = excuse(outcome.way, step) { outcome.way = .wait(excuse) }
            return translate(outcome, context)
        } catch {
            if let reason = attempt.stopReason {
                if error is CancellationError || error is SessionInterrupted || reason == .leaseLost
                {
                    return stopped(job, reason, error as? SessionInterrupted)
                }
                // Something may still run. Whoever comes next looks at it again.
                logger.error("Can't stop step", metadata: [LogKeys.error: "\(error)"])
                return StepSettlement(.release)
            }
            if let refusal = error as? QueueError, case .leaseLost = refusal { return nil }
            return failed(error, lease, job, logger)
        }
    }

    private func stopped(_ job: StepJob, _ reason: StopReason, _ session: SessionInterrupted?)
        -> StepSettlement?
    {
        let closing = session.flatMap(\.closing)
        switch reason {
        case .leaseLost: return nil
        case .jobCancelled:
            return StepSettlement(.cancel, session: closing, notes: session?.notes ?? [])
        case .timedOut:
            // Steps keep their own time; a job that was given a limit beside it is held to that.
            let failure = Failure(kind: Failure.timedOut, message: "Its time was up.")
            return StepSettlement(
                .retry(failure, notBefore: nil), session: closing,
                notes: session?.notes ?? [])
        case .shutdown:
            return StepSettlement(.release, session: closing, notes: session?.notes ?? [])
        }
    }

    private func failed(_ error: any Error, _ lease: Lease, _ job: StepJob, _ logger: Logger)
        -> StepSettlement
    {
        let known = error as? any SkepError
        let failure = Failure(kind: known?.kind.rawValue ?? "error", message: "\(error)")
        logger.warning("Step failed", metadata: [LogKeys.error: "\(error)"])
        let report = ReportText.failed(
            agent: job.run.agent, run: job.run.id, why: failure.message, kept: kept(job.run))
        let full = parts.workspaces.fullDisk()
        if full != nil || known?.mayPass == true {
            return StepSettlement(
                .snooze(
                    until: Patience.end(
                        lease.job.attempt, now: parts.clock.now, retryAt: known?.retryAt),
                    reason: full?.failure.sentence ?? known?.what ?? failure.message))
        }
        switch known?.kind {
        case .configuration, .refused, .usage:
            return StepSettlement(.fail(failure), reports: [report])
        case .conflict, .defect, .unavailable, nil:
            return StepSettlement(.retry(failure, notBefore: nil), closingReports: [report])
        }
    }

    private func translate(_ outcome: StepOutcome, _ context: StepContext) -> StepSettlement {
        var settlement = StepSettlement(
            .release, head: outcome.head, pullRequest: outcome.pullRequest, branch: outcome.branch,
            session: outcome.session, account: outcome.account, checks: outcome.checks,
            reviews: outcome.reviews,
            notes: outcome.notes, reports: outcome.reports)
        let run = context.run
        switch outcome.way {
        case .done:
            if let next = context.workflow.step(after: context.definition.name) {
                settlement.way = .next(StepCatalog.job(for: next, in: run))
            } else {
                settlement.way = .close(
                    .noChanges, detail: "the workflow ended without publishing anything")
            }
        case .goOn(let job):
            settlement.way = .next(job)
        case .close(let closing, let detail):
            settlement.way = .close(closing, detail: detail)
        case .ask(let question, let people):
            settlement.way = .ask(
                question, of: people,
                then: StepCatalog.job(
                    for: context.definition, in: run, findings: context.job.findings))
        case .retry(let failure):
            settlement.way = .retry(failure, notBefore: nil)
            settlement.closingReports = [
                failed(
                    failure.message, outcome, run,
                    advice: FailureType(rawValue: failure.kind)?.advice)
            ]
        case .fail(let failure):
            settlement.way = .fail(failure)
            settlement.reports.append(failed(failure.message, outcome, run))
        case .giveUp(let failure):
            settlement.way = .fail(Failure(failure))
            settlement.reports.append(
                ReportText.failed(
                    agent: context.agent.definition.name, run: run.id, failure: failure,
                    kept: outcome.kept ?? kept(run), tail: outcome.tail))
        case .park(let failure): park(failure, context, &settlement)
        case .wait(let failure): wait(failure, context, &settlement)
        case .sentBack(let word, let findings, let detail):
            sendBack(word, findings, detail, outcome, context, &settlement)
        }
        return settlement
    }

    /// Back to the step that the workflow names, as often as it may; then on, or to the end.
    private func sendBack(
        _ word: String, _ findings: String, _ detail: String, _ outcome: StepOutcome,
        _ context: StepContext, _ settlement: inout StepSettlement
    ) {
        func target(_ word: String) -> StepDefinition? {
            context.definition.onOutcome[word].flatMap { context.workflow.step($0) }
        }
        let run = context.run
        let rounds = context.definition.rounds
        if let step = target(word), context.job.round <= rounds {
            settlement.way = .next(StepCatalog.job(for: step, in: run, findings: findings))
            settlement.reports.append(
                ReportText.sentBack(
                    agent: run.agent, step: context.definition.name,
                    why: word == ReviewStep.changesRequested
                        ? detail : "\(context.definition.name) failed",
                    round: context.job.round, of: rounds, findings: outcome.tail))
        } else if let step = target(StepDefinition.atCap) {
            settlement.way = .next(StepCatalog.job(for: step, in: run))
            settlement.notes.append(
                "\(detail); it went on all the same, after \(context.job.round) rounds.")
        } else {
            settlement.way = .fail(Failure(kind: word, message: detail))
            settlement.reports.append(failed(detail, outcome, run))
        }
    }

    private func failed(
        _ why: String, _ outcome: StepOutcome, _ run: Run, advice: String? = nil
    ) -> NewReport {
        ReportText.failed(
            agent: run.agent, run: run.id, why: why, advice: advice,
            kept: outcome.kept ?? kept(run), tail: outcome.tail)
    }

    /// How to look at the commits of a run that isn't published.
    private func kept(_ run: Run) -> String? {
        run.head.map { "commit \($0.short); `skep branch diff \(run.id)` shows it" }
    }
}

extension StepSettlement.Way {
    var closesRun: Bool {
        switch self {
        case .close, .cancel, .fail: true
        case .next, .retry, .snooze, .park, .release, .ask: false
        }
    }

    var word: String {
        switch self {
        case .next(let job): "next: \(job.step)"
        case .close(let outcome, _): outcome.rawValue
        case .cancel: "cancelled"
        case .retry: "retry"
        case .fail: "failed"
        case .snooze: "snoozed"
        case .park: "parked"
        case .release: "released"
        case .ask: "asked"
        }
    }
}
