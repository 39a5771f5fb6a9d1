internal import GRDB
internal import SkepCore
internal import SkepQueue

/// A demand's row, as far as it decides what becomes of the demand.
struct TriggerRow {
    let id: TriggerID
    let issue: IssueReference
    let agent: AgentName
    /// The cause as it is kept.
    let cause: String
    let isStanding: Bool
    let priority: Int
    let findings: String?
    /// The shut gates as they are kept.
    let gates: String
    /// The run that answers it.
    let run: RunID?
    let isWaiting: Bool

    init(_ row: Row) throws {
        id = TriggerID(rawValue: row["id"])
        issue = try row.reference()
        agent = AgentName(rawValue: row["agent"])
        cause = row["cause"]
        isStanding = row["is_standing"]
        priority = row["priority"]
        findings = row["findings"]
        gates = row["gates"]
        run = (row["run"] as Int64?).map(RunID.init(rawValue:))
        isWaiting =
            run == nil && row["dismissed"] as String? == nil
            && row["ended_at_ms"] as Int64? == nil
    }

    static func fetch(_ id: TriggerID, _ database: Database) throws -> TriggerRow? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM run_trigger WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [id.rawValue]).map(TriggerRow.init)
    }

    /// The one whose cause hasn't ended; served by run_trigger_cause.
    static func fetch(_ trigger: NewTrigger, _ database: Database) throws -> TriggerRow? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT *
                  FROM run_trigger
                 WHERE repository = ? AND issue_number = ? AND agent = ? AND cause = ?
                   AND ended_at_ms IS NULL
                """)
        return try Row.fetchOne(
            statement,
            arguments: [
                trigger.issue.repository.description, trigger.issue.number,
                trigger.agent.rawValue, trigger.cause.description,
            ]
        ).map(TriggerRow.init)
    }

    /// The gates that were shut; none where this program can't read them.
    var shutGates: [ShutGate] { (try? JSONColumn.read([ShutGate].self, from: gates)) ?? [] }

    /// The gates of a waiting demand, as they are kept.
    static func gates(of id: TriggerID, _ database: Database) throws -> String? {
        let row = try fetch(id, database)
        return row?.isWaiting == true ? row?.gates : nil
    }

    /// Served by run_trigger_waiting, and run_trigger_cause for one issue.
    static func waiting(on issue: IssueReference?, _ database: Database) throws -> [WaitingTrigger]
    {
        let place = issue == nil ? "" : "AND repository = ? AND issue_number = ?"
        return try Row.fetchAll(
            database,
            sql: """
                SELECT *
                  FROM run_trigger
                 WHERE run IS NULL AND dismissed IS NULL AND ended_at_ms IS NULL \(place)
                 ORDER BY priority DESC, seen_at_ms, id
                """,
            arguments: issue.map { [$0.repository.description, $0.number] } ?? []
        ).map(waiting)
    }

    private static func waiting(_ row: Row) throws -> WaitingTrigger {
        let trigger = try TriggerRow(row)
        let demand = TriggerDemand(
            NewTrigger(
                issue: trigger.issue, agent: trigger.agent,
                // One that a newer program has written is at least told apart from others.
                cause: TriggerCause(trigger.cause) ?? .command(id: trigger.cause)),
            workflow: (row["workflow"] as String?).map(WorkflowName.init(rawValue:)),
            askedBy: (row["asked_by"] as String?).map(LoginName.init(rawValue:)),
            priority: trigger.priority, findings: trigger.findings,
            notBefore: row.time("not_before_ms"))
        return WaitingTrigger(
            id: trigger.id, demand: demand, cause: trigger.cause,
            seenAt: Timestamp(milliseconds: row["seen_at_ms"]), gates: trigger.shutGates)
    }
}
