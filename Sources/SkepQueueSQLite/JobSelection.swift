internal import GRDB
internal import SkepQueue

/// The query for the jobs that a filter means, the newest first.
///
/// Each state is asked for by itself, as a literal, and SQLite merges what it finds: so the index
/// of a state is used, and no more rows are looked at than the limit needs.
struct JobSelection {
    private let filter: JobFilter
    private let states: [Job.State?]
    private let extra: [String]
    private let only: JobID?

    /// - Parameters:
    ///   - states: Of these states only, whatever else the filter says.
    ///   - extra: Further conditions, without arguments.
    ///   - only: Only this job, if the filter means it; it is looked at alone.
    init(
        _ filter: JobFilter, among states: Set<Job.State>? = nil, extra: [String] = [],
        only: JobID? = nil
    ) {
        self.filter = filter
        self.extra = extra
        self.only = only
        if let wanted = filter.states ?? states {
            // In an order, so that a statement that is cached is found again.
            self.states = Job.State.allCases.filter {
                wanted.contains($0) && (states?.contains($0) ?? true)
            }
        } else {
            self.states = [nil]
        }
    }

    /// The numbers of the jobs, the largest first, at most `limit`.
    func fetch(_ database: Database, limit: Int) throws -> [JobID] {
        guard limit > 0, !states.isEmpty else { return [] }
        return try Int64.fetchAll(
            database.cachedStatement(sql: sql), arguments: arguments(limit: limit)
        ).map(JobID.init(rawValue:))
    }

    func arguments(limit: Int) -> StatementArguments {
        let values = states.flatMap { _ in terms.map(\.value) }
        return StatementArguments(values) + [limit]
    }

    var sql: String {
        states.map(arm).joined(separator: "\nUNION ALL\n") + "\n ORDER BY id DESC\n LIMIT ?"
    }

    private func arm(_ state: Job.State?) -> String {
        let conditions =
            (state.map { ["job.state = '\($0.rawValue)'"] } ?? []) + extra + literals
            + terms.map(\.sql)
        let source =
            if filter.tag != nil {
                "job_tag CROSS JOIN job ON job.id = job_tag.job"
            } else if state == .leased, only == nil {
                // Few are, and SQLite doesn't know it.
                "job INDEXED BY job_leased"
            } else {
                "job"
            }
        return """
            SELECT \(id) AS id
              FROM \(source)
             WHERE \(conditions.isEmpty ? "1" : conditions.joined(separator: " AND "))
            """
    }

    /// What the jobs stand sorted by: those with a tag in job_tag.
    private var id: String { filter.tag == nil ? "job.id" : "job_tag.job" }

    /// Not bound: only then is a partial index used.
    private var literals: [String] {
        filter.isHeld.map { ["job.is_held = \($0 ? 1 : 0)"] } ?? []
    }

    private var terms: [(sql: String, value: any DatabaseValueConvertible)] {
        var terms: [(sql: String, value: any DatabaseValueConvertible)] = []
        if let tag = filter.tag?.canonical { terms.append(("job_tag.tag = ?", tag)) }
        if let queue = filter.queue { terms.append(("job.queue = ?", queue.rawValue)) }
        if let kind = filter.kind { terms.append(("job.kind = ?", kind.rawValue)) }
        if let key = filter.concurrencyKey {
            terms.append(("job.concurrency_key = ?", key.rawValue))
        }
        if let key = filter.uniqueKey { terms.append(("job.unique_key = ?", key)) }
        if let kind = filter.failureKind {
            // Served by job_failure_history.
            terms.append(
                (
                    """
                    (SELECT kind FROM job_failure WHERE job = job.id ORDER BY id DESC LIMIT 1) = ?
                    """, kind
                ))
        }
        if let time = filter.finishedUntil {
            terms.append(("job.finished_at_ms <= ?", time.milliseconds))
        }
        if let only { terms.append(("\(id) = ?", only.rawValue)) }
        if let before = filter.before { terms.append(("\(id) < ?", before.rawValue)) }
        return terms
    }
}
