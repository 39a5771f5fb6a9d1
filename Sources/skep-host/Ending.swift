import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How an agent is brought to its end: interrupted, after a third of its grace told to end, and
/// killed when all of it is over.
struct Ending {
    /// Why; the first reason stands.
    let reason: ExitRecord.How
    /// What is still to be sent, with the time for it.
    private var steps: [(signal: Int32, atMS: Int64)]

    init(_ reason: ExitRecord.How, _ now: Moment, graceMS: Int64) {
        self.reason = reason
        steps = [(SIGINT, now.uptimeMS)]
        steps.append((SIGTERM, now.uptimeMS + graceMS / 3))
        steps.append((SIGKILL, now.uptimeMS + graceMS))
    }

    var nextAtMS: Int64? { steps.first?.atMS }

    /// The signal whose time has come; the last one when several have.
    mutating func next(_ now: Moment) -> Int32? {
        guard let index = steps.lastIndex(where: { $0.atMS <= now.uptimeMS }) else { return nil }
        let signal = steps[index].signal
        steps.removeFirst(index + 1)
        return signal
    }

    /// A later, shorter grace counts.
    mutating func shorten(_ now: Moment, graceMS: Int64) {
        for index in steps.indices {
            let share = steps[index].signal == SIGTERM ? graceMS / 3 : graceMS
            steps[index].atMS = min(steps[index].atMS, now.uptimeMS + share)
        }
    }

    /// Takes the next step now.
    mutating func skip(_ now: Moment) {
        if !steps.isEmpty { steps[0].atMS = min(steps[0].atMS, now.uptimeMS) }
    }
}
