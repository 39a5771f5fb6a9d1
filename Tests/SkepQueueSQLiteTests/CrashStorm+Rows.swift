import GRDB

extension CrashStorm {
    /// When a query must find nothing.
    enum Moment {
        case always, atEnd
    }

    /// What must not be among the rows of a storm, in words with the ids.
    static func contradictions(_ moment: Moment, _ database: Database) throws -> [String] {
        let queries = moment == .always ? always : atEnd
        return try queries.flatMap { words, sql in
            try Int64.fetchAll(database, sql: sql).map { "Job \($0) \(words)." }
        }
    }

    private static let always = [
        (
            "has the unique key of another one that isn't finished",
            """
            SELECT MAX(id)
              FROM job
             WHERE unique_key IS NOT NULL
               AND (unique_scope = 'window' OR state IN ('scheduled', 'ready', 'leased'))
             GROUP BY unique_key
            HAVING COUNT(*) > 1
            """
        ),
        (
            "waits for an event that has come",
            """
            SELECT job.id
              FROM job
              JOIN queue_event ON queue_event.job = job.id AND name = awaited_event
             WHERE state = 'scheduled'
            """
        ),
        (
            "began too late",
            // What has begun goes on, with further attempts.
            "SELECT id FROM job WHERE attempt = 1 AND leased_at_ms >= expires_at_ms"
        ),
        (
            "began too early",
            """
            SELECT id
              FROM job
             WHERE state IN ('leased', 'succeeded') AND leased_at_ms < not_before_ms
            """
        ),
        (
            "ran though what it needed hadn't succeeded",
            """
            SELECT job.id
              FROM job
              JOIN job_dependency ON job_dependency.job = job.id
              JOIN job AS other ON other.id = dependency
             WHERE job.attempt > 0
               AND CASE job.runs_when
                   WHEN 'succeeded' THEN other.state <> 'succeeded'
                   ELSE other.state IN ('scheduled', 'ready', 'leased') END
            """
        ),
        (
            "isn't the only one of its schedule that waits, or that waits for none",
            """
            SELECT MAX(id)
              FROM job
             WHERE kind = 'slow' AND state IN ('scheduled', 'ready', 'leased')
             GROUP BY unmet > 0
            HAVING COUNT(*) > 1
            """
        ),
        (
            "has succeeded without its child, or has one without that",
            """
            SELECT parent.id
              FROM job AS parent
              LEFT JOIN (SELECT CAST(CAST(payload AS TEXT) AS INTEGER) AS parent
                           FROM job
                           JOIN job_payload ON job_payload.job = job.id
                          WHERE kind = 'child') AS child ON child.parent = parent.id
             WHERE kind = 'parent'
             GROUP BY parent.id
            HAVING COUNT(child.parent) <> (state = 'succeeded')
            """
        ),
    ]

    private static let atEnd = [
        (
            "isn't finished",
            "SELECT id FROM job WHERE state IN ('scheduled', 'ready', 'leased')"
        ),
        (
            "is dead, and isn't one that dies",
            "SELECT id FROM job WHERE state = 'dead' AND kind NOT IN ('hopeless', 'poison')"
        ),
        (
            "was cancelled though what it needed has succeeded",
            """
            SELECT id
              FROM job
             WHERE state = 'cancelled' AND kind IN ('second', 'third')
               AND NOT EXISTS (SELECT 1
                                 FROM job_dependency
                                 JOIN job AS other ON other.id = dependency
                                WHERE job_dependency.job = job.id AND other.state <> 'succeeded')
            """
        ),
        (
            "has attempts of which nothing is known",
            """
            SELECT id
              FROM job
             WHERE state IN ('succeeded', 'dead') AND kind <> 'waiting'
               AND attempt <> (state = 'succeeded')
                            + (SELECT COUNT(*)
                                 FROM (SELECT attempt FROM job_failure WHERE job = job.id
                                       UNION
                                       SELECT attempt
                                         FROM job_event
                                        WHERE job = job.id AND what IN ('snoozed', 'released')))
            """
        ),
    ]
}
