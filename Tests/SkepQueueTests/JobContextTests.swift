import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("A handler's context")
struct JobContextTests {
    @Test("Progress is written down with its last word, for whoever looks while the job runs")
    func reportsProgress() async throws {
        try await TypedBench.with { bench in
            let gate = Gate()
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { _, context in
                for number in 1...1000 { context.report(Int64(number), of: 1000, "at \(number)") }
                await gate.wait()
                return "Hello!"
            }

            try await bench.working(handlers) {
                let greeting = try await bench.queue.enqueue(Greet(name: "Ada"))
                try await eventually("there is progress") {
                    try await greeting.progress()?.message == "at 1000"
                        || advance(bench.clock, by: .milliseconds(250))
                }
                gate.open()
                _ = try await greeting.output()
                #expect(try await greeting.progress() == nil)
            }
        }
    }

    /// Lets time pass; never the condition that was waited for.
    private func advance(_ clock: ManualClock, by length: Duration) -> Bool {
        clock.advance(by: length)
        return false
    }

    @Test("A step that was done isn't done again, and its result is kept")
    func keepsSteps() async throws {
        try await TypedBench.with { bench in
            let notes = Diary()
            var handlers = JobHandlers()
            handlers.handle(Count.self) { count, context in
                let doubled = try await context.step("double") {
                    notes.say("double")
                    return count.number * 2
                }
                return try await context.step("add") {
                    notes.say("add")
                    guard context.job.attempt == 3 else { throw Unhappy() }
                    return doubled + 1
                }
            }

            let count = try await bench.immediate(handlers).enqueue(Count(number: 20))

            #expect(try await count.output() == 41)
            #expect(notes.all == ["double", "add", "add", "add"])
        }
    }

    @Test("Two steps of one name are a mistake that is told")
    func refusesStepsOfOneName() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Count.self) { _, context in
                try await context.step("one") { 1 } + context.step("one") { 2 }
            }

            let count = try await bench.immediate(handlers).enqueue(
                Count(number: 0), .init(maxFailures: 1))

            let failure = try await bench.store.failures(of: count.id).first?.failure
            #expect(failure?.message.contains("needs a name of its own") == true)
        }
    }

    @Test("A sleep frees the slot, and the job goes on after it, once and in time")
    func sleeps() async throws {
        try await TypedBench.with { bench in
            let notes = Diary()
            var handlers = JobHandlers()
            handlers.handle(Count.self) { count, context in
                notes.say("begins")
                try await context.sleep("rest", for: .seconds(3600))
                notes.say("goes on")
                return context.job.attempt
            }
            let start = bench.clock.now

            let count = try await bench.immediate(handlers).enqueue(Count(number: 0))

            #expect(try await count.output() == 2)
            #expect(notes.all == ["begins", "begins", "goes on"])
            #expect(bench.clock.now - start == .seconds(3600))
            #expect(try await bench.store.job(count.id)?.failures == 0)
        }
    }

    @Test("A sleep can't be slept through by a handler that swallows its error")
    func sleepsAllTheSame() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Count.self) { _, context in
                try? await context.sleep("rest", for: .seconds(60))
                return context.job.attempt
            }

            let count = try await bench.immediate(handlers).enqueue(Count(number: 0))

            #expect(try await count.output() == 2)
        }
    }

    @Test("A job waits for an event without a slot, and goes on with what was sent")
    func waitsForEvents() async throws {
        try await TypedBench.with { bench in
            let queue = bench.immediate(waiting)

            let count = try await queue.enqueue(Count(number: 7))
            let waiting = try await bench.store.job(count.id)
            try await queue.send("paid-7", 42)

            #expect(waiting?.awaitedEvent == EventKey("paid-7"))
            #expect(try await count.output() == 42)
        }
    }

    @Test("An event that was sent before isn't lost, and its first word stands")
    func keepsEarlierEvents() async throws {
        try await TypedBench.with { bench in
            let queue = bench.immediate(waiting)

            try await queue.send("paid-7", 42)
            let second = try await queue.send("paid-7", 43)
            let count = try await queue.enqueue(Count(number: 7))

            #expect(try await count.output() == 42)
            guard case .existing = second else {
                Issue.record("\(second)")
                return
            }
        }
    }

    private var waiting: JobHandlers {
        var handlers = JobHandlers()
        handlers.handle(Count.self) { count, context in
            let name = EventName(rawValue: "paid-\(count.number)")
            return try await context.event(name, as: Int.self) ?? -1
        }
        return handlers
    }

    @Test("A wait ends when its time is over, and stays so for all later attempts")
    func endsWaits() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Count.self, retry: RetryPolicy(base: .seconds(1))) { _, context in
                let answer = try await context.event("go", as: Int.self, within: .seconds(60))
                if context.job.failures == 0 {
                    try await context.step("too late") {
                        _ = try await bench.store.send(EventKey("go"), payload: Array("1".utf8))
                        return true
                    }
                    throw Unhappy()
                }
                return answer ?? -1
            }

            let queue = bench.immediate(handlers)
            let count = try await queue.enqueue(Count(number: 0))
            bench.clock.advance(by: .seconds(60))
            try await queue.runUntilIdle()

            #expect(try await count.output() == -1)
        }
    }

    @Test("A decision is for the job that asked for it, and for no other")
    func asksForDecisions() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { greet, context in
                let isApproved = try await context.decision(
                    "approve", as: Bool.self, within: .seconds(86_400))
                return "\(greet.name): \(isApproved.map { "\($0)" } ?? "nobody answered")"
            }
            let queue = bench.immediate(handlers)

            let ada = try await queue.enqueue(Greet(name: "Ada"))
            let ida = try await queue.enqueue(Greet(name: "Ida"))
            try await queue.decide("approve", of: ida.id, false)
            try await queue.decide("approve", of: ada.id, true)

            #expect(try await ada.output() == "Ada: true")
            #expect(try await ida.output() == "Ida: false")
        }
    }

    @Test("A job can be put off, given up, and followed by others")
    func endsAttempts() async throws {
        try await TypedBench.with { bench in
            var handlers = JobHandlers()
            handlers.handle(Greet.self) { greet, context in
                guard !greet.name.isEmpty else {
                    throw PermanentFailure(kind: "nameless", message: "Nobody to greet.")
                }
                guard context.job.attempt > 1 else {
                    throw Snooze(for: .seconds(60), reason: "\(greet.name) is asleep.")
                }
                try context.enqueueOnSuccess(NewJob(Tidy()))
                return "Hello, \(greet.name)!"
            }
            let queue = bench.immediate(handlers)

            let ada = try await queue.enqueue(Greet(name: "Ada"))
            let nobody = try await queue.enqueue(Greet(name: ""))

            #expect(try await ada.output() == "Hello, Ada!")
            #expect(try await bench.store.job(ada.id)?.failures == 0)
            let failure = Failure(kind: "nameless", message: "Nobody to greet.")
            await #expect(throws: JobOutputError.died(nobody.id, failure)) {
                try await nobody.output()
            }
            #expect(try await bench.store.jobs(matching: JobFilter(kind: "tidy")).count == 1)
        }
    }
}
