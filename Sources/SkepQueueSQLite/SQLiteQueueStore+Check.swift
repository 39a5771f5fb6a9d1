internal import GRDB

/// What a check found.
public struct IntegrityReport: Sendable, Hashable {
    /// What is wrong, in words; empty when nothing was found.
    public let problems: [String]

    public var isSound: Bool { problems.isEmpty }
}

extension SQLiteQueueStore {
    /// Looks whether the file is whole, and what the queue keeps of its jobs agrees with them.
    ///
    /// Reads all of the file, beside any writes, and changes nothing. What a query can't read is a
    /// problem as well: this throws only when the file can't be opened at all.
    ///
    /// - Parameter isThorough: Compares the indexes with their tables, too; takes a few times as
    ///   long.
    public func check(isThorough: Bool = false) async throws -> IntegrityReport {
        try await read { database in
            var problems: [String] = []
            for check in Self.fileChecks(isThorough: isThorough) + Self.ownChecks {
                do {
                    problems += try Row.fetchAll(database, sql: check.sql).compactMap(check.words)
                } catch let error as DatabaseError {
                    guard error.resultCode != .SQLITE_MISUSE else { throw error }
                    problems.append("Can't look at \(check.subject). \(StoreFailure.reason(error))")
                }
            }
            return IntegrityReport(problems: problems)
        }
    }

    private static func fileChecks(isThorough: Bool) -> [IntegrityCheck] {
        [
            IntegrityCheck(
                "the file", isThorough ? "PRAGMA integrity_check" : "PRAGMA quick_check"
            ) { row in
                let words: String = row[0]
                return words == "ok" ? nil : "The file is damaged: \(words)"
            },
            IntegrityCheck("references", "PRAGMA foreign_key_check") { row in
                let number: Int64? = row[1]
                return "Row \(number.map(String.init) ?? "?") of \(row[0] as String) belongs to "
                    + "nothing in \(row[2] as String)."
            },
        ]
    }

    /// Each asks for what must not be.
    private static let ownChecks = [
        IntegrityCheck(
            "the counts of jobs",
            """
            SELECT queue, state, kind, SUM(count), SUM(rows)
              FROM (SELECT queue, state, kind, count, 0 AS rows FROM job_count
                    UNION ALL
                    SELECT queue, state, kind, 0, COUNT(*) FROM job GROUP BY queue, state, kind)
             GROUP BY queue, state, kind
            HAVING SUM(count) <> SUM(rows)
            """
        ) { row in
            """
            Queue "\(row[0] as String)" has \(row[4] as Int) jobs of kind "\(row[2] as String)" \
            that are \(row[1] as String); \(row[3] as Int) are counted.
            """
        },
        IntegrityCheck(
            "the counts of keys",
            """
            SELECT queue, key, SUM(leased), SUM(rows_leased), SUM(ready), SUM(rows_ready)
              FROM (SELECT queue, key, leased, ready, 0 AS rows_leased, 0 AS rows_ready
                      FROM concurrency_key
                    UNION ALL
                    SELECT queue, concurrency_key, 0, 0, SUM(state = 'leased'), SUM(state = 'ready')
                      FROM job
                     WHERE concurrency_key IS NOT NULL
                     GROUP BY queue, concurrency_key)
             GROUP BY queue, key
            HAVING SUM(leased) <> SUM(rows_leased) OR SUM(ready) <> SUM(rows_ready)
            """
        ) { row in
            """
            Key "\(row[1] as String)" of queue "\(row[0] as String)" has \(row[3] as Int) jobs \
            leased and \(row[5] as Int) ready; \(row[2] as Int) and \(row[4] as Int) are counted.
            """
        },
        IntegrityCheck(
            "the next jobs of keys",
            """
            SELECT head.queue, head.key, head.kind, head.job
              FROM key_head AS head
              LEFT JOIN concurrency_key AS limits USING (queue, key)
             WHERE job IS NOT (SELECT id
                                 FROM job
                                WHERE state = 'ready' AND queue = head.queue
                                  AND concurrency_key = head.key AND kind = head.kind
                                ORDER BY rank_ms, id
                                LIMIT 1)
            """
        ) { row in
            """
            Job \(row[3] as Int64) isn't the next of kind "\(row[2] as String)" with the key \
            "\(row[1] as String)" in queue "\(row[0] as String)", as is written down.
            """
        },
        IntegrityCheck(
            "the limits of keys",
            """
            SELECT DISTINCT head.queue, head.key
              FROM key_head AS head
              JOIN concurrency_key AS limits USING (queue, key)
             WHERE CASE WHEN is_open THEN leased >= lim
                        ELSE opens_at_ms IS NULL AND (lim IS NULL OR leased < lim) END
            """
        ) { row in
            """
            Key "\(row[1] as String)" of queue "\(row[0] as String)" is open at its limit, or shut \
            below it.
            """
        },
        IntegrityCheck(
            "the jobs with keys",
            """
            SELECT DISTINCT queue, concurrency_key, kind
              FROM job
             WHERE state = 'ready' AND concurrency_key IS NOT NULL
               AND NOT EXISTS (SELECT 1
                                 FROM key_head
                                WHERE queue = job.queue AND key = job.concurrency_key
                                  AND kind = job.kind)
            """
        ) { row in
            """
            Jobs of kind "\(row[2] as String)" with the key "\(row[1] as String)" in queue \
            "\(row[0] as String)" are ready, and a claim doesn't see them.
            """
        },
        IntegrityCheck(
            "what jobs wait for",
            """
            SELECT id, unmet, unfinished
              FROM (SELECT id, unmet,
                           (SELECT COUNT(DISTINCT dependency)
                              FROM job_dependency
                              JOIN job AS other ON other.id = dependency
                             WHERE job_dependency.job = job.id
                               AND other.state IN ('scheduled', 'ready', 'leased')) AS unfinished
                      FROM job
                     WHERE state = 'scheduled' AND unmet > 0)
             WHERE unmet <> unfinished
            """
        ) { row in
            """
            Job \(row[0] as Int64) waits for \(row[2] as Int) unfinished jobs; \(row[1] as Int) are \
            counted.
            """
        },
    ]
}

/// A query whose rows are problems, and how to say them.
private struct IntegrityCheck: Sendable {
    let subject: String
    let sql: String
    let words: @Sendable (Row) -> String?

    init(_ subject: String, _ sql: String, _ words: @escaping @Sendable (Row) -> String?) {
        self.subject = subject
        self.sql = sql
        self.words = words
    }
}
