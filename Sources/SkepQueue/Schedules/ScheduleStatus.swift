/// A tick that came, and what became of it.
public struct ScheduleTick: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// Its job was queued.
        case queued(JobID)
        /// Somebody ran the schedule beside its plan.
        case runByHand(JobID)
        case skipped(SkipReason)
    }

    /// Why a tick got no job.
    public enum SkipReason: String, Sendable, Codable, CaseIterable {
        /// A job of an earlier tick wasn't finished, or one waited already that it would be.
        case overlapped
        /// Nobody saw it in time. Of several in a row the history has the newest.
        case missed
    }

    public let schedule: ScheduleName
    /// When it was to come.
    public let nominalAt: Timestamp
    public let outcome: Outcome
    /// When it was seen.
    public let at: Timestamp

    public init(
        schedule: ScheduleName, nominalAt: Timestamp, outcome: Outcome, at: Timestamp
    ) {
        self.schedule = schedule
        self.nominalAt = nominalAt
        self.outcome = outcome
        self.at = at
    }

    public var job: JobID? {
        switch outcome {
        case .queued(let job), .runByHand(let job): job
        case .skipped: nil
        }
    }
}

/// How a schedule stands.
public struct ScheduleStatus: Sendable, Hashable {
    public struct LastJob: Sendable, Hashable {
        public let id: JobID
        /// `nil` when the job was pruned.
        public let state: Job.State?

        public init(id: JobID, state: Job.State?) {
            self.id = id
            self.state = state
        }
    }

    public let schedule: Schedule
    /// Who declared it.
    public let owner: String
    public let isPaused: Bool
    /// The nominal time of the newest tick of its timing, run or not.
    public let lastTickAt: Timestamp?
    /// `nil` while it is paused, or when none comes any more.
    public let nextTickAt: Timestamp?
    /// The newest job queued for it, by plan or by hand.
    public let lastJob: LastJob?
    /// How many of its ticks got no job.
    public let skipped: Int
    public let lastSkip: ScheduleTick.SkipReason?

    public init(
        schedule: Schedule, owner: String, isPaused: Bool, lastTickAt: Timestamp?,
        nextTickAt: Timestamp?, lastJob: LastJob?, skipped: Int,
        lastSkip: ScheduleTick.SkipReason?
    ) {
        self.schedule = schedule
        self.owner = owner
        self.isPaused = isPaused
        self.lastTickAt = lastTickAt
        self.nextTickAt = nextTickAt
        self.lastJob = lastJob
        self.skipped = skipped
        self.lastSkip = lastSkip
    }
}

/// What `QueueStore.tick` did.
public struct TickResult: Sendable, Hashable {
    /// The ticks it wrote down, with their jobs.
    public var ticks: [ScheduleTick]
    /// When the next one comes, of all schedules.
    public var nextDue: Timestamp?

    public init(ticks: [ScheduleTick] = [], nextDue: Timestamp? = nil) {
        self.ticks = ticks
        self.nextDue = nextDue
    }

    /// The jobs it queued.
    public var jobs: [JobID] { ticks.compactMap(\.job) }
}
