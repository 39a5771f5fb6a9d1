internal import Dispatch
internal import SkepQueue
internal import Synchronization

/// Wakes this process's workers when one of another process has died, so that its jobs are taken
/// at once and not when somebody next looks.
final class DeathWatch: Sendable {
    private static let interval = DispatchTimeInterval.milliseconds(250)

    /// Safe: sources may be cancelled from any thread, and nothing else is done with it.
    nonisolated(unsafe) private let timer: any DispatchSourceTimer

    /// - Parameter onDeath: Called once for each death.
    init(_ presence: WorkerPresence, onDeath: @escaping @Sendable () -> Void) {
        timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        timer.schedule(
            deadline: .now() + Self.interval, repeating: Self.interval,
            leeway: .milliseconds(50))
        let known = Mutex<Set<WorkerID>>([])
        timer.setEventHandler { [weak presence] in
            guard let presence else { return }
            let dead = Set(presence.deadWorkers())
            let isNew = known.withLock { known in
                defer { known = dead }
                return !dead.isSubset(of: known)
            }
            if isNew { onDeath() }
        }
        timer.activate()
    }

    func end() { timer.cancel() }
}
