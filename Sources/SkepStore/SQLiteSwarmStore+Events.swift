internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func events(after event: EventID?, limit: Int) async throws -> [SwarmEvent] {
        try await queue.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?",
                arguments: [event?.rawValue ?? 0, max(limit, 0)]
            ).compactMap(EventRow.event)
        }
    }

    public func lastEvents(_ kinds: Set<SwarmEvent.Kind>, limit: Int) async throws -> [SwarmEvent] {
        let words = try JSONColumn.text(kinds.map(\.rawValue).sorted())
        return try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT *
                      FROM event
                     WHERE :all OR kind IN (SELECT value FROM json_each(:kinds))
                     ORDER BY id DESC
                     LIMIT :limit
                    """,
                arguments: ["all": kinds.isEmpty, "kinds": words, "limit": max(limit, 0)]
            ).compactMap(EventRow.event)
        }
    }

    public func record(_ event: NewSwarmEvent) async throws {
        // Whoever says the same again and again costs no write.
        if try await queue.read({ try EventRow.isRepetition(event, $0) }) { return }
        try await queue.write { transaction in
            let swarm = SwarmTransaction(transaction)
            if try EventRow.isRepetition(event, swarm.database) { return }
            try swarm.add(
                event.kind, event.text, on: event.issue, run: event.run, agent: event.agent)
        }
    }
}

/// How many events are kept, and when those beyond are deleted.
enum EventKeeping {
    static let kept: Int64 = 20_000
    /// Looked at each time so many were added.
    static let interval: Int64 = 500
    /// At most so many are deleted at a time, so that no transaction waits long for it.
    static let batch = 1000
}

extension SwarmTransaction {
    /// Adds an event on a run's issue.
    func add(_ kind: SwarmEvent.Kind, of run: Run, _ text: String, by agent: AgentName? = nil)
        throws
    {
        try add(kind, text, on: run.issue, run: run.id, agent: agent ?? run.agent)
    }

    func add(
        _ kind: SwarmEvent.Kind, _ text: String, on issue: IssueReference? = nil,
        run: RunID? = nil, agent: AgentName? = nil
    ) throws {
        try execute(
            """
            INSERT INTO event (at_ms, kind, repository, issue_number, run, agent, text)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                now, kind.rawValue, issue?.repository.description, issue?.number, run?.rawValue,
                agent?.rawValue, oneLine(text),
            ])
        let id = database.lastInsertedRowID
        guard id % EventKeeping.interval == 0, id > EventKeeping.kept else { return }
        try execute(
            """
            DELETE FROM event
             WHERE id IN (SELECT id FROM event WHERE id <= ? ORDER BY id LIMIT ?)
            """, [id - EventKeeping.kept, EventKeeping.batch])
    }
}

/// Reads events from their rows.
enum EventRow {
    /// `nil` for a kind that this program doesn't know.
    static func event(_ row: Row) throws -> SwarmEvent? {
        guard let kind = SwarmEvent.Kind(rawValue: row["kind"]) else { return nil }
        let repository = row["repository"] as String?
        return SwarmEvent(
            id: EventID(rawValue: row["id"]), at: Timestamp(milliseconds: row["at_ms"]),
            kind: kind, issue: try repository.map { _ in try row.reference() },
            run: (row["run"] as Int64?).map(RunID.init(rawValue:)),
            agent: (row["agent"] as String?).map(AgentName.init(rawValue:)), text: row["text"])
    }

    /// Whether the newest event of its kind, issue and agent says the same; served by
    /// event_repetition.
    static func isRepetition(_ event: NewSwarmEvent, _ database: Database) throws -> Bool {
        let newest = try String.fetchOne(
            database,
            sql: """
                SELECT text
                  FROM event
                 WHERE kind = ? AND repository IS ? AND issue_number IS ? AND agent IS ?
                 ORDER BY id DESC
                 LIMIT 1
                """,
            arguments: [
                event.kind.rawValue, event.issue?.repository.description, event.issue?.number,
                event.agent?.rawValue,
            ])
        return newest == oneLine(event.text)
    }
}
