import SkepTestSupport
import Testing

@testable import SkepQueue

@Suite("What a handler throws")
struct WorkerFailureTests {
    private struct Refusal: JobFailure {
        var kind = "refused"
        var message = "Not today."
        var decision: JobFailureDecision
    }

    /// Nothing can encode it.
    private struct Closed: Error {
        let why: @Sendable () -> String
    }

    private struct Verbose: Error, CustomStringConvertible {
        let description: String
    }

    @Test("A permanent failure ends the job, however many tries it has left")
    func permanentFailure() async throws {
        let job = try await job(after: PermanentFailure(kind: "no_such_file", message: "Gone."))

        #expect(job.state == .dead)
    }

    @Test("A snooze isn't a failure, and says when the job is tried again")
    func snooze() async throws {
        let job = try await job(after: Snooze(for: .seconds(90), reason: "The quota is used up."))

        #expect(job.state == .scheduled)
        #expect(job.failures == 0)
        #expect(job.notBefore == job.enqueuedAt + .seconds(90))
        #expect(job.reason == "The quota is used up.")
    }

    @Test("A failure may say when to try again")
    func retryAt() async throws {
        let time = Timestamp(milliseconds: 1_800_000_000_000)
        let job = try await job(after: Refusal(decision: .retry(.at(time))))

        #expect(job.failures == 1)
        #expect(job.notBefore == time)
    }

    @Test("A failure that leaves it open is tried again as the policy of its kind says")
    func policyOfKind() async throws {
        let policy = RetryPolicy(base: .seconds(7), jitter: 0)

        for error in [Refusal(decision: .retry(nil)), Unhappy()] as [any Error] {
            let job = try await job(after: error) { $0.retryPolicies = ["job": policy] }
            #expect(job.notBefore == job.enqueuedAt + .seconds(7))
        }
    }

    @Test("A failure that a handler returns is tried again as the policy of its kind says, too")
    func policyOfReturnedFailure() async throws {
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("job")])[0].id
            let policy = RetryPolicy(base: .seconds(7), jitter: 0)

            try await bench.worker {
                $0.retryPolicies = ["job": policy]
            } _: { _, _ in
                .settle(.retry(Failure(kind: "k", message: "m"), notBefore: nil))
            }.runUntilIdle()

            let job = try #require(try await bench.store.job(id))
            #expect(job.notBefore == job.enqueuedAt + .seconds(7))
        }
    }

    @Test("What suspends an attempt becomes its settlement")
    func suspension() async throws {
        let time = Timestamp(milliseconds: 1_800_000_000_000)
        let job = try await job(
            after: Suspension(settlement: .snoozed(until: time, reason: "It sleeps.")))

        #expect(job.failures == 0)
        #expect(job.notBefore == time)
    }

    @Test("A cancellation that nobody asked for is a failure")
    func strayCancellation() async throws {
        let job = try await job(after: CancellationError())

        #expect(job.failures == 1)
    }

    @Test("An error that can't be encoded is a failure whose message is what Swift says of it")
    func unencodableError() async throws {
        let job = try await job(after: Closed { "never asked" })

        #expect(job.failures == 1)
        #expect(job.reason?.hasPrefix("Closed(why: ") == true)
    }

    @Test("An error with a huge description and NULs in it is kept, cut")
    func hugeDescription() async throws {
        let text = String(repeating: "a\0é", count: 1_000_000)
        let job = try await job(after: Verbose(description: text))

        #expect(job.failures == 1)
        #expect((1...(16 << 10)).contains(job.reason?.utf8.count ?? 0))
    }

    /// A job whose handler has thrown.
    private func job(
        after error: any Error, _ change: (inout QueueWorker.Configuration) -> Void = { _ in }
    ) async throws -> Job {
        let found = Box<Job>()
        try await WorkerBench.with { bench in
            let id = try await bench.store.enqueue([NewJob("job")])[0].id
            let attempts = try await bench.worker(change) { _, _ in throw error }.runUntilIdle()
            #expect(attempts == 1)
            found.value = try await bench.store.job(id)
        }
        return try #require(found.value)
    }
}
