import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Why a job isn't running")
struct ObstacleTests {
    private let now = Timestamp(milliseconds: 1_000_000)

    @Test("All that stands in the way is said, the one that lasts longest first")
    func allInOrder() {
        var facts = ObstacleFacts(job: job(key: "k", isHeld: true, unmet: 2, later: 60))
        let rate = RateLimit(1, per: .seconds(1))
        let opensAt = now + .seconds(1)
        facts.unmet = [JobID(rawValue: 1), JobID(rawValue: 2)]
        facts.isPaused = true
        facts.queue = .init(limit: 3, leased: 3, rate: rate, opensAt: opensAt)
        facts.runningInQueue = [JobID(rawValue: 3)]
        facts.key = .init(limit: 0, leased: 0, rate: rate, opensAt: opensAt)
        facts.ahead = 5

        #expect(
            facts.obstacles(at: now) { _ in true } == [
                .held, .dependsOn(facts.unmet),
                .scheduled(at: now + .seconds(60), reason: nil), .queuePaused("q"),
                .queueFull("q", limit: 3, running: facts.runningInQueue),
                .keyFull("k", limit: 0, running: []), .queueRate("q", rate, opensAt: opensAt),
                .keyRate("k", rate, opensAt: opensAt), .noWorker("q"), .behind(5),
            ])
    }

    @Test("A limit that isn't reached and a rate that is open stand in nobody's way")
    func openGates() {
        var facts = ObstacleFacts(job: job(key: "k"))
        let rate = RateLimit(1, per: .seconds(1))
        facts.queue = .init(limit: 3, leased: 2, rate: rate, opensAt: now)
        facts.key = .init(leased: 9)
        facts.workers = [worker("w-one", slots: 1, leased: 0)]

        #expect(facts.obstacles(at: now) { _ in true } == [])
    }

    @Test("Only workers that live count, and only their free slots")
    func workers() {
        var facts = ObstacleFacts(job: job())
        facts.workers = [
            worker("w-dead", slots: 9, leased: 0), worker("w-full", slots: 2, leased: 3),
            worker("w-other", slots: 5, leased: 0, kinds: ["other"]),
        ]

        #expect(facts.obstacles(at: now) { $0 != "w-dead" } == [.workersBusy(slots: 2)])
        #expect(facts.obstacles(at: now) { $0 == "w-other" } == [.unknownKind("step")])
        #expect(facts.obstacles(at: now) { _ in false } == [.noWorker("q")])
        facts.workers.append(worker("w-free", slots: 3, leased: 2))
        #expect(facts.obstacles(at: now) { $0 != "w-dead" } == [])
    }

    private func job(
        key: ConcurrencyKey? = nil, isHeld: Bool = false, unmet: Int = 0, later seconds: Int = 0
    ) -> Job {
        Job(
            id: JobID(rawValue: 9), kind: "step", queue: "q", payload: [],
            state: unmet > 0 || seconds > 0 ? .scheduled : .ready, priority: 0,
            concurrencyKey: key, uniqueKey: nil, enqueuedAt: now,
            notBefore: now + .seconds(seconds), readyAt: now, leasedAt: nil, finishedAt: nil,
            attempt: 0, failures: 0, maxFailures: 1, worker: nil, isCancelRequested: false,
            isHeld: isHeld, unmetDependencies: unmet, reason: nil)
    }

    private func worker(
        _ name: WorkerID, slots: Int, leased: Int, kinds: Set<JobKind>? = nil
    ) -> ObstacleFacts.Worker {
        .init(
            worker: name, offer: WorkerOffer(slots: ["q": slots], kinds: kinds), leased: leased)
    }
}
