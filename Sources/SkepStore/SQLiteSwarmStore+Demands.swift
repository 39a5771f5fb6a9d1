internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func record(_ demands: [TriggerDemand]) async throws -> Int {
        guard !demands.isEmpty else { return 0 }
        return try await queue.write { try SwarmTransaction($0).record(demands) }
    }

    public func waitingTriggers(on issue: IssueReference?) async throws -> [WaitingTrigger] {
        try await queue.read { try TriggerRow.waiting(on: issue, $0) }
    }

    public func noteGates(_ gates: [TriggerID: [ShutGate]]) async throws {
        let noted = try gates.map { NotedGates(trigger: $0, gates: try JSONColumn.text($1)) }
        // What is written already costs no write.
        let news = try await queue.read { database in
            try noted.filter {
                try TriggerRow.gates(of: $0.trigger, database) ?? $0.gates != $0.gates
            }
        }
        guard !news.isEmpty else { return }
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            for new in news.sorted(by: { $0.trigger < $1.trigger }) {
                try swarm.note(new, gates[new.trigger] ?? [])
            }
        }
    }

    public func dismiss(_ trigger: TriggerID, because reason: String, reports: [NewReport])
        async throws
    {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            guard let row = try TriggerRow.fetch(trigger, swarm.database), row.isWaiting else {
                return
            }
            // What stands would be seen again in the next pass: it stays dismissed until its cause is
            // gone. What was said at a moment is over.
            try swarm.execute(
                """
                UPDATE run_trigger
                   SET dismissed = ?, ended_at_ms = CASE is_standing WHEN 0 THEN ? END
                 WHERE id = ?
                """, [reason, swarm.now, trigger.rawValue])
            try swarm.add(
                .cancelled, "no run for \(row.cause): \(reason)", on: row.issue, agent: row.agent)
            try swarm.add(reports, on: row.issue)
        }
    }

    public func cursor(of repository: RepositoryName) async throws -> TrackerCursor? {
        try await queue.read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM tracker_cursor WHERE repository = ?",
                arguments: [repository.description]
            ).map {
                TrackerCursor(
                    changes: Timestamp(milliseconds: $0["changes_ms"]),
                    comments: Timestamp(milliseconds: $0["comments_ms"]))
            }
        }
    }

    public func setCursor(_ cursor: TrackerCursor, of repository: RepositoryName) async throws {
        guard try await self.cursor(of: repository) != cursor else { return }
        try await queue.write { transaction in
            try SwarmTransaction(transaction).execute(
                """
                INSERT INTO tracker_cursor (repository, changes_ms, comments_ms)
                VALUES (?, ?, ?)
                    ON CONFLICT (repository) DO UPDATE
                        SET changes_ms = excluded.changes_ms, comments_ms = excluded.comments_ms
                """,
                [
                    repository.description, cursor.changes.milliseconds,
                    cursor.comments.milliseconds,
                ])
        }
    }
}

/// The shut gates of a demand, as they are kept.
private struct NotedGates: Sendable {
    let trigger: TriggerID
    let gates: String
}

extension SwarmTransaction {
    /// Writes demands down, each once.
    ///
    /// - Returns: How many are new.
    func record(_ demands: [TriggerDemand]) throws -> Int {
        var count = 0
        for demand in demands {
            let trigger = demand.trigger
            if let row = try TriggerRow.fetch(trigger, database) {
                try raise(row, to: demand.priority)
                continue
            }
            // Work that goes on answers what stands; what was said at a moment waits for its turn.
            let busy =
                trigger.cause.isStanding
                ? try openRun(on: trigger.issue, by: trigger.agent) : nil
            try insert(demand, answeredBy: busy)
            let asker = demand.askedBy.map { " by \($0)" } ?? ""
            try add(
                .asked, "\(trigger.cause)\(asker)", on: trigger.issue, run: busy,
                agent: trigger.agent)
            count += 1
        }
        return count
    }

    /// Writes a demand down.
    @discardableResult
    func insert(_ demand: TriggerDemand, answeredBy run: RunID?) throws -> TriggerID {
        let trigger = demand.trigger
        try execute(
            """
            INSERT INTO run_trigger
              (repository, issue_number, agent, cause, is_standing, workflow, asked_by, priority,
               findings, not_before_ms, seen_at_ms, run)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                trigger.issue.repository.description, trigger.issue.number,
                trigger.agent.rawValue, trigger.cause.description, trigger.cause.isStanding,
                demand.workflow?.rawValue, demand.askedBy?.rawValue, allowed(demand.priority),
                demand.findings, demand.notBefore?.milliseconds, now, run?.rawValue,
            ])
        return TriggerID(rawValue: database.lastInsertedRowID)
    }

    /// A label may have made an issue more urgent, or less, while a demand on it waits.
    private func raise(_ row: TriggerRow, to priority: Int) throws {
        guard row.isWaiting, row.priority != allowed(priority) else { return }
        try execute(
            "UPDATE run_trigger SET priority = ? WHERE id = ?",
            [allowed(priority), row.id.rawValue])
    }

    /// The nearest priority that a job may have.
    func allowed(_ priority: Int) -> Int {
        min(max(priority, JobPriority.allowed.lowerBound), JobPriority.allowed.upperBound)
    }

    fileprivate func note(_ new: NotedGates, _ gates: [ShutGate]) throws {
        guard let row = try TriggerRow.fetch(new.trigger, database), row.isWaiting,
            row.gates != new.gates
        else { return }
        try execute(
            "UPDATE run_trigger SET gates = ? WHERE id = ?", [new.gates, new.trigger.rawValue])

        // That its agent is at it, or that more may be said, is no news.
        let kinds = Set(gates.map(\.kind))
        guard kinds != Set(row.shutGates.map(\.kind)),
            !kinds.subtracting([.taken, .gathering]).isEmpty
        else { return }
        try add(
            .waits, gates.map(\.what).joined(separator: " "), on: row.issue, agent: row.agent)
    }
}
