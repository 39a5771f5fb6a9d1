public import SkepCore
public import SkepQueue

/// The schedules of workflows, as the queue keeps them.
public struct SwarmSchedules: Sendable {
    /// Who owns them in the queue.
    public static let owner = "workflows"

    private let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// Makes the queue's schedules those of the workflows, whose names they have; one whose times
    /// stay the same goes on from its last tick.
    ///
    /// - Throws: `ScheduleError`, `QueueError`; nothing has changed then.
    public func declare() async throws {
        try await parts.queue.setSchedules(try Self.schedules(of: parts.workflows), of: Self.owner)
    }

    /// - Throws: `ScheduleError` when an expression or a time zone is wrong.
    public static func schedules(of workflows: [Workflow]) throws(ScheduleError) -> [Schedule] {
        var schedules: [Schedule] = []
        for workflow in workflows {
            guard let timing = workflow.schedule else { continue }
            schedules.append(
                Schedule(
                    ScheduleName(rawValue: workflow.name.rawValue), try timing.scheduleTiming(),
                    queue: SwarmQueues.ticks, kind: SwarmQueues.tick,
                    payload: Array(workflow.name.rawValue.utf8), missed: timing.missed.ticks))
        }
        return schedules
    }
}

extension WorkflowSchedule {
    /// Intervals are counted from a fixed point, so that a restart doesn't move them.
    fileprivate func scheduleTiming() throws(ScheduleError) -> ScheduleTiming {
        switch timing {
        case .cron(let expression, let timeZone):
            .cron(try CronExpression(expression), timeZone: try ScheduleTimeZone(timeZone))
        case .every(let length):
            .every(length, since: Timestamp(milliseconds: 0))
        }
    }
}

extension WorkflowSchedule.Missed {
    fileprivate var ticks: MissedTicks {
        switch self {
        case .skip: .skip
        case .runOnce: .runOnce
        }
    }
}
