internal import GRDB
public import SkepCore
public import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func accountHolds() async throws -> [AccountHold] {
        try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT \(AccountRow.columns) FROM account_hold ORDER BY since_ms, account"
            ).map(AccountRow.hold)
        }
    }

    public func use(of account: ProviderAccount) async throws -> AccountUse {
        try await queue.read { try AccountRow.use(of: account, $0) }
    }

    public func setPlaces(
        _ places: [ProviderAccount: Int], of agents: [AgentName: ProviderAccount]
    ) async throws {
        try await queue.write { try SwarmTransaction($0).setPlaces(places, of: agents) }
    }

    public func claim(_ account: ProviderAccount, for lease: LeaseToken) async throws
        -> AccountPause?
    {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            return try SwarmTransaction(transaction).claim(account, for: lease.job)
        }
    }

    public func lift(_ account: ProviderAccount) async throws {
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            try swarm.execute("DELETE FROM account_hold WHERE account = ?", [account.rawValue])
            guard swarm.hasChanged else { return }
            try swarm.add(.settled, "account \(account.rawValue) may be used again")
            try swarm.fillPlaces()
        }
    }

    public func note(
        _ usage: Usage?, outputBytes: Int64, of session: SessionID, with account: ProviderAccount,
        by lease: LeaseToken
    ) async throws {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            let swarm = SwarmTransaction(transaction)
            try swarm.execute(
                "UPDATE session SET output_bytes = ? WHERE id = ? AND ended_at_ms IS NULL",
                [outputBytes, session.rawValue])
            guard let usage else { return }
            if usage.tokens > 0 { try swarm.noteWorks(account, as: session) }
            try swarm.execute(
                """
                UPDATE session
                   SET input_tokens = ?, cached_input_tokens = ?, cache_write_tokens = ?,
                       output_tokens = ?, reasoning_tokens = ?, cost_microdollars = ?
                 WHERE id = ? AND ended_at_ms IS NULL
                """,
                [
                    usage.input, usage.cachedInput, usage.cacheWrites, usage.output,
                    usage.reasoning, usage.cost?.microdollars, session.rawValue,
                ])
        }
    }

    public func note(_ sandbox: SandboxReport, of session: SessionID, by lease: LeaseToken)
        async throws
    {
        try await queue.write { transaction in
            try transaction.requireLease(lease)
            try SwarmTransaction(transaction).execute(
                "UPDATE session SET sandbox = ? WHERE id = ? AND ended_at_ms IS NULL",
                [try JSONColumn.text(sandbox), session.rawValue])
        }
    }

    public func usage(of scope: UsageScope, besides session: SessionID?, at now: Timestamp?)
        async throws -> UsageSum
    {
        let condition: String
        let arguments: StatementArguments
        switch scope {
        case .run(let run):
            condition = "run = ?"
            arguments = [run.rawValue]
        case .issue(let issue, let agent):
            condition =
                "agent = ? AND run IN (SELECT id FROM run WHERE repository = ? AND issue_number = ?)"
            arguments = [agent.rawValue, issue.repository.description, issue.number]
        case .period(let agent, let from, let to):
            condition =
                "agent = ? AND (ended_at_ms IS NULL OR (ended_at_ms >= ? AND ended_at_ms < ?))"
            arguments = [agent.rawValue, from.milliseconds, to.milliseconds]
        }
        return try await queue.read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT COUNT(*) AS sessions,
                           COUNT(*) - COUNT(cost_microdollars) AS without_cost,
                           COALESCE(SUM(MAX(0, COALESCE(ended_at_ms, ?) - started_at_ms)), 0)
                             AS working_ms,
                           COALESCE(SUM(output_bytes), 0) AS output_bytes,
                           COALESCE(SUM(input_tokens), 0) AS input_tokens,
                           SUM(cached_input_tokens) AS cached_input_tokens,
                           SUM(cache_write_tokens) AS cache_write_tokens,
                           COALESCE(SUM(output_tokens), 0) AS output_tokens,
                           SUM(reasoning_tokens) AS reasoning_tokens,
                           SUM(cost_microdollars) AS cost_microdollars
                      FROM session
                     WHERE \(condition) AND id IS NOT ?
                    """, arguments: [now?.milliseconds] + arguments + [session?.rawValue])
            guard let row else { return UsageSum() }
            return UsageSum(
                usage: SessionRow.usage(row) ?? Usage(),
                time: .milliseconds(row["working_ms"] as Int64),
                outputBytes: row["output_bytes"], sessions: row["sessions"],
                sessionsWithoutCost: row["without_cost"])
        }
    }
}

extension SwarmTransaction {
    fileprivate func setPlaces(
        _ places: [ProviderAccount: Int], of agents: [AgentName: ProviderAccount]
    ) throws {
        try execute("DELETE FROM account_places", [])
        for (account, places) in places {
            try execute(
                "INSERT INTO account_places (account, places) VALUES (?, ?)",
                [account.rawValue, places])
        }
        for (agent, account) in agents {
            try execute(
                """
                UPDATE step_job
                   SET account = ?
                 WHERE account IS NULL
                   AND job IN (SELECT job FROM session WHERE agent = ? AND ended_at_ms IS NULL)
                """, [account.rawValue, agent.rawValue])
        }
        try fillPlaces()
    }

    fileprivate func claim(_ account: ProviderAccount, for job: JobID) throws -> AccountPause? {
        let place = try fetchRow(
            "SELECT 1 FROM step_job WHERE job = ? AND account = ?",
            [job.rawValue, account.rawValue])
        guard place == nil else { return nil }
        if let pause = try AccountRow.use(of: account, database).pause(at: queue.now) {
            return pause
        }
        try execute(
            "UPDATE account_hold SET tried_by = ? WHERE account = ?",
            [job.rawValue, account.rawValue])
        try execute(
            "UPDATE step_job SET account = ?, waits_for = NULL WHERE job = ?",
            [account.rawValue, job.rawValue])
        return nil
    }

    /// Writes down what a session showed of its account.
    func note(_ verdict: AccountVerdict, of session: SessionID?, _ run: Run) throws {
        switch verdict {
        case .works(let account): try noteWorks(account, as: session)
        case .fails(let account, let failure):
            try hold(account, failure, session)
            guard let hold = try AccountRow.fetch(account, database) else { return }
            try add(
                .trouble, of: run,
                "\(hold.words); its work waits: \(hold.message)")
        }
    }

    /// Has an account wait no more, and what waits for it go on: a session shows that it works.
    fileprivate func noteWorks(_ account: ProviderAccount, as session: SessionID?) throws {
        // One that began before the account stopped working says nothing about now.
        try execute(
            """
            DELETE FROM account_hold
             WHERE account = ?
               AND noted_at_ms <= (SELECT started_at_ms FROM session WHERE id = ?)
            """, [account.rawValue, session?.rawValue])
        guard hasChanged else { return }
        try add(.settled, "account \(account.rawValue) works again")
        try fillPlaces()
    }

    /// Has a job wait for an account.
    ///
    /// - Returns: `nil` when there is nothing to wait for any more; nothing was done then.
    func park(_ lease: LeaseToken, for account: ProviderAccount) throws -> AccountPause? {
        guard let pause = try AccountRow.use(of: account, database).pause(at: queue.now) else {
            return nil
        }
        try execute(
            "UPDATE step_job SET waits_for = ? WHERE job = ?",
            [account.rawValue, lease.job.rawValue])
        try queue.settle(
            lease, as: .snoozed(until: pause.end(seenFrom: queue.now), reason: pause.words))
        return pause
    }

    private func hold(_ account: ProviderAccount, _ failure: AgentFailure, _ session: SessionID?)
        throws
    {
        let before = try AccountRow.fetch(account, database)
        // Sessions that ran side by side and stopped together are one failure.
        let isNews = try before == nil || began(session, after: account)
        let failures = isNews ? (before?.failures ?? 0) + 1 : before?.failures ?? 1
        let until = AccountHold.end(of: failure, failures: failures, now: queue.now)
        try execute(
            """
            INSERT INTO account_hold
              (account, type, until_ms, since_ms, noted_at_ms, failures, message, evidence)
            VALUES (:account, :type, :until, :now, :now, :failures, :message, :evidence)
                ON CONFLICT (account) DO UPDATE
               SET type = :type, until_ms = :until, noted_at_ms = :now, failures = :failures,
                   message = :message, evidence = :evidence, tried_by = NULL
            """,
            [
                "account": account.rawValue, "type": failure.type.rawValue,
                "until": until.milliseconds, "now": now, "failures": failures,
                "message": oneLine(failure.message),
                "evidence": try JSONColumn.text(failure.evidence),
            ])
    }

    private func began(_ session: SessionID?, after account: ProviderAccount) throws -> Bool {
        try fetchRow(
            """
            SELECT 1
              FROM session
              JOIN account_hold ON account_hold.noted_at_ms <= session.started_at_ms
             WHERE session.id = ? AND account_hold.account = ?
            """, [session?.rawValue, account.rawValue]) != nil
    }
}

/// Reads from their rows how accounts stand.
enum AccountRow {
    /// A job tries a parked account as long as it has a place with it.
    static let columns = """
        account_hold.*,
        (SELECT job
           FROM step_job
          WHERE job = tried_by AND step_job.account = account_hold.account) AS trier
        """

    static func fetch(_ account: ProviderAccount, _ database: Database) throws -> AccountHold? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT \(columns) FROM account_hold WHERE account = ?"),
            arguments: [account.rawValue]
        ).map(hold)
    }

    static func hold(_ row: Row) throws -> AccountHold {
        AccountHold(
            account: ProviderAccount(rawValue: row["account"]), type: try row.word("type"),
            until: Timestamp(milliseconds: row["until_ms"]),
            since: Timestamp(milliseconds: row["since_ms"]), failures: row["failures"],
            message: row["message"], evidence: try row.json("evidence"),
            triedBy: (row["trier"] as Int64?).map(JobID.init(rawValue:)))
    }

    static func use(of account: ProviderAccount, _ database: Database) throws -> AccountUse {
        AccountUse(
            account: account, hold: try fetch(account, database),
            places: try Int.fetchOne(
                database.cachedStatement(
                    sql: "SELECT places FROM account_places WHERE account = ?"),
                arguments: [account.rawValue]),
            // Served by step_job_account.
            runs: try Int64.fetchAll(
                database.cachedStatement(
                    sql: "SELECT run FROM step_job WHERE account = ?"),
                arguments: [account.rawValue]
            ).map(RunID.init(rawValue:)).sorted())
    }
}
