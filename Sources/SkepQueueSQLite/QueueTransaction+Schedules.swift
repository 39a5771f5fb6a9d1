internal import GRDB
internal import SkepQueue

extension QueueTransaction {
    /// Declares the schedules of an owner, as `QueueStore.setSchedules(_:of:)` does.
    func setSchedules(_ schedules: [Schedule], of owner: String) throws {
        try check(schedules, of: owner)
        let names = Set(schedules.map(\.name.rawValue))
        let former: [String] = try fetchRows("SELECT name FROM schedule WHERE owner = ?", [owner])
            .map { $0[0] }
        for name in former where !names.contains(name) {
            try run("DELETE FROM schedule WHERE name = ?", [name])
        }
        for schedule in schedules {
            guard let old = try scheduleRow(schedule.name) else {
                try insert(schedule, of: owner)
                continue
            }
            guard old.owner == owner else {
                throw ScheduleError.nameTaken(schedule.name, owner: old.owner)
            }
            try update(old, to: schedule)
        }
    }

    func pauseSchedule(_ name: ScheduleName) throws {
        try requireSchedule(name)
        try run(
            "UPDATE schedule SET is_paused = 1, next_tick_at_ms = NULL WHERE name = ?",
            [name.rawValue])
    }

    func resumeSchedule(_ name: ScheduleName) throws {
        let row = try requireSchedule(name)
        guard row.isPaused else { return }
        // What came meanwhile is left out, and after a clock was set back nothing comes again.
        let counted = max(row.countedAt, now)
        try run(
            """
            UPDATE schedule
               SET is_paused = 0, counted_at_ms = ?, next_tick_at_ms = ?
             WHERE name = ?
            """,
            [
                counted.milliseconds, row.schedule.timing.next(after: counted)?.milliseconds,
                name.rawValue,
            ])
    }

    func scheduleRow(_ name: ScheduleName) throws -> ScheduleRow? {
        try fetchRow(
            "SELECT \(ScheduleRow.columns) FROM schedule WHERE name = ?", [name.rawValue]
        ).map(ScheduleRow.init)
    }

    @discardableResult
    func requireSchedule(_ name: ScheduleName) throws -> ScheduleRow {
        guard let row = try scheduleRow(name) else { throw ScheduleError.noSuchSchedule(name) }
        return row
    }

    private func check(_ schedules: [Schedule], of owner: String) throws {
        var names: Set<ScheduleName> = []
        for schedule in schedules {
            try schedule.check()
            try check(schedule.job(notBefore: nil))
            guard (1...200).contains(owner.utf8.count), !owner.utf8.contains(0) else {
                throw ScheduleError.invalid(
                    schedule.name, reason: "Its owner's name has 1 to 200 bytes, and no NUL.")
            }
            guard names.insert(schedule.name).inserted else {
                throw ScheduleError.invalid(schedule.name, reason: "It is declared twice.")
            }
        }
    }

    private func insert(_ schedule: Schedule, of owner: String) throws {
        let values =
            [schedule.name.rawValue, owner, now.milliseconds] + schedule.storedColumns
            + [schedule.timing.next(after: now)?.milliseconds]
        try run(
            """
            INSERT INTO schedule (
                name, owner, counted_at_ms,
                timing, cron, time_zone, every_ms, at_ms, queue, kind, priority, max_failures,
                missed, missed_limit, overlap, jitter_ms, payload,
                next_tick_at_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            StatementArguments(values))
    }

    /// Writes nothing when nothing has changed.
    private func update(_ old: ScheduleRow, to schedule: Schedule) throws {
        let isSameTiming = old.schedule.timing == schedule.timing
        let counted = isSameTiming ? old.countedAt : now
        // Reckoned anew in any case: the rules of a time zone may have changed.
        let next = old.isPaused ? nil : schedule.timing.next(after: counted)
        guard old.schedule != schedule || old.nextTickAt != next else { return }
        let values =
            schedule.storedColumns + [
                counted.milliseconds, next?.milliseconds,
                isSameTiming ? old.lastTickAt?.milliseconds : nil, schedule.name.rawValue,
            ]
        try run(
            """
            UPDATE schedule
               SET timing = ?, cron = ?, time_zone = ?, every_ms = ?, at_ms = ?, queue = ?,
                   kind = ?, priority = ?, max_failures = ?, missed = ?, missed_limit = ?,
                   overlap = ?, jitter_ms = ?, payload = ?,
                   counted_at_ms = ?, next_tick_at_ms = ?, last_tick_at_ms = ?
             WHERE name = ?
            """,
            StatementArguments(values))
    }
}
