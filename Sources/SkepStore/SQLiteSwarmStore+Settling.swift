internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func settle(_ lease: LeaseToken, as settlement: StepSettlement) async throws {
        try await queue.write { try SwarmTransaction($0).settle(lease, as: settlement) }
    }
}

extension SwarmTransaction {
    /// One transaction: the lease, the attempt, the run, its next job, its reports.
    fileprivate func settle(_ lease: LeaseToken, as settlement: StepSettlement) throws {
        try queue.requireLease(lease)
        guard let run = try runOfJob(lease.job), let job = try queue.job(lease.job) else {
            throw QueueError.noSuchJob(lease.job)
        }
        let step = try SettledStep(job, of: run, database)
        try keep(settlement, of: step)
        try execute(
            "UPDATE step_job SET waits_for = NULL WHERE job = ? AND waits_for IS NOT NULL",
            [lease.job.rawValue])

        var reports = settlement.reports
        switch settlement.way {
        case .next(let next):
            guard !step.isCancelled else {
                try cancel(lease)
                break
            }
            try end(lease, "succeeded", nil)
            try add(.settled, of: run, "\(step.name) is done, \(next.step) is next", by: step.agent)
            try queue.settle(lease, as: .succeeded(result: nil, next: []))
            try enqueue(next, for: run)
        case .ask(let question, let people, let next):
            guard !step.isCancelled else {
                try cancel(lease)
                break
            }
            try end(lease, "asked", question)
            try queue.settle(lease, as: .succeeded(result: nil, next: []))
            try ask(question, of: people, then: next, by: step.agent, in: run)
        case .close(let outcome, let detail):
            try close(run, outcome, detail: detail)
            try end(lease, outcome.rawValue, detail)
            try queue.settle(lease, as: .succeeded(result: nil, next: []))
        case .cancel:
            try cancel(lease)
        case .retry(let failure, let notBefore):
            try end(lease, "retry", failure.message)
            if !job.isCancelRequested, job.failures + 1 >= job.maxFailures {
                try close(run, .failed, detail: failure.message)
                reports = settlement.closingReports
            } else if !job.isCancelRequested {
                try add(
                    .trouble, of: run, "\(step.name) is tried again: \(failure.message)",
                    by: step.agent)
            }
            try queue.settle(lease, as: .retry(failure, notBefore: notBefore))
        case .fail(let failure):
            try close(run, .failed, detail: failure.message)
            try end(lease, "failed", failure.message)
            try queue.settle(lease, as: .dead(failure))
        case .snooze(let until, let reason):
            try end(lease, "snoozed", reason)
            try queue.settle(lease, as: .snoozed(until: until, reason: reason))
        case .park(let account):
            if let pause = try park(lease, for: account) {
                try end(lease, "snoozed", pause.words)
            } else {
                try release(lease)
            }
        case .release: try release(lease)
        }
        try holdBack(run, after: job, settlement.session?.id)
        try add(reports, to: run)
    }

    /// The follower closes the run, and reports why.
    private func cancel(_ lease: LeaseToken) throws {
        try end(lease, "cancelled", nil)
        try queue.settle(lease, as: .cancelled)
    }

    private func release(_ lease: LeaseToken) throws {
        try end(lease, "released", nil)
        try queue.settle(lease, as: .released)
    }

    private func end(_ lease: LeaseToken, _ outcome: String, _ detail: String?) throws {
        try execute(
            """
            UPDATE attempt
               SET ended_at_ms = ?, outcome = ?, detail = ?
             WHERE job = ? AND attempt = ? AND ended_at_ms IS NULL
            """, [now, outcome, detail, lease.job.rawValue, lease.attempt])
    }

    /// Keeps what a step found out, whatever becomes of its run.
    private func keep(_ settlement: StepSettlement, of step: SettledStep) throws {
        let run = step.run
        try execute(
            """
            UPDATE run
               SET head_commit = COALESCE(?, head_commit),
                   pull_number = COALESCE(?, pull_number),
                   pull_url = COALESCE(?, pull_url),
                   branch = COALESCE(?, branch)
             WHERE id = ?
            """,
            [
                settlement.head?.rawValue, settlement.pullRequest?.number,
                settlement.pullRequest?.url, settlement.branch?.rawValue, run.id.rawValue,
            ])
        if let session = settlement.session { try close(session) }
        if let account = settlement.account { try note(account, of: settlement.session?.id, run) }
        for check in settlement.checks { try insert(check, of: run) }
        for review in settlement.reviews { try insert(review, of: run) }
        for note in settlement.notes {
            try execute(
                "INSERT INTO run_note (run, note) VALUES (?, ?)", [run.id.rawValue, note])
        }
        if let link = settlement.pullRequest {
            try publish(
                link, from: settlement.branch ?? run.branch, at: settlement.head ?? run.head,
                of: run)
        }
    }

    private func insert(_ check: CheckResult, of run: Run) throws {
        try execute(
            """
            INSERT INTO check_result
              (run, commit_id, command, has_passed, ending, duration_ms, tests, at_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                run.id.rawValue, check.commit.rawValue, check.command, check.hasPassed,
                check.ending, check.duration.milliseconds,
                try check.tests.map { try JSONColumn.text($0) }, now,
            ])
    }

    private func insert(_ review: ReviewRecord, of run: Run) throws {
        try execute(
            """
            INSERT INTO review
              (run, reviewer, commit_id, round, verdict, summary, findings, at_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                run.id.rawValue, review.reviewer.rawValue, review.commit.rawValue, review.round,
                review.verdict.rawValue, review.summary, try JSONColumn.text(review.findings), now,
            ])
        let verdict =
            switch review.verdict {
            case .approved: "approved"
            case .changesRequested: "asked for changes"
            case .commented: "commented"
            }
        let summary = review.summary.isEmpty ? "" : ": \(review.summary)"
        try add(
            .review, of: run, "\(review.reviewer) \(verdict)\(summary)", by: review.reviewer)
    }
}

/// The step that is settled.
private struct SettledStep {
    let run: Run
    let name: StepName
    /// Whose session it had.
    let agent: AgentName
    /// Somebody wants the run cancelled.
    let isCancelled: Bool

    init(_ job: Job, of run: Run, _ database: Database) throws {
        let row = try Row.fetchOne(
            database, sql: "SELECT step, agent FROM step_job WHERE job = ?",
            arguments: [job.id.rawValue])
        guard let row else { throw QueueError.noSuchJob(job.id) }
        self.run = run
        name = StepName(rawValue: row["step"])
        agent = (row["agent"] as String?).map(AgentName.init(rawValue:)) ?? run.agent
        isCancelled = run.cancelReason != nil || job.isCancelRequested
    }
}
