import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("A typed queue")
struct JobQueueTests {
    @Test("A job's handler gets its payload, and who enqueued it the output")
    func passesPayloadAndOutput() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { greet, _ in "Hello, \(greet.name)!" }

            let output = try await bench.working(handlers) {
                let greeting = try await bench.queue.enqueue(Greet(name: "Ada"))
                return try await greeting.output()
            }

            #expect(output == "Hello, Ada!")
        }
    }

    @Test("A job without an output answers with nothing")
    func answersWithNothing() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Tidy.self) { _, _ in }

            let tidied = try await bench.immediate(handlers).enqueue(Tidy())

            #expect(try await tidied.output() == NoOutput())
            #expect(try await bench.store.result(of: tidied.id) == nil)
        }
    }

    @Test("Options become the job's, and lengths are counted from its enqueueing")
    func passesOptions() async throws {
        try await TypedBench.with { bench in
            let handle = try await bench.queue.enqueue(
                Greet(name: "Ada"),
                .init(
                    queue: "other", delay: .seconds(5), expiry: .after(.seconds(60)),
                    timeout: .seconds(7), priority: 3, key: "k", unique: "ada",
                    tags: ["polite"], maxFailures: 9))

            let job = try #require(try await bench.store.job(handle.id))
            #expect(handle.isNew)
            #expect(job.queue == "other")
            #expect(job.notBefore == bench.clock.now + .seconds(5))
            #expect(job.expiresAt == bench.clock.now + .seconds(60))
            #expect(job.timeout == .seconds(7))
            #expect(job.priority == 3)
            #expect(job.concurrencyKey == "k")
            #expect(job.uniqueKey == "ada")
            #expect(job.tags == ["polite"])
            #expect(job.maxFailures == 9)
            #expect(job.payload == Array(#"{"name":"Ada"}"#.utf8))
        }
    }

    @Test("A unique key answers with the job that is there")
    func answersWithExistingJob() async throws {
        try await TypedBench.with { bench in
            let first = try await bench.queue.enqueue(Greet(name: "Ada"), .init(unique: "ada"))
            let second = try await bench.queue.enqueue(Greet(name: "Ida"), .init(unique: "ada"))

            #expect(second.id == first.id)
            #expect(!second.isNew)
        }
    }

    @Test("A job joins the caller's own transaction, and isn't there when that fails")
    func joinsTransactions() async throws {
        try await TypedBench.with { bench in
            let now = bench.clock.now

            await #expect(throws: Unhappy.self) {
                try await bench.store.write { transaction in
                    _ = try transaction.enqueue([
                        NewJob(Greet(name: "Ada"), .init(priority: 1), now: now)
                    ])
                    throw Unhappy()
                }
            }
            let answers = try await bench.store.write { transaction in
                try transaction.enqueue([NewJob(Greet(name: "Ida"))])
            }

            #expect(try await bench.store.jobs(matching: JobFilter()).map(\.id) == [answers[0].id])
            let payload = try await bench.queue.payload(of: answers[0].id, as: Greet.self)
            #expect(payload.name == "Ida")
        }
    }

    @Test("A job of another kind isn't taken for one's own")
    func refusesOtherKinds() async throws {
        try await TypedBench.with { bench in
            let id = try await bench.queue.enqueue(Tidy()).id

            await #expect(throws: QueueError.self) {
                _ = try await bench.queue.job(id, of: Greet.self)
            }
            await #expect(throws: QueueError.noSuchJob(JobID(rawValue: 99))) {
                _ = try await bench.queue.job(JobID(rawValue: 99), of: Greet.self)
            }
            #expect(try await bench.queue.job(id, of: Tidy.self).id == id)
        }
    }

    @Test("A job that fails is tried again as its handler's policy says")
    func followsRetryPolicy() async throws {
        try await TypedBench.with { bench in
            let policy = RetryPolicy(base: .seconds(90), jitter: 0)
            var handlers = JobHandlers()
            handlers.handle(Greet.self, retry: policy) { _, context in
                guard context.job.attempt > 1 else { throw Unhappy() }
                return "Hello again!"
            }
            let start = bench.clock.now

            let greeting = try await bench.immediate(handlers).enqueue(Greet(name: "Ada"))

            #expect(try await greeting.output() == "Hello again!")
            #expect(bench.clock.now - start == .seconds(90))
        }
    }

    @Test("Who waits for a job that died or was cancelled learns why there is no output")
    func explainsMissingOutputs() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { _, _ in throw Unhappy() }
            let queue = bench.immediate(handlers)

            let died = try await queue.enqueue(Greet(name: "Ada"), .init(maxFailures: 1))
            let cancelled = try await bench.queue.enqueue(Greet(name: "Ida"))
            _ = try await bench.store.cancel(cancelled.id)
            let expired = try await bench.queue.enqueue(
                Greet(name: "Eda"), .init(expiry: .after(.seconds(1))))
            bench.clock.advance(by: .seconds(1))
            _ = try await bench.store.sweep()

            let failure = Failure(kind: Failure.handlerThrew, message: "Unhappy()")
            await #expect(throws: JobOutputError.died(died.id, failure)) {
                try await died.output()
            }
            await #expect(throws: JobOutputError.expired(expired.id)) {
                try await expired.output()
            }
            do {
                _ = try await cancelled.output()
                Issue.record("There is no output.")
            } catch JobOutputError.cancelled(let id, _) {
                #expect(id == cancelled.id)
            }
        }
    }

    @Test("Waiting for an output ends when its time is over, and the job goes on")
    func stopsWaiting() async throws {
        try await TypedBench.with { bench in
            let greeting = try await bench.queue.enqueue(Greet(name: "Ada"))

            // Awaited below.
            let output = Task { try await greeting.output(within: .seconds(5)) }
            try await eventually("it waits") { bench.clock.sleeperCount > 0 }
            bench.clock.advance(by: .seconds(5))

            await #expect(throws: JobOutputError.notInTime(greeting.id, .seconds(5))) {
                try await output.value
            }
            #expect(try await bench.store.job(greeting.id)?.state == .ready)
        }
    }

    @Test("A payload that isn't what the handler expects makes the job dead at once")
    func undecodablePayload() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { _, _ in "Hello!" }

            let answer = try await bench.immediate(handlers).enqueue([
                NewJob("greet", payload: Array(#"{"nom":"Ada"}"#.utf8))
            ])[0]

            let failures = try await bench.store.failures(of: answer.id)
            #expect(try await bench.store.job(answer.id)?.state == .dead)
            #expect(failures.map(\.failure.kind) == [Failure.payloadUndecodable])
        }
    }

    @Test("What JSON can't say is refused as a payload, and makes a job dead as an output")
    func unencodable() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Unspeakable.self) { _, _ in .infinity }
            let queue = bench.immediate(handlers)

            await #expect(throws: QueueError.self) {
                try await queue.enqueue(Unspeakable(number: .nan))
            }
            let job = try await queue.enqueue(Unspeakable())

            let failures = try await bench.store.failures(of: job.id)
            #expect(failures.map(\.failure.kind) == [Failure.resultUnencodable])
        }
    }

    @Test("Jobs without a handler stay in the queue")
    func keepsUnknownKinds() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { _, _ in "Hello!" }

            let unknown = try await bench.queue.enqueue(Tidy())
            try await bench.working(handlers) {
                _ = try await bench.queue.enqueue(Greet(name: "Ada")).output()
            }

            let job = try #require(try await bench.store.job(unknown.id))
            #expect(!job.state.isFinished)
            #expect(job.failures == 0)
        }
    }
}
