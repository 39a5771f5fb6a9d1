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
                    // One by one: what was found before the reading failed is kept.
                    let rows = try Row.fetchCursor(database, sql: check.sql)
                    while let row = try rows.next() {
                        if let problem = check.words(row.words) { problems.append(problem) }
                    }
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
                guard row[0] != "ok" else { return nil }
                let lines = row[0].split(separator: "\n").filter { !$0.hasPrefix("***") }
                return "The file is damaged: \(lines.joined(separator: "; "))"
            },
            IntegrityCheck("references", "PRAGMA foreign_key_check") { row in
                "Row \(row[1]) of \(row[0]) belongs to nothing in \(row[2])."
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
            Queue "\(row[0])" has \(row[4]) jobs of kind "\(row[2])" \
            that are \(row[1]); \(row[3]) are counted.
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
            Key "\(row[1])" of queue "\(row[0])" has \(row[3]) jobs \
            leased and \(row[5]) ready; \(row[2]) and \(row[4]) are counted.
            """
        },
        IntegrityCheck(
            "the next jobs of keys",
            """
            SELECT head.queue, head.key, head.kind, head.job
              FROM key_head AS head
              LEFT JOIN concurrency_key AS limits USING (queue, key)
             WHERE (job, job_rank_ms, priority)
                   IS NOT (SELECT id, rank_ms, priority
                             FROM job
                            WHERE state = 'ready' AND queue = head.queue
                              AND concurrency_key = head.key AND kind = head.kind
                            ORDER BY rank_ms, id
                            LIMIT 1)
            """
        ) { row in
            """
            Job \(row[3]) isn't the next of kind "\(row[2])" with the key \
            "\(row[1])" in queue "\(row[0])", or not at the place that is written down.
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
            Key "\(row[1])" of queue "\(row[0])" is open at its limit, or shut \
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
            Jobs of kind "\(row[2])" with the key "\(row[1])" in queue \
            "\(row[0])" are ready, and a claim doesn't see them.
            """
        },
        // A connection that only reads knows no CHECKs, so SQLite's own check leaves these out.
        IntegrityCheck(
            "leases",
            """
            SELECT id
              FROM job
             WHERE (state = 'leased') <> (lease_until_uptime_ms IS NOT NULL)
                OR (state = 'leased') <> (lease_boot IS NOT NULL)
                OR (state = 'leased' AND (worker IS NULL OR leased_at_ms IS NULL OR attempt < 1))
            """
        ) { row in "Job \(row[0]) is leased without saying to whom and until when, or the reverse."
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
            Job \(row[0]) waits for \(row[2]) unfinished jobs; \(row[1]) are \
            counted.
            """
        },
    ]
}

/// A query whose rows are problems, and how to say them.
private struct IntegrityCheck: Sendable {
    let subject: String
    let sql: String
    /// - Parameter: The row's values as words: in a damaged file they may be anything.
    let words: @Sendable ([String]) -> String?

    init(_ subject: String, _ sql: String, _ words: @escaping @Sendable ([String]) -> String?) {
        self.subject = subject
        self.sql = sql
        self.words = words
    }
}

extension Row {
    fileprivate var words: [String] {
        databaseValues.map { String.fromDatabaseValue($0) ?? $0.description }
    }
}
