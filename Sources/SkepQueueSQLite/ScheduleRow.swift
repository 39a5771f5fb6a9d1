internal import Foundation
internal import GRDB
internal import SkepQueue

/// A schedule as the table has it.
struct ScheduleRow {
    let schedule: Schedule
    let owner: String
    let isPaused: Bool
    /// Ticks up to here are done with.
    let countedAt: Timestamp
    let nextTickAt: Timestamp?
    let lastTickAt: Timestamp?
    let lastJob: JobID?
    let skipped: Int
    let lastSkip: ScheduleTick.SkipReason?

    /// The columns it is made of, in the order in which `init(_:)` reads them.
    static let columns = """
        schedule.name, timing, cron, time_zone, every_ms, at_ms, schedule.queue, schedule.kind,
        schedule.priority, schedule.max_failures, missed, missed_limit, overlap, jitter_ms,
        schedule.payload, owner, is_paused, counted_at_ms, next_tick_at_ms, last_tick_at_ms,
        last_job, skipped, last_skip
        """

    init(_ row: Row) throws {
        schedule = try Schedule(row)
        owner = row[15]
        isPaused = row[16]
        countedAt = Timestamp(milliseconds: row[17])
        nextTickAt = row.time(18)
        lastTickAt = row.time(19)
        lastJob = (row[20] as Int64?).map(JobID.init(rawValue:))
        skipped = row[21]
        lastSkip = (row[22] as String?).flatMap(ScheduleTick.SkipReason.init(rawValue:))
    }

    /// - Parameter lastJobState: What the job's own row says.
    func status(lastJobState: Job.State?) -> ScheduleStatus {
        ScheduleStatus(
            schedule: schedule, owner: owner, isPaused: isPaused, lastTickAt: lastTickAt,
            nextTickAt: nextTickAt,
            lastJob: lastJob.map { ScheduleStatus.LastJob(id: $0, state: lastJobState) },
            skipped: skipped, lastSkip: lastSkip)
    }
}

extension Schedule {
    /// What the table keeps of it, from "timing" to "payload" of `ScheduleRow.columns`.
    var storedColumns: [(any DatabaseValueConvertible)?] {
        timing.storedColumns + [
            queue.rawValue, kind.rawValue, priority, maxFailures, missed.word, missed.limit,
            overlap.rawValue, jitter.milliseconds, Data(payload),
        ]
    }

    fileprivate init(_ row: Row) throws {
        let name = ScheduleName(rawValue: row[0])
        let missed: MissedTicks? =
            switch row[10] as String {
            case "skip": .skip
            case "run_once": .runOnce
            case "run_all": .runAll(limit: row[11])
            default: nil
            }
        guard let timing = try ScheduleTiming(row), let missed,
            let overlap = TickOverlap(rawValue: row[12])
        else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the schedule \"\(name)\" can't be read")
        }
        self.init(
            name, timing, queue: QueueName(rawValue: row[6]), kind: JobKind(rawValue: row[7]),
            payload: [UInt8](row[14] as Data), priority: row[8], maxFailures: row[9],
            missed: missed, overlap: overlap, jitter: .milliseconds(row[13] as Int64))
    }
}

extension ScheduleTiming {
    /// What the table keeps of it, from "timing" to "at_ms" of `ScheduleRow.columns`.
    fileprivate var storedColumns: [(any DatabaseValueConvertible)?] {
        switch self {
        case .cron(let expression, let zone):
            ["cron", expression.text, zone.identifier, nil, nil]
        case .every(let length, let anchor):
            ["every", nil, nil, length.milliseconds, anchor.milliseconds]
        case .once(let time):
            ["once", nil, nil, nil, time.milliseconds]
        }
    }

    fileprivate init?(_ row: Row) throws {
        switch row[1] as String {
        case "cron":
            self = .cron(
                try CronExpression(row[2] as String),
                timeZone: try ScheduleTimeZone(row[3] as String))
        case "every":
            self = .every(
                .milliseconds(row[4] as Int64), since: Timestamp(milliseconds: row[5]))
        case "once": self = .once(Timestamp(milliseconds: row[5]))
        default: return nil
        }
    }
}

extension MissedTicks {
    fileprivate var word: String {
        switch self {
        case .skip: "skip"
        case .runOnce: "run_once"
        case .runAll: "run_all"
        }
    }

    fileprivate var limit: Int? {
        if case .runAll(let limit) = self { limit } else { nil }
    }
}

extension ScheduleTick {
    /// Reads "schedule", "nominal_at_ms", "outcome", "job" and "at_ms".
    init(row: Row) throws {
        let job = (row[3] as Int64?).map(JobID.init(rawValue:))
        let word: String = row[2]
        let outcome: Outcome
        switch (word, job) {
        case ("queued", let job?): outcome = .queued(job)
        case ("run_by_hand", let job?): outcome = .runByHand(job)
        default:
            guard let reason = SkipReason(rawValue: word) else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "a tick has unknown outcome \"\(word)\"")
            }
            outcome = .skipped(reason)
        }
        self.init(
            schedule: ScheduleName(rawValue: row[0]),
            nominalAt: Timestamp(milliseconds: row[1]), outcome: outcome,
            at: Timestamp(milliseconds: row[4]))
    }
}

extension ScheduleTick.Outcome {
    /// Its word in the table.
    var word: String {
        switch self {
        case .queued: "queued"
        case .runByHand: "run_by_hand"
        case .skipped(let reason): reason.rawValue
        }
    }
}

extension Row {
    fileprivate func time(_ column: Int) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(milliseconds:))
    }
}
