import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("A flow of jobs")
struct JobFlowTests {
    /// `Count` answers with its number, or fails when it is negative; `Sum` adds up what came
    /// before it; `Tidy` says what has failed.
    private func handlers(_ notes: Diary = Diary()) -> JobHandlers {
        var handlers = JobHandlers()
        handlers.handle(Count.self) { count, _ in
            guard count.number >= 0 else { throw Unhappy() }
            notes.say("\(count.number)")
            return count.number
        }
        handlers.handle(Sum.self) { _, context in
            try await context.outputs(as: Int.self).reduce(0, +)
        }
        handlers.handle(Tidy.self) { _, context in
            for outcome in try await context.dependencies() where outcome.state == .dead {
                notes.say(outcome.failure?.message ?? "?")
            }
        }
        return handlers
    }

    @Test("A pipeline passes each job's output to the next one")
    func pipelines() async throws {
        try await TypedBench.with { bench in
            var handlers = handlers()
            handlers.handle(Greet.self) { greet, context in
                "\(greet.name) has \(try await context.previousOutput(as: Int.self))"
            }

            let flow = try JobFlow(Count(number: 3)).then(Sum()).then(Greet(name: "Ada"))
            let greeting = try await bench.immediate(handlers).enqueue(flow)

            #expect(try await greeting.output() == "Ada has 3")
        }
    }

    @Test("A chord runs when all of its group have succeeded, with all their outputs")
    func chords() async throws {
        try await TypedBench.with { bench in
            let group = try JobGroup([Count(number: 1), Count(number: 2), Count(number: 3)])

            let sum = try await bench.immediate(handlers()).enqueue(try group.then(Sum()))

            #expect(try await sum.output() == 6)
        }
    }

    @Test("Flows stand beside each other, and go on from one job to many")
    func combines() async throws {
        try await TypedBench.with { bench in
            let notes = Diary()
            let one = try JobFlow(Count(number: 1)).then(Sum())
            let two = try JobFlow(Count(number: 2)).then(Sum())
            let many = try JobGroup([one, two]).then(Sum()).then(
                each: [Count(number: 5), Count(number: 6)])

            let ends = try await bench.immediate(handlers(notes)).enqueue(many)

            #expect(try await ends[0].output() == 5)
            #expect(try await ends[1].output() == 6)
            #expect(notes.all.suffix(2).sorted() == ["5", "6"])
            let relations = try await bench.store.relations(of: ends[0].id)
            #expect(relations.dependencies.count == 1)
        }
    }

    @Test("When a job dies, what waits for it is cancelled, and the flow's handler runs")
    func handlesFailure() async throws {
        try await TypedBench.with { bench in
            let notes = Diary()
            let flow = try JobGroup(
                [Count(number: 1), Count(number: -1)], .init(maxFailures: 1)
            )
            .then(Sum())
            .onFailure(Tidy())

            let sum = try await bench.immediate(handlers(notes)).enqueue(flow)

            #expect(notes.all == ["1", "Unhappy()"])
            #expect(try await bench.store.job(sum.id)?.state == .cancelled)
        }
    }

    @Test("When all goes well, handlers of failures are cancelled")
    func leavesHandlersAlone() async throws {
        try await TypedBench.with { bench in
            let notes = Diary()
            let flow = try JobFlow(Count(number: 1)).onFailure(Tidy()).then(Sum())
                .onFailure(Tidy())

            _ = try await bench.immediate(handlers(notes)).enqueue(flow)

            let handlers = try await bench.store.jobs(matching: JobFilter(kind: "tidy"))
            #expect(notes.all == ["1"])
            #expect(handlers.map(\.state) == [.cancelled, .cancelled])
        }
    }

    @Test("A job may run however what it waits for has ended")
    func runsInAnyCase() async throws {
        try await TypedBench.with { bench in
            let notes = Diary()
            let flow = try JobFlow(Count(number: -1), .init(maxFailures: 1))
                .then(Tidy(), .init(condition: .finished))

            let tidied = try await bench.immediate(handlers(notes)).enqueue(flow)

            #expect(try await tidied.output() == NoOutput())
            #expect(notes.all == ["Unhappy()"])
        }
    }

    @Test("Nothing of a flow is queued when one of its jobs is refused")
    func isAllOrNothing() async throws {
        try await TypedBench.with { bench in
            let flow = try JobFlow(Count(number: 1)).then(Sum(), .init(priority: 5000))

            await #expect(throws: QueueError.self) { try await bench.queue.enqueue(flow) }

            #expect(try await bench.store.jobs(matching: JobFilter()).isEmpty)
        }
    }
}
