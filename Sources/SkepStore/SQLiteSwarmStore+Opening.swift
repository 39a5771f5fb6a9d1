internal import GRDB
public import SkepCore
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func open(_ trigger: NewTrigger, _ run: NewRun, reports: [NewReport]) async throws
        -> TriggerAnswer
    {
        try await queue.write { try SwarmTransaction($0).open(trigger, run, reports: reports) }
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
                    TriggerCause(standing: row["cause"]).map { cause in
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
                try swarm.execute(
                    """
                    UPDATE run_trigger
                       SET ended_at_ms = ?
                     WHERE repository = ? AND issue_number = ? AND agent = ? AND cause = ?
                       AND ended_at_ms IS NULL
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
    fileprivate func open(_ trigger: NewTrigger, _ new: NewRun, reports: [NewReport]) throws
        -> TriggerAnswer
    {
        let issue = trigger.issue
        let answered = try Int64.fetchOne(
            database,
            sql: """
                SELECT run
                  FROM run_trigger
                 WHERE repository = ? AND issue_number = ? AND agent = ? AND cause = ?
                   AND ended_at_ms IS NULL
                """,
            arguments: [
                issue.repository.description, issue.number, trigger.agent.rawValue,
                trigger.cause.description,
            ])
        if let answered { return .answeredBefore(RunID(rawValue: answered)) }

        if let busy = try openRun(on: issue, by: new.agent) {
            // A standing cause seen while the agent works there is answered by that work.
            if trigger.cause.isStanding { try insert(trigger, for: busy) }
            return .agentBusy(busy)
        }

        try execute(
            """
            INSERT INTO run
              (repository, issue_number, issue_title, agent, workflow, branch, continues_branch,
               cause, opened_at_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                issue.repository.description, issue.number, new.issueTitle, new.agent.rawValue,
                new.workflow.rawValue, new.branch.rawValue, new.continuesBranch,
                trigger.cause.description, now,
            ])
        let id = RunID(rawValue: database.lastInsertedRowID)
        try insert(trigger, for: id)
        try enqueue(new.firstStep, for: id)
        try add(reports, to: run(id))
        return .opened(id)
    }

    private func insert(_ trigger: NewTrigger, for run: RunID) throws {
        try execute(
            """
            INSERT INTO run_trigger
              (repository, issue_number, agent, cause, is_standing, seen_at_ms, run)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                trigger.issue.repository.description, trigger.issue.number,
                trigger.agent.rawValue, trigger.cause.description, trigger.cause.isStanding, now,
                run.rawValue,
            ])
    }
}
