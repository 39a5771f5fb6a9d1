internal import GRDB
public import SkepQueue

extension SQLiteQueueStore {
    public func setSchedules(_ schedules: [Schedule], of owner: String) async throws {
        try await write { try $0.setSchedules(schedules, of: owner) }
    }

    public func pauseSchedule(_ name: ScheduleName) async throws {
        try await write { try $0.pauseSchedule(name) }
    }

    public func resumeSchedule(_ name: ScheduleName) async throws {
        try await write { try $0.resumeSchedule(name) }
    }

    public func runSchedule(_ name: ScheduleName) async throws -> JobID {
        try await write { try $0.runSchedule(name) }
    }

    public func tick() async throws -> TickResult {
        let now = rules.clock.now
        let due = try await read { try ScheduleOutlook.due($0, at: now) }
        var ticks: [ScheduleTick] = []
        var firstError: (any Error)?
        for name in due {
            do {
                // Each by itself: one that can't be read must not keep the others.
                ticks += try await write { try $0.tick(name) }
            } catch {
                firstError = firstError ?? error
            }
        }
        if let firstError { throw firstError }
        return TickResult(ticks: ticks, nextDue: try await read(ScheduleOutlook.next))
    }

    public func schedules() async throws -> [ScheduleStatus] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(ScheduleRow.columns), job.state
                      FROM schedule
                      LEFT JOIN job ON job.id = schedule.last_job
                     ORDER BY schedule.name
                    """
            ).map { row in
                let state = (row["state"] as String?).flatMap(Job.State.init(rawValue:))
                return try ScheduleRow(row).status(lastJobState: state)
            }
        }
    }

    public func ticks(of name: ScheduleName, limit: Int) async throws -> [ScheduleTick] {
        guard limit > 0 else { return [] }
        return try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT schedule, nominal_at_ms, outcome, job, at_ms
                      FROM schedule_tick
                     WHERE schedule = ?
                     ORDER BY id DESC
                     LIMIT ?
                    """,
                arguments: [name.rawValue, limit]
            ).map(ScheduleTick.init(row:))
        }
    }
}

/// What schedulers have to do, read without disturbing anybody; served by schedule_due.
private enum ScheduleOutlook {
    static func due(_ database: Database, at now: Timestamp) throws -> [ScheduleName] {
        try String.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT name
                      FROM schedule
                     WHERE next_tick_at_ms <= ?
                     ORDER BY next_tick_at_ms
                    """),
            arguments: [now.milliseconds]
        ).map(ScheduleName.init(rawValue:))
    }

    @Sendable static func next(_ database: Database) throws -> Timestamp? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT MIN(next_tick_at_ms)
                      FROM schedule
                     WHERE next_tick_at_ms IS NOT NULL
                    """)
        ).map(Timestamp.init(milliseconds:))
    }
}
