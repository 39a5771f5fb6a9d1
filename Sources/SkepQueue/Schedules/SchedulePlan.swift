/// What a schedule owes at a point in time.
public struct SchedulePlan: Sendable, Hashable {
    /// The ticks that are to run, the oldest first.
    public var due: [Timestamp] = []
    /// How many ticks are left out by the policy for missed ones; counted up to
    /// `SchedulePlan.countedTicks`.
    public var missed = 0
    /// The newest of those.
    public var lastMissed: Timestamp?
    /// The newest tick that has come, run or not.
    public var newest: Timestamp?
    /// The next one that will come.
    public var next: Timestamp?

    /// How many ticks of one gap are counted, so that a clock that was wrong by years costs little.
    public static let countedTicks = 1000
}

extension Schedule {
    /// What is to be done about the ticks that came after one point in time and up to another.
    ///
    /// - Parameter counted: The newest tick that is done with, or when the schedule began.
    public func plan(after counted: Timestamp, through now: Timestamp) -> SchedulePlan {
        var plan = SchedulePlan()
        let limit = if case .runAll(let limit) = missed { limit } else { 1 }
        // One more than can be due: the newest of those that are left out.
        let (ticks, count) = timing.newestTicks(limit + 2, after: counted, through: now)
        plan.newest = ticks.last
        plan.next = timing.next(after: ticks.last ?? counted)
        guard let newest = ticks.last else { return plan }

        let isOnTime = now - newest <= MissedTicks.grace
        let due =
            switch missed {
            case .skip: isOnTime ? 1 : 0
            case .runOnce: 1
            case .runAll(let limit): isOnTime ? limit + 1 : limit
            }
        plan.due = ticks.suffix(due)
        plan.missed = count - plan.due.count
        plan.lastMissed = ticks.dropLast(plan.due.count).last
        return plan
    }
}

extension ScheduleTiming {
    /// The newest ticks after one point in time and up to another, the oldest of them first, and
    /// how many there are in all.
    func newestTicks(
        _ limit: Int, after start: Timestamp, through end: Timestamp
    ) -> (ticks: [Timestamp], count: Int) {
        var ticks: [Timestamp] = []
        var last = start
        while ticks.count < SchedulePlan.countedTicks, let tick = next(after: last), tick <= end {
            ticks.append(tick)
            last = tick
        }
        guard ticks.count == SchedulePlan.countedTicks else {
            return (ticks.suffix(limit), ticks.count)
        }

        // A long gap: look from its end.
        var newest: [Timestamp] = []
        var latest = end
        while newest.count < limit, let tick = newestTick(after: start, through: latest) {
            newest.append(tick)
            latest = tick - .milliseconds(1)
        }
        return (newest.reversed(), ticks.count)
    }

    /// Halves the time in which it must be until it is found.
    private func newestTick(after start: Timestamp, through end: Timestamp) -> Timestamp? {
        func hasTick(after time: Int64) -> Bool {
            next(after: Timestamp(milliseconds: time)).map { $0 <= end } ?? false
        }
        var (before, beyond) = (start.milliseconds, end.milliseconds)
        guard hasTick(after: before) else { return nil }
        while beyond > before + 1 {
            // Not by the difference: it may not fit.
            let middle = before / 2 + beyond / 2 + (before % 2 + beyond % 2) / 2
            if hasTick(after: middle) { before = middle } else { beyond = middle }
        }
        return next(after: Timestamp(milliseconds: before))
    }
}
