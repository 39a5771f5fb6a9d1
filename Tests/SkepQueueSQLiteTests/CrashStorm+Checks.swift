import GRDB
import SkepQueue
import SkepQueueSQLite

/// Compares what the file has with what the processes were told.
extension CrashStorm {
    /// After each kill, while the others go on.
    func check() async throws {
        report(try await store.check(isThorough: true).problems)
        report(try await store.read { try Self.contradictions(.always, $0) })
        // Read before: what the dead were told must be there now.
        let (enqueued, sent) = (history.enqueued, history.sent)
        let finishing = history.finishing
        let cancelled = history.cancelled
        let wrong = try await store.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT id, state, attempt FROM job")
            let jobs = Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    (row[0] as Int64, (state: row[1] as String, attempt: row[2] as Int))
                })
            let events = try Int64.fetchSet(database, sql: "SELECT job FROM queue_event")
            return enqueued.filter { jobs[$0] == nil }.map { "Job \($0) was lost." }
                + sent.subtracting(events).map { "The event for job \($0) was lost." }
                + cancelled.filter { jobs[$0]?.state != "cancelled" }.map {
                    "Job \($0) is \(jobs[$0]?.state ?? "gone"); it was cancelled."
                }
                + finishing.compactMap { id, state in
                    guard let job = jobs[id.job] else { return "Job \(id.job) was lost." }
                    guard job.state != state || job.attempt != id.number else { return nil }
                    return "Job \(id.job) is \(job.state) at attempt \(job.attempt); "
                        + "attempt \(id.number) was told that it is \(state)."
                }
        }
        report(wrong)
    }

    /// When everything is finished and everybody is dead.
    func checkAtEnd() async {
        do {
            summary.note(history)
            report(history.brokenRules(limit: Self.limit))
            try await noteJobs()
            guard summary.problems.isEmpty else { return }
            _ = try await store.sweep()
            _ = try await store.maintain()
            try await check()
            report(try await store.read { try Self.contradictions(.atEnd, $0) })
            report(try await earlyReclaims())
            try await checkPoison()
            try await checkLimits()
            if try await !store.semaphores().isEmpty {
                report(["Permits of the dead are left."])
            }
        } catch {
            report(["It can't be checked: \(error)"])
        }
    }

    private func report(_ problems: [String]) {
        // A few say it all.
        summary.problems += problems.prefix(5)
    }

    private func noteJobs() async throws {
        let counts = try await store.status().map(\.counts)
        for counts in counts { summary.jobs.merge(counts, uniquingKeysWith: +) }
    }

    /// Each tick from the first to the last has exactly one job; and the last is the last one due.
    func checkTicks(at now: Timestamp) async throws {
        for status in try await store.schedules() where status.schedule.overlap == .allow {
            let name = status.schedule.name
            let times = try await store.read { database in
                try Int64.fetchAll(
                    database,
                    sql: """
                        SELECT not_before_ms
                          FROM job
                          JOIN job_payload ON job_payload.job = job.id
                         WHERE kind = 'tick' AND CAST(payload AS TEXT) = ?
                         ORDER BY not_before_ms
                        """,
                    arguments: [name.rawValue])
            }
            summary.ticks += times.count
            guard let first = times.first, let last = times.last, status.skipped == 0,
                times == Array(stride(from: first, through: last, by: 1000)),
                last + 1000 > now.milliseconds
            else {
                report(["Schedule \(name) has ticks at \(times), and left out \(status.skipped)."])
                continue
            }
        }
    }

    /// The jobs that were taken from a holder before it was killed or stopped.
    private func earlyReclaims() async throws -> [String] {
        let ahead = SystemClock().now.milliseconds - Self.uptime / 1000
        let failures = try await store.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT job, attempt, failed_at_ms FROM job_failure WHERE kind = ?",
                arguments: [Failure.holderDied]
            ).map { (CrashHistory.AttemptID(job: $0[0], number: $0[1]), at: $0[2] as Int64) }
        }
        return failures.compactMap { id, failedAt in
            guard let attempt = history.attempts[id] else { return nil }
            let life = history.lives[attempt.life]
            // The two clocks aren't read at the same time.
            let isEarly = failedAt - ahead + 50 < life.diedAt / 1000
            guard life.role != .stoppable, isEarly else { return nil }
            return "Job \(id.job), attempt \(id.number), was taken from one who lived."
        }
    }

    private func checkPoison() async throws {
        for id in summary.poison {
            let job = try await store.job(id)
            guard job?.state != .dead || job?.attempt != 2 else { continue }
            report(["Poison job \(id) is \(job.map { "\($0.state)" } ?? "gone")."])
        }
    }

    /// No slot has leaked: the limits can be reached, and not exceeded.
    private func checkLimits() async throws {
        let jobs = Self.keys.map { NewJob("last", concurrencyKey: $0) }
        for _ in 0...Self.limit { _ = try await store.enqueue(jobs) }
        var rest = jobs.count * (Self.limit + 1)
        while rest > 0 {
            let leases = try await store.lease(
                LeaseRequest(queue: "default", limit: rest, worker: "w-last"))
            let expected = min(rest, jobs.count * Self.limit)
            guard leases.count == expected else {
                return report(["Keys with a limit let \(leases.count) of \(expected) run."])
            }
            for lease in leases {
                try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
            }
            rest -= leases.count
        }
    }

    func unansweredJobs() async throws -> [JobID] {
        try await store.read { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT id FROM job WHERE awaited_event IS NOT NULL AND state = 'scheduled'"
            ).map(JobID.init(rawValue:))
        }
    }
}
