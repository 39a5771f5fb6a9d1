/// Keeps schedules, and sees to it that each of their ticks comes once.
public protocol ScheduleStore: Sendable {
    /// Declares the schedules of an owner, such as "workflows": exactly these.
    ///
    /// New ones begin now: their first tick is the first one after this. Those that were there are
    /// changed; one whose timing stays the same goes on from its last tick, so what came while
    /// nobody ticked is missed, not lost. One whose timing has changed begins anew. Whether it is
    /// paused stays. Those that aren't named any more are removed with their history; jobs they
    /// have queued go on.
    ///
    /// - Throws: `ScheduleError.invalid`, `.nameTaken`; `QueueError.invalidJob` when no such job
    ///   can be queued. Nothing has changed then.
    func setSchedules(_ schedules: [Schedule], of owner: String) async throws

    /// Keeps a schedule from ticking until it is resumed. What comes meanwhile is left out for good.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`.
    func pauseSchedule(_ name: ScheduleName) async throws

    /// Lets a paused schedule go on with its next tick.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`.
    func resumeSchedule(_ name: ScheduleName) async throws

    /// Queues a schedule's job now, beside its plan, also when it is paused. With
    /// `TickOverlap.queueOne` it waits behind those that aren't finished.
    ///
    /// - Throws: `ScheduleError.noSuchSchedule`; `.stillRunning` when a former job isn't finished
    ///   and may not be overlapped, or one waits for it already.
    func runSchedule(_ name: ScheduleName) async throws -> JobID

    /// Queues the jobs of all ticks that are due, each tick once: see `Schedule`.
    ///
    /// Cheap when nothing is due. Any number of processes may do it at any time; `Scheduler` does
    /// it when it is worth it.
    func tick() async throws -> TickResult

    /// All schedules by name.
    func schedules() async throws -> [ScheduleStatus]

    /// What became of the ticks of a schedule, the newest first. The newest hundred are kept.
    func ticks(of name: ScheduleName, limit: Int) async throws -> [ScheduleTick]
}
