internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func open(
        _ settings: BurndownSettings, until: Timestamp?, cause: String, plan: [BurndownItem]
    ) async throws -> BurndownID {
        try await queue.write { transaction in
            try SwarmTransaction(transaction).open(
                settings, until: until, cause: cause, plan: plan)
        }
    }

    public func burndowns(openOnly: Bool, limit: Int) async throws -> [Burndown] {
        let condition = openOnly ? "burndown.ended_at_ms IS NULL" : "TRUE"
        return try await queue.read { database in
            try Row.fetchAll(
                database, sql: BurndownRow.query(where: condition), arguments: [max(limit, 0)]
            ).map(BurndownRow.burndown)
        }
    }

    public func burndown(_ id: BurndownID) async throws -> (Burndown, [BurndownItem])? {
        try await queue.read { database in
            guard let burndown = try BurndownRow.fetch(id, database) else { return nil }
            let items = try Row.fetchAll(
                database, sql: "SELECT * FROM burndown_item WHERE burndown = ? ORDER BY position",
                arguments: [id.rawValue]
            ).map(BurndownRow.item)
            return (burndown, items)
        }
    }

    public func start(
        _ item: BurndownItem, of burndown: BurndownID, demand: TriggerDemand, run: NewRun,
        reports: [NewReport]
    ) async throws -> TriggerAnswer {
        try await queue.write { transaction in
            try SwarmTransaction(transaction).start(
                item, of: burndown, demand: demand, run: run, reports: reports)
        }
    }

    public func skip(_ issue: IssueReference, of burndown: BurndownID, because reason: String)
        async throws
    {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            try swarm.execute(
                """
                UPDATE burndown_item
                   SET decision = 'skipped', reason = ?
                 WHERE burndown = ? AND repository = ? AND issue_number = ?
                   AND decision <> 'started' AND (decision = 'planned' OR reason IS NOT ?)
                """,
                [
                    reason, burndown.rawValue, issue.repository.description, issue.number, reason,
                ])
            guard swarm.hasChanged else { return }
            try swarm.add(.burndown, "burn-down \(burndown) skips it: \(reason)", on: issue)
        }
    }

    public func close(_ burndown: BurndownID, because reason: String) async throws {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            try swarm.execute(
                """
                UPDATE burndown
                   SET closing_reason = ?
                 WHERE id = ? AND closing_reason IS NULL AND ended_at_ms IS NULL
                """, [reason, burndown.rawValue])
            guard swarm.hasChanged else { return }
            try swarm.add(.burndown, "burn-down \(burndown) starts nothing more: \(reason)")
        }
    }

    public func end(_ burndown: BurndownID, report: String, reports: [NewReport]) async throws {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            try swarm.execute(
                """
                UPDATE burndown
                   SET ended_at_ms = ?, report_text = ?
                 WHERE id = ? AND ended_at_ms IS NULL
                """, [swarm.now, report, burndown.rawValue])
            guard swarm.hasChanged else { return }
            let posted = try swarm.add(reports)
            try swarm.execute(
                "UPDATE burndown SET report = ? WHERE id = ?",
                [posted.first?.rawValue, burndown.rawValue])
            try swarm.add(.burndown, "burn-down \(burndown) has ended")
        }
    }

    public func reportText(of burndown: BurndownID) async throws -> String? {
        try await queue.read { database in
            try String.fetchOne(
                database,
                sql: "SELECT report_text FROM burndown WHERE id = ? AND report_text IS NOT NULL",
                arguments: [burndown.rawValue])
        }
    }
}

extension SwarmTransaction {
    fileprivate func open(
        _ settings: BurndownSettings, until: Timestamp?, cause: String, plan: [BurndownItem]
    ) throws -> BurndownID {
        if let row = try fetchRow("SELECT id FROM burndown WHERE cause = ?", [cause]) {
            return BurndownID(rawValue: row[0])
        }
        try execute(
            "INSERT INTO burndown (cause, settings, started_at_ms, until_ms) VALUES (?, ?, ?, ?)",
            [cause, try JSONColumn.text(settings), now, until?.milliseconds])
        let id = BurndownID(rawValue: database.lastInsertedRowID)
        for item in plan {
            try execute(
                """
                INSERT INTO burndown_item
                  (burndown, repository, issue_number, title, position, agent, decision, reason,
                   run)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                """,
                [
                    id.rawValue, item.issue.repository.description, item.issue.number, item.title,
                    item.position, item.agent?.rawValue, item.decision.rawValue, item.reason,
                    item.run?.rawValue,
                ])
        }
        let planned = plan.count { $0.decision == .planned }
        try add(
            .burndown,
            "burn-down \(id) plans \(planned) of \(plan.count == 1 ? "1 issue" : "\(plan.count) issues")"
        )
        return id
    }

    /// Opens the run of an item that is still planned, while the burn-down starts anything.
    fileprivate func start(
        _ item: BurndownItem, of id: BurndownID, demand: TriggerDemand, run: NewRun,
        reports: [NewReport]
    ) throws -> TriggerAnswer {
        let row = try fetchRow(
            """
            SELECT *
              FROM burndown_item
             WHERE burndown = ? AND repository = ? AND issue_number = ?
            """, [id.rawValue, item.issue.repository.description, item.issue.number])
        guard let kept = try row.map(BurndownRow.item), kept.decision == .planned,
            try BurndownRow.fetch(id, database)?.state == .running
        else { return .answeredBefore(try row.flatMap { try BurndownRow.item($0).run }) }

        let answer = try open(demand, run, reports: reports)
        switch answer {
        case .opened(let run), .answeredBefore(let run?):
            try execute(
                """
                UPDATE burndown_item
                   SET decision = 'started', run = ?
                 WHERE burndown = ? AND repository = ? AND issue_number = ?
                """,
                [
                    run.rawValue, id.rawValue, item.issue.repository.description,
                    item.issue.number,
                ])
        case .answeredBefore(nil), .agentBusy, .noPlace: break
        }
        return answer
    }
}

/// Reads burn-downs from their rows.
enum BurndownRow {
    /// - Parameter condition: The last argument is the limit.
    static func query(where condition: String) -> String {
        """
        SELECT burndown.*, report.comment_url AS report_url
          FROM burndown
          LEFT JOIN report ON report.id = burndown.report
         WHERE \(condition)
         ORDER BY burndown.id DESC
         LIMIT ?
        """
    }

    static func fetch(_ id: BurndownID, _ database: Database) throws -> Burndown? {
        try Row.fetchOne(
            database, sql: query(where: "burndown.id = ?"), arguments: [id.rawValue, 1]
        ).map(burndown)
    }

    static func burndown(_ row: Row) throws -> Burndown {
        let closingReason = row["closing_reason"] as String?
        let endedAt = row.time("ended_at_ms")
        return Burndown(
            id: BurndownID(rawValue: row["id"]), settings: try row.json("settings"),
            startedAt: Timestamp(milliseconds: row["started_at_ms"]),
            until: row.time("until_ms"), cause: row["cause"],
            state: endedAt != nil ? .ended : closingReason != nil ? .closing : .running,
            closingReason: closingReason, endedAt: endedAt, reportURL: row.address("report_url"))
    }

    static func item(_ row: Row) throws -> BurndownItem {
        BurndownItem(
            issue: try row.reference(), title: row["title"], position: row["position"],
            agent: (row["agent"] as String?).map(AgentName.init(rawValue:)),
            decision: try row.word("decision"), reason: row["reason"],
            run: (row["run"] as Int64?).map(RunID.init(rawValue:)))
    }
}
