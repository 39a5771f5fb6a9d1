public import Metrics
public import SkepQueue
internal import Synchronization

/// Counts and times what is enqueued and run, through swift-metrics.
///
/// | Label | Type | Dimensions | What |
/// | --- | --- | --- | --- |
/// | `skep_queue_enqueued` | counter | `queue kind outcome` | jobs enqueued: `inserted existing` |
/// | `skep_queue_attempts` | counter | `queue kind outcome` | attempts that ended: `succeeded failed died snoozed waiting released cancelled lease_lost settled_by_handler` |
/// | `skep_queue_run_time` | timer | `queue kind` | how long handlers took |
/// | `skep_queue_wait_time` | timer | `queue kind` | from the time a job was ready to its lease |
/// | `skep_queue_slots_in_use` | gauge | `queue` | attempts that run |
/// | `skep_queue_swept` | counter | `outcome` | jobs of others: `expired reclaimed died` |
///
/// One may serve several workers and queues.
public final class MetricsMiddleware: JobMiddleware {
    /// Each value of `Name` and each dimension is known to the program, so there are few.
    private struct Key: Hashable {
        let name: Name
        var queue: QueueName?
        var kind: JobKind?
        var outcome: String?

        var dimensions: [(String, String)] {
            [("queue", queue?.rawValue), ("kind", kind?.rawValue), ("outcome", outcome)]
                .compactMap { name, value in value.map { (name, $0) } }
        }
    }

    private enum Name: String {
        case enqueued, attempts, swept
        case runTime = "run_time"
        case waitTime = "wait_time"
        case slotsInUse = "slots_in_use"

        var label: String { "skep_queue_" + rawValue }
    }

    private struct State {
        var counters: [Key: Counter] = [:]
        var timers: [Key: Timer] = [:]
        var gauges: [Key: Gauge] = [:]
        var running: [QueueName: Int] = [:]
    }

    private let factory: any MetricsFactory
    private let state = Mutex(State())

    /// - Parameter factory: The one that the program has chosen, by default.
    public init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
    }

    public func enqueue(
        _ jobs: [NewJob], next: @Sendable ([NewJob]) async throws -> [Enqueued]
    ) async throws -> [Enqueued] {
        let answers = try await next(jobs)
        for (job, answer) in zip(jobs, answers) {
            let outcome =
                switch answer {
                case .inserted: "inserted"
                case .existing: "existing"
                }
            count(Key(name: .enqueued, queue: job.queue, kind: job.kind, outcome: outcome))
        }
        return answers
    }

    public func noted(_ event: WorkerEvent) {
        switch event {
        case .started(let lease):
            let job = lease.job
            noteRunning(1, in: job.queue)
            guard let ready = job.readyAt, let leased = job.leasedAt else { return }
            // Wall clocks are turned: no job has waited less than nothing.
            time(
                Key(name: .waitTime, queue: job.queue, kind: job.kind), max(leased - ready, .zero))
        case .ended(let lease, let end, let length):
            let job = lease.job
            noteRunning(-1, in: job.queue)
            count(Key(name: .attempts, queue: job.queue, kind: job.kind, outcome: end.word))
            time(Key(name: .runTime, queue: job.queue, kind: job.kind), length)
        case .expired(let jobs): count(Key(name: .swept, outcome: "expired"), by: jobs.count)
        case .reclaimed(let jobs): count(Key(name: .swept, outcome: "reclaimed"), by: jobs.count)
        case .diedWithHolder(let jobs): count(Key(name: .swept, outcome: "died"), by: jobs.count)
        }
    }

    private func count(_ key: Key, by number: Int = 1) {
        let counter = state.withLock { state in
            cached(key, in: &state.counters) {
                Counter(label: key.name.label, dimensions: key.dimensions, factory: factory)
            }
        }
        counter.increment(by: number)
    }

    private func time(_ key: Key, _ length: Duration) {
        let timer = state.withLock { state in
            cached(key, in: &state.timers) {
                Timer(label: key.name.label, dimensions: key.dimensions, factory: factory)
            }
        }
        timer.record(duration: length)
    }

    private func noteRunning(_ change: Int, in queue: QueueName) {
        let key = Key(name: .slotsInUse, queue: queue)
        // Recorded under the lock, so that the last value is the newest.
        state.withLock { state in
            state.running[queue, default: 0] += change
            let gauge = cached(key, in: &state.gauges) {
                Gauge(label: key.name.label, dimensions: key.dimensions, factory: factory)
            }
            gauge.record(state.running[queue] ?? 0)
        }
    }

    private func cached<Metric>(
        _ key: Key, in metrics: inout [Key: Metric], _ make: () -> Metric
    ) -> Metric {
        if let metric = metrics[key] { return metric }
        let metric = make()
        metrics[key] = metric
        return metric
    }
}

extension AttemptEnd {
    fileprivate var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .died: "died"
        case .snoozed: "snoozed"
        case .waiting: "waiting"
        case .released: "released"
        case .cancelled: "cancelled"
        case .leaseLost: "lease_lost"
        case .settledByHandler: "settled_by_handler"
        }
    }
}
