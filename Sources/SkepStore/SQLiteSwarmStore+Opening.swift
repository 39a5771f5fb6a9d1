internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func open(_ trigger: NewTrigger, _ run: NewRun, reports: [NewReport]) async throws
        -> TriggerAnswer
    {
        try await queue.write { transaction in
            let demand = TriggerDemand(
                trigger, workflow: run.workflow, priority: run.firstStep.priority)
            return try SwarmTransaction(transaction).open(demand, run, reports: reports)
        }
    }

    public func open(_ trigger: TriggerID, _ run: NewRun, reports: [NewReport]) async throws
        -> TriggerAnswer
    {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            guard let row = try TriggerRow.fetch(trigger, swarm.database) else {
                return .answeredBefore(nil)
            }
            return try swarm.answer(row, with: run, reports: reports)
        }
    }

    public func standingTriggers(in repository: RepositoryName) async throws -> Set<NewTrigger> {
        try await queue.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT issue_number, agent, cause
                      FROM run_trigger
                     WHERE repository = ? AND ended_at_ms IS NULL AND is_standing = 1
                    """, arguments: [repository.description])
            return Set(
                rows.compactMap { row in
                    TriggerCause(row["cause"]).map { cause in
                        NewTrigger(
                            issue: IssueReference(
                                repository: repository, number: row["issue_number"]),
                            agent: AgentName(rawValue: row["agent"]), cause: cause)
                    }
                })
        }
    }

    public func endTriggers(_ triggers: Set<NewTrigger>) async throws {
        guard !triggers.isEmpty else { return }
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            for trigger in triggers {
                // What was said once and answered stays answered.
                try swarm.execute(
                    """
                    UPDATE run_trigger
                       SET ended_at_ms = ?
                     WHERE repository = ? AND issue_number = ? AND agent = ? AND cause = ?
                       AND ended_at_ms IS NULL
                       AND (is_standing = 1 OR run IS NULL)
                    """,
                    [
                        swarm.now, trigger.issue.repository.description, trigger.issue.number,
                        trigger.agent.rawValue, trigger.cause.description,
                    ])
            }
        }
    }
}

extension SwarmTransaction {
    /// Opens a run that answers a demand, whether the demand is new or waits already.
    func open(_ demand: TriggerDemand, _ new: NewRun, reports: [NewReport]) throws -> TriggerAnswer
    {
        let trigger = demand.trigger
        if let row = try TriggerRow.fetch(trigger, database) {
            return try answer(row, with: new, reports: reports)
        }
        if let busy = try openRun(on: trigger.issue, by: new.agent) {
            // A standing cause seen while the agent works there is answered by that work.
            if trigger.cause.isStanding { try insert(demand, answeredBy: busy) }
            return .agentBusy(busy)
        }
        guard try hasPlace(for: new) else { return .noPlace }
        let run = try begin(
            new, on: trigger.issue, because: trigger.cause.description,
            findings: demand.findings, reports: reports)
        try insert(demand, answeredBy: run)
        return .opened(run)
    }

    /// Opens a run that answers a demand that is written down.
    fileprivate func answer(_ row: TriggerRow, with new: NewRun, reports: [NewReport]) throws
        -> TriggerAnswer
    {
        guard row.isWaiting else { return .answeredBefore(row.run) }
        if let busy = try openRun(on: row.issue, by: new.agent) {
            if row.isStanding { try note(busy, answers: row.id) }
            return .agentBusy(busy)
        }
        guard try hasPlace(for: new) else { return .noPlace }
        let run = try begin(
            new, on: row.issue, because: row.cause, findings: row.findings, reports: reports)
        try note(run, answers: row.id)
        return .opened(run)
    }

    private func hasPlace(for new: NewRun) throws -> Bool {
        guard let places = new.places else { return true }
        if places.needsFreeIssue, try isTaken(new.issue) { return false }
        // Served by run_open.
        let counts = try fetchRow(
            """
            SELECT COUNT(*), TOTAL(repository = ?), TOTAL(agent = ?)
              FROM run
             WHERE closed_at_ms IS NULL
            """, [new.issue.repository.description, new.agent.rawValue])
        let limits = [places.maxRuns, places.maxRunsPerRepository, places.maxRunsPerAgent]
        return limits.enumerated().allSatisfy { index, limit in
            limit.map { $0 > counts?[index] ?? 0 } ?? true
        }
    }

    /// Whether anybody works on an issue, or a pull request of it waits for people.
    private func isTaken(_ issue: IssueReference) throws -> Bool {
        if try hasOpenRun(on: issue) { return true }
        // Served by run_of_issue.
        return try fetchRow(
            """
            SELECT 1
              FROM run
              JOIN pull_request ON pull_request.run = run.id
             WHERE run.repository = ? AND issue_number = ? AND pull_request.state = 'open'
            """, [issue.repository.description, issue.number]) != nil
    }

    private func note(_ run: RunID, answers trigger: TriggerID) throws {
        try execute(
            "UPDATE run_trigger SET run = ?, gates = '[]' WHERE id = ?",
            [run.rawValue, trigger.rawValue])
    }

    /// What waits for an agent is answered by its work on the issue, whatever it was that began the
    /// work. What goes back to it, a choice, and what tells it something are work of their own.
    private func answerWaiting(by run: Run) throws {
        try execute(
            """
            UPDATE run_trigger
               SET run = ?, gates = '[]'
             WHERE repository = ? AND issue_number = ? AND agent = ?
               AND (is_standing = 1
                    OR (findings IS NULL
                        AND cause NOT LIKE 'feedback:%' AND cause NOT LIKE 'choice:%'))
               AND run IS NULL AND dismissed IS NULL AND ended_at_ms IS NULL
            """,
            [
                run.id.rawValue, run.issue.repository.description, run.issue.number,
                run.agent.rawValue,
            ])
    }

    /// Writes a run down with its first job and its reports.
    private func begin(
        _ new: NewRun, on issue: IssueReference, because cause: String, findings: String?,
        reports: [NewReport]
    ) throws -> RunID {
        try execute(
            """
            INSERT INTO run
              (repository, issue_number, issue_title, agent, workflow, branch, continues_branch,
               cause, priority, opened_at_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                issue.repository.description, issue.number, new.issueTitle, new.agent.rawValue,
                new.workflow.rawValue, new.branch.rawValue, new.continuesBranch, cause,
                allowed(new.firstStep.priority), now,
            ])
        let run = try run(RunID(rawValue: database.lastInsertedRowID))
        try answerWaiting(by: run)
        try add(.opened, of: run, "\(new.workflow) on branch \(new.branch), for \(cause)")
        var firstStep = new.firstStep
        firstStep.findings = firstStep.findings ?? findings
        try enqueue(firstStep, for: run)
        try add(reports, to: run)
        return run.id
    }
}
