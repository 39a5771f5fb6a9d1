import SkepCore
import SkepQueue
import SkepQueueSQLite
import Synchronization

/// Everything that `skep queue status --watch` shows, as it is now.
struct QueuePicture: Sendable {
    var statuses: [QueueStatus] = []
    /// The keys of agents; `nil` where they aren't known.
    var agents: Set<ConcurrencyKey>?
    /// Some of the jobs that run, those that began first; with how far they have come.
    var running: [(listed: ListedJob, progress: JobProgress?)] = []
    /// The newest of the dead.
    var dead: [ListedJob] = []
    var workers: [WorkerStatus] = []
    /// How many jobs were finished in each of the last looks, the newest last.
    var finished: [Int] = []

    func count(_ state: Job.State) -> Int {
        statuses.map { $0.counts[state] ?? 0 }.reduce(0, +)
    }

    /// "2 running, 12,345 ready, 3 scheduled, 1 dead"
    var summary: String {
        let counts = [
            (count(.ready), "ready"), (count(.scheduled), "scheduled"), (count(.dead), "dead"),
        ]
        return
            (["\(Phrase.grouped(count(.leased))) running"]
            + counts.filter { $0.0 > 0 }.map { "\(Phrase.grouped($0.0)) \($0.1)" })
            .joined(separator: ", ")
    }

    /// Of all queues together.
    var finishedPerMinute: Double { statuses.map(\.finishedPerMinute).reduce(0, +) }
    var enqueuedPerMinute: Double { statuses.map(\.enqueuedPerMinute).reduce(0, +) }

    /// Kinds of ready jobs that no worker takes.
    var unknownKinds: [(kind: JobKind, count: Int)] {
        let offers = workers.filter(\.isAlive).compactMap(\.offer)
        return statuses.flatMap { status in
            let here = offers.filter { ($0.slots[status.queue] ?? 0) > 0 }
            guard !here.isEmpty else { return [(kind: JobKind, count: Int)]() }
            return status.readyByKind.filter { kind, count in
                count > 0 && !here.contains { $0.kinds?.contains(kind) ?? true }
            }.map { (kind: $0.key, count: $0.value) }
        }.sorted { $0.kind < $1.kind }
    }

    /// "No worker knows jobs of kind "mail"; 5 jobs are ready."
    var unknownKindSentences: [String] {
        unknownKinds.map { kind, count in
            let jobs = Phrase.count(count, "job is", "jobs are")
            return "No worker knows jobs of kind \"\(kind)\"; \(jobs) ready."
        }
    }
}

/// Reads the picture, and remembers what it looked like before.
final class QueueReader: Sendable {
    private static let remembered = 120

    private let queue: SQLiteQueueStore
    private let agents: Set<ConcurrencyKey>?
    private let past = Mutex<(total: Int?, finished: [Int])>((nil, []))

    init(queue: SQLiteQueueStore, agents: Set<ConcurrencyKey>?) {
        self.queue = queue
        self.agents = agents
    }

    func read(at now: Timestamp) async throws -> QueuePicture {
        var picture = QueuePicture(statuses: try await queue.status(), agents: agents)
        let running = try await queue.jobs(matching: JobFilter(states: [.leased], limit: 50))
        for listed in try await ListedJob.list(running.reversed(), from: queue) {
            picture.running.append((listed, try await queue.progress(of: listed.job.id)))
        }
        let dead = try await queue.jobs(matching: JobFilter(states: [.dead], limit: 20))
        picture.dead = try await ListedJob.list(dead, from: queue)
        picture.workers = try await queue.workers()
        let total = [Job.State.succeeded, .dead, .cancelled].map(picture.count).reduce(0, +)
        picture.finished = past.withLock { past in
            // Fewer than before: some were removed.
            if let before = past.total { past.finished.append(max(0, total - before)) }
            past.total = total
            past.finished = past.finished.suffix(Self.remembered)
            return past.finished
        }
        return picture
    }
}
