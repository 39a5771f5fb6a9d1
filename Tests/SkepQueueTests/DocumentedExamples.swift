import Logging
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

/// Each example of the documentation, as it stands there: `DocumentationTests` compares them.
@Suite("The documentation's examples")
struct DocumentedExamples {
    @Test("The first program greets")
    func firstProgram() async throws {
        try await TemporaryQueue.with { temporary in
            let folder = temporary.folder
            let queue = JobQueue(store: try await SQLiteQueueStore(folder: folder))
            let greeting = try await queue.enqueue(Greet(name: "Ada"))

            var handlers = JobHandlers()
            handlers.handle(Greet.self) { greet, context in
                "Hello, \(greet.name)!"
            }
            async let _: Void = queue.work(handlers, slots: 4)
            print(try await greeting.output(within: .seconds(60)))
        }
    }

    @Test("Enqueueing")
    func enqueueing() async throws {
        let store = try await SQLiteQueueStore.temporary()
        let queue = JobQueue(store: store)

        let reminder = try await queue.enqueue(
            Greet(name: "Ada"),
            .init(
                delay: .seconds(3600), expiry: .after(.seconds(7200)), priority: 1, tags: ["polite"]
            ))
        let others = try await queue.enqueue([Greet(name: "Ida"), Greet(name: "Eda")])
        #expect(reminder.isNew && others.count == 2)

        let first = try await queue.enqueue(Greet(name: "Ada"), .init(unique: "ada"))
        let second = try await queue.enqueue(Greet(name: "Ada"), .init(unique: "ada"))
        // second.id is first.id, and second.isNew is false.
        #expect(second.id == first.id && !second.isNew)

        let answers = try await store.write { transaction in
            try transaction.enqueue([
                NewJob(Greet(name: "Ada"), .init(priority: 1)), NewJob(Greet(name: "Ida")),
            ])
        }
        let id = answers[0].id
        _ = try await store.cancel(id)

        let handle = try await queue.job(id, of: Greet.self)
        do {
            print(try await handle.output(within: .seconds(60)))
        } catch let error as JobOutputError {
            print(error)  // It died, was cancelled, expired, or isn't finished yet.
        }
        await store.close()
    }

    @Test("Handling")
    func handling() async throws {
        let awake: Set = ["Ada"]
        let store = try await SQLiteQueueStore.temporary()
        var handlers = JobHandlers()

        handlers.handle(Greet.self, retry: RetryPolicy(base: .seconds(1), cap: .seconds(60))) {
            greet, context in
            guard !greet.name.isEmpty else {
                throw PermanentFailure(kind: "nameless", message: "There is nobody to greet.")
            }
            guard awake.contains(greet.name) else {
                throw Snooze(for: .seconds(600), reason: "\(greet.name) is asleep.")
            }
            context.report(1, of: 2, "found \(greet.name)")
            context.logger.info("Greeting")
            return "Hello, \(greet.name)!"
        }

        struct Failures: JobMiddleware {
            func noted(_ event: WorkerEvent) {
                if case .ended(let lease, .failed(let failure, _), _) = event {
                    print("Job \(lease.job.id) has failed: \(failure.message)")
                }
            }
        }

        let watched = JobQueue(store: store, middleware: [Failures()])

        let queue = watched
        let ada = try await queue.enqueue(Greet(name: "Ada"))
        let nobody = try await queue.enqueue(Greet(name: ""))
        // Awaited below.
        let work = Task { [handlers] in
            let worker = queue.worker(
                handlers,
                .init(
                    slots: ["default": 4, "mail": 1], leaseLength: .seconds(60),
                    shutdownGrace: .seconds(20)))
            try await worker.run()
        }
        #expect(try await ada.output() == "Hello, Ada!")
        await #expect(throws: JobOutputError.self) { try await nobody.output() }
        work.cancel()
        try await work.value
        await store.close()
    }

    @Test("Flows")
    func flows() async throws {
        let store = try await SQLiteQueueStore.temporary()
        var handlers = JobHandlers()
        handlers.handle(Resize.self) { resize, _ in "photo \(resize.photo)" }

        handlers.handle(MakeAlbum.self) { _, context in
            try await context.outputs(as: String.self).joined(separator: ", ")
        }
        handlers.handle(Publish.self) { _, context in
            "Published: \(try await context.previousOutput(as: String.self))"
        }
        handlers.handle(Apologize.self) { _, context in
            for outcome in try await context.dependencies() where outcome.state == .dead {
                context.logger.error(
                    "It failed", metadata: ["why": "\(outcome.failure?.message ?? "")"])
            }
        }

        let queue = JobQueue(store: store, immediate: handlers)

        let flow = try JobGroup([Resize(photo: 1), Resize(photo: 2)])  // at the same time
            .then(MakeAlbum())  // when both have succeeded
            .then(Publish())  // after that
            .onFailure(Apologize())  // when one of them has died or was cancelled
        let published = try await queue.enqueue(flow)
        #expect(try await published.output() == "Published: photo 1, photo 2")

        let one = try await queue.enqueue(Resize(photo: 1))
        let two = try await queue.enqueue(Resize(photo: 2))
        let summary = try await queue.enqueue(
            MakeAlbum(), .init(after: [.job(one.id), .job(two.id)], condition: .finished))
        #expect(try await summary.output() == "photo 1, photo 2")
        await store.close()
    }

