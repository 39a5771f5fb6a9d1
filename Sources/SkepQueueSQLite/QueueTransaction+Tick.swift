internal import GRDB
internal import SkepQueue

/// How many ticks of a schedule are remembered, beside those whose job isn't finished.
private let rememberedTicks = 100

extension QueueTransaction {
    /// Writes down the ticks of a schedule that are due, together with their jobs.
    ///
    /// - Returns: Nothing when another scheduler was first, or the schedule was removed or paused.
    func tick(_ name: ScheduleName) throws -> [ScheduleTick] {
        guard let row = try scheduleRow(name), let due = row.nextTickAt, due <= now else {
            return []
        }
        let plan = row.schedule.plan(after: row.countedAt, through: now)
        try run(
            """
            UPDATE schedule
               SET counted_at_ms = ?, next_tick_at_ms = ?, last_tick_at_ms = ?,
                   skipped = skipped + ?, last_skip = CASE WHEN ? > 0 THEN 'missed' ELSE last_skip END
             WHERE name = ?
            """,
            [
                (plan.newest ?? row.countedAt).milliseconds, plan.next?.milliseconds,
                (plan.newest ?? row.lastTickAt)?.milliseconds, plan.missed, plan.missed,
                name.rawValue,
            ])

        var ticks: [ScheduleTick] = []
        if let missed = plan.lastMissed, try !hasTick(name, at: missed) {
            ticks.append(try write(.skipped(.missed), of: name, nominalAt: missed))
        }
        for time in plan.due where try !hasTick(name, at: time) {
            ticks.append(try write(try queue(row.schedule, at: time), of: name, nominalAt: time))
        }
        try forgetOldTicks(of: name)
        return ticks
    }

    /// Queues a schedule's job beside its plan.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`, `.stillRunning`.
    func runSchedule(_ name: ScheduleName) throws -> JobID {
        let schedule = try requireSchedule(name).schedule
        let former: [JobID]
        switch try place(of: schedule) {
        case .taken(let job): throw ScheduleError.stillRunning(name, job)
        case .free(let jobs): former = jobs
        }
        let job = try enqueue([schedule.job(notBefore: nil, behind: former)])[0].id
        _ = try write(.runByHand(job), of: name, nominalAt: now)
        try forgetOldTicks(of: name)
        return job
    }

    private func queue(
        _ schedule: Schedule, at nominal: Timestamp
    ) throws -> ScheduleTick.Outcome {
        guard case .free(let former) = try place(of: schedule) else {
            try run(
                "UPDATE schedule SET skipped = skipped + 1, last_skip = 'overlapped' WHERE name = ?",
                [schedule.name.rawValue])
            return .skipped(.overlapped)
        }
        let delay = (Double(schedule.jitter.milliseconds) * rules.random()).rounded(.down)
        let job = schedule.job(
            notBefore: nominal + .milliseconds(Int64(exactly: delay) ?? 0), behind: former)
        return .queued(try enqueue([job])[0].id)
    }

    private func write(
        _ outcome: ScheduleTick.Outcome, of name: ScheduleName, nominalAt: Timestamp
    ) throws -> ScheduleTick {
        let tick = ScheduleTick(schedule: name, nominalAt: nominalAt, outcome: outcome, at: now)
        try run(
            """
            INSERT INTO schedule_tick (schedule, nominal_at_ms, outcome, job, at_ms)
            VALUES (?, ?, ?, ?, ?)
            """,
            [
                name.rawValue, nominalAt.milliseconds, outcome.word, tick.job?.rawValue,
                now.milliseconds,
            ])
        if let job = tick.job {
            try run(
                "UPDATE schedule SET last_job = ? WHERE name = ?", [job.rawValue, name.rawValue])
        }
        return tick
    }

    /// Served by schedule_tick_once.
    private func hasTick(_ name: ScheduleName, at nominal: Timestamp) throws -> Bool {
        try fetchRow(
            """
            SELECT 1
              FROM schedule_tick
             WHERE outcome <> 'run_by_hand' AND schedule = ? AND nominal_at_ms = ?
            """,
            [name.rawValue, nominal.milliseconds]) != nil
    }

    /// Whether a job of a schedule may be queued, and behind which ones.
    private func place(of schedule: Schedule) throws -> TickPlace {
        guard schedule.overlap != .allow else { return .free(behind: []) }
        let former = try unfinishedJobs(of: schedule.name)
        // A schedule's jobs depend on its former ones, and on nothing else.
        let holder = schedule.overlap == .skip ? former.first : former.first(where: \.isWaiting)
        return holder.map { .taken(by: $0.id) } ?? .free(behind: former.map(\.id))
    }

    /// The jobs that were queued for a schedule and aren't finished, the newest first; served by
    /// schedule_tick_history.
    private func unfinishedJobs(
        of name: ScheduleName
    ) throws -> [(id: JobID, isWaiting: Bool)] {
        try fetchRows(
            """
            SELECT job.id, unmet > 0
              FROM schedule_tick
              JOIN job ON job.id = schedule_tick.job
             WHERE schedule = ? AND state IN ('scheduled', 'ready', 'leased')
             ORDER BY schedule_tick.id DESC
             LIMIT ?
            """,
            [name.rawValue, NewJob.maxDependencies]
        ).map { (JobID(rawValue: $0[0]), $0[1]) }
    }

    /// Those whose job isn't finished stay: they tell whether a tick would overlap.
    private func forgetOldTicks(of name: ScheduleName) throws {
        try run(
            """
            DELETE FROM schedule_tick
             WHERE schedule = ?
               AND id <= (SELECT id
                            FROM schedule_tick
                           WHERE schedule = ?
                           ORDER BY id DESC
                           LIMIT 1 OFFSET ?)
               AND NOT EXISTS (SELECT 1
                                 FROM job
                                WHERE job.id = schedule_tick.job
                                  AND state IN ('scheduled', 'ready', 'leased'))
            """,
            [name.rawValue, name.rawValue, rememberedTicks])
    }
}

/// Where a further job of a schedule stands among those that aren't finished.
private enum TickPlace {
    case free(behind: [JobID])
    case taken(by: JobID)
}