    @Test("Steps, sleeps and events")
    func steps() async throws {
        let clock = ManualClock()
        let store = try await SQLiteQueueStore.temporary(clock: clock)
        let queue = JobQueue(store: store, clock: clock, immediate: Self.orders)
        let order = try await queue.enqueue(Order(number: 7))

        try await queue.decide("approve", of: order.id, true)
        try await queue.send("delivered-7", "left at the door")

        #expect(try await order.output() == "receipt 7, left at the door")
        await store.close()
    }

    private static var orders: JobHandlers {
        let shop = Shop()
        var handlers = JobHandlers()
        handlers.handle(Order.self) { order, context in
            let receipt = try await context.step("charge") {
                try await shop.charge(order.number)
            }
            try await context.sleep("cool-down", for: .seconds(86_400))
            let isApproved = try await context.decision(
                "approve", as: Bool.self, within: .seconds(3 * 86_400))
            guard isApproved == true else {
                throw PermanentFailure(kind: "refused", message: "Nobody has approved it.")
            }
            let delivery = try await context.event("delivered-\(order.number)", as: String.self)
            return "\(receipt), \(delivery ?? "not delivered")"
        }
        return handlers
    }

    @Test("Schedules")
    func schedules() async throws {
        let store = try await SQLiteQueueStore.temporary()

        let timing = ScheduleTiming.cron(
            try CronExpression("30 2 * * MON-FRI"), timeZone: try ScheduleTimeZone("Europe/Berlin"))
        let job = try NewJob(Greet(name: "Ada"))
        try await store.setSchedules(
            [
                Schedule(
                    "nightly", timing, kind: job.kind, payload: job.payload, overlap: .queueOne)
            ], of: "greetings")

        #expect(try await store.schedules().map(\.schedule.name) == ["nightly"])
        await store.close()
    }

    @Test("Limits, pauses and locks")
    func limits() async throws {
        let store = try await SQLiteQueueStore.temporary()
        let queue = JobQueue(store: store)
        let greeting = try await queue.enqueue(Greet(name: "Ada"))

        try await store.setLimit(10, of: "default")
        try await store.setLimit(2, of: "api.example.org", in: "default")
        try await store.setRate(RateLimit(100, per: .seconds(60)), of: "default")

        try await store.pause("default")
        try await store.resume("default")
        try await store.hold(greeting.id)
        try await store.letGo(greeting.id)
        try await store.setPriority(10, of: greeting.id)
        _ = try await store.cancel(greeting.id)

        func rebuildIndex(fence: Int64) async throws -> Int { 42 }
        func compile() async throws {}
        let size = try await queue.withLock("index") { permit in
            try await rebuildIndex(fence: permit.number)
        }
        try await queue.withSemaphore("licences", permits: 3) { _ in
            try await compile()
        }
        #expect(size == 42)
        await store.close()
    }

    @Test("Watching and mending")
    func watching() async throws {
        try await TemporaryQueue.with { temporary in
            let folder = temporary.folder
            let clock = SystemClock()
            let store = try await SQLiteQueueStore(folder: folder)
            let greeting = try await JobQueue(store: store).enqueue(Greet(name: "Ada"))

            for status in try await store.status() {
                print(status.queue, status.counts, status.finishedPerMinute)
            }
            print(try await store.obstacles(of: greeting.id))  // why it isn't running
            print(try await store.events(of: greeting.id))  // what happened to it
            print(try await store.failures(of: greeting.id))
            print(try await store.workers())

            let again = try await store.retry(matching: JobFilter(kind: "greet", states: [.dead]))
            let removed = try await store.prune(
                matching: JobFilter(
                    states: [.dead], finishedUntil: clock.now - .seconds(30 * 86_400)))
            #expect(again.isEmpty && removed == 0)

            let backup = try await store.backUp(to: folder + "/backup.sqlite")
            let report = try await store.check(isThorough: true)
            print(backup.bytes, report.problems)
            #expect(report.isSound)
            await store.close()
        }
    }

    @Test("Testing")
    func testing() async throws {
        var handlers = Self.orders
        handlers.handle(Greet.self) { greet, _ in "Hello, \(greet.name)!" }

        let clock = ManualClock()
        let store = try await SQLiteQueueStore.temporary(clock: clock)
        let queue = JobQueue(store: store, clock: clock, immediate: handlers)

        let greeting = try await queue.enqueue(Greet(name: "Ada"), .init(delay: .seconds(3600)))
        #expect(try await greeting.output() == "Hello, Ada!")

        let order = try await queue.enqueue(Order(number: 7))
        clock.advance(by: .seconds(4 * 86_400))
        try await queue.runUntilIdle()
        #expect(try await store.job(order.id)?.state == .dead)
        await store.close()
    }
}

struct Greet: JobPayload {
    static let kind: JobKind = "greet"
    typealias Output = String

    var name: String
}

struct Resize: JobPayload {
    static let kind: JobKind = "resize"
    typealias Output = String

    var photo: Int
}

struct MakeAlbum: JobPayload {
    static let kind: JobKind = "make-album"
    typealias Output = String
}

struct Publish: JobPayload {
    static let kind: JobKind = "publish"
    typealias Output = String
}

struct Apologize: JobPayload {
    static let kind: JobKind = "apologize"
}

struct Order: JobPayload {
    static let kind: JobKind = "order"
    typealias Output = String

    var number: Int
}

private struct Shop: Sendable {
    func charge(_ number: Int) async throws -> String { "receipt \(number)" }
}
