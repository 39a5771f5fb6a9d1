internal import SkepQueue

extension QueueFixture {
    /// Runs `body` with a worker that takes the jobs of the default queue.
    fileprivate func withWorker(
        slots: Int = 1, kinds: Set<JobKind>? = nil, _ body: () async throws -> Void
    ) async throws {
        let registration = try await store.register(
            worker, offering: WorkerOffer(slots: ["default": slots], kinds: kinds))
        try await body()
        await registration.end()
    }

    fileprivate func expectObstacles(
        _ expected: [JobObstacle], of id: JobID, _ what: String
    ) async throws {
        try expectEqual(try await store.obstacles(of: id), expected, what)
    }
}

extension QueueConformance {
    static let explaining: [Case] = [
        Case("A job that nobody takes says whether there is no worker, or none for its kind") {
            fixture in
            let id = try await fixture.enqueue(NewJob("step"))

            try await fixture.expectObstacles([.noWorker("default")], of: id, "without a worker")
            let idle = try await fixture.store.register(fixture.other)
            try await fixture.expectObstacles([.noWorker("default")], of: id, "with an idle one")
            await idle.end()
            try await fixture.withWorker(kinds: ["other"]) {
                try await fixture.expectObstacles([.unknownKind("step")], of: id, "with another")
            }
            try await fixture.withWorker(kinds: ["step"]) {
                try await fixture.expectObstacles([], of: id, "with a worker for it")
            }
        },
        Case("A job behind others says how many, and when all slots are taken") { fixture in
            try await fixture.withWorker {
                let ids = try await fixture.store.enqueue(
                    Array(repeating: NewJob("step"), count: 3) + [NewJob("urgent", priority: 1)]
                ).map(\.id)
                try await fixture.expectObstacles([.behind(3)], of: ids[2], "behind all")
                try await fixture.expectObstacles([], of: ids[3], "the urgent one")

                _ = try await fixture.leaseOne()
                try await fixture.expectObstacles([], of: ids[3], "the running one")
                try await fixture.expectObstacles(
                    [.workersBusy(slots: 1), .behind(2)], of: ids[2], "with a busy worker")
            }
        },
        Case("Jobs with keys in front count: of other keys that are open, and of the same key") {
            fixture in
            try await fixture.withWorker(slots: 9) {
                func enqueue(_ key: ConcurrencyKey) async throws -> JobID {
                    try await fixture.enqueue(NewJob("step", concurrencyKey: key))
                }
                let plain = try await fixture.enqueue(NewJob("step", priority: -1))
                let first = try await enqueue("a")
                let second = try await enqueue("a")
                let third = try await enqueue("a")
                let other = try await enqueue("b")
                try await fixture.expectObstacles([.behind(4)], of: plain, "behind all")
                try await fixture.expectObstacles([.behind(2)], of: third, "behind its own")
                try await fixture.expectObstacles([.behind(3)], of: other, "behind another key")

                fixture.clock.advance(by: .seconds(1))
                try expectEqual(try await fixture.leaseOne().job.id, first, "leased")
                try await fixture.expectObstacles([], of: other, "when the other was served")
                try await fixture.expectObstacles([.behind(1)], of: second, "then behind it")
                try await fixture.expectObstacles([.behind(2)], of: third, "its own, and it")

                try await fixture.store.setLimit(0, of: "b", in: "default")
                try await fixture.expectObstacles([.behind(1)], of: third, "not the shut ones")
            }
        },
        Case("Those in front are counted up to a thousand") { fixture in
            try await fixture.withWorker {
                let ids = try await fixture.store.enqueue(
                    Array(repeating: NewJob("step"), count: 1100)
                ).map(\.id)

                try await fixture.expectObstacles([.behind(1000)], of: ids[1099], "behind")
            }
        },
        Case("A finished job says how it ended") { fixture in
            let dead = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            try await fixture.store.settle(
                lease.token, as: .dead(Failure(kind: "k", message: "it broke")))
            let cancelled = try await fixture.enqueue(NewJob("step"))
            _ = try await fixture.store.cancel(cancelled)

            try await fixture.expectObstacles(
                [.finished(.dead, reason: "it broke")], of: dead, "dead")
            try await fixture.expectObstacles(
                [.finished(.cancelled, reason: nil)], of: cancelled, "cancelled")
        },
        Case("A job that waits for its time, says until when and why") { fixture in
            try await fixture.withWorker {
                let later = fixture.clock.now + .seconds(60)
                let id = try await fixture.enqueue(NewJob("step", notBefore: later))
                try await fixture.expectObstacles(
                    [.scheduled(at: later, reason: nil)], of: id, "before its time")

                fixture.clock.advance(by: .seconds(60))
                try await fixture.expectObstacles([], of: id, "when its time has come")
                let lease = try await fixture.leaseOne()
                let until = fixture.clock.now + .seconds(5)
                try await fixture.store.settle(
                    lease.token, as: .snoozed(until: until, reason: "quota"))
                try await fixture.expectObstacles(
                    [.scheduled(at: until, reason: "quota")], of: id, "snoozed")
            }
        },
        Case("A job that waits for jobs names those that aren't finished") { fixture in
            try await fixture.withWorker {
                let first = try await fixture.enqueue(NewJob("step"))
                let second = try await fixture.enqueue(NewJob("step"))
                let id = try await fixture.enqueue(
                    NewJob("last", dependencies: [.job(first), .job(second)]))
                let lease = try await fixture.leaseOne()
                try await fixture.store.settle(
                    lease.token, as: .succeeded(result: nil, next: []))

                try await fixture.expectObstacles([.dependsOn([second])], of: id, "obstacles")
            }
        },
        Case("A job that waits for an event says for which, and until when") { fixture in
            try await fixture.withWorker {
                let id = try await fixture.enqueue(NewJob("step"))
                let event = EventKey("answer", for: id)
                for until in [fixture.clock.now + .seconds(9), nil] {
                    let lease = try await fixture.leaseOne()
                    try await fixture.store.settle(
                        lease.token, as: .waiting(for: event, until: until))
                    try await fixture.expectObstacles(
                        [.awaitsEvent(event, until: until)], of: id, "obstacles")
                    fixture.clock.advance(by: .seconds(9))
                }
            }
        },
        Case("Of a full key the limit and those that run are named") { fixture in
            try await fixture.withWorker(slots: 9) {
                try await fixture.store.setLimit(1, of: "k", in: "default")
                let ids = try await fixture.store.enqueue(
                    Array(repeating: NewJob("step", concurrencyKey: "k"), count: 2)
                ).map(\.id)
                _ = try await fixture.leaseOne()

                try await fixture.expectObstacles(
                    [.keyFull("k", limit: 1, running: [ids[0]])], of: ids[1], "obstacles")
            }
        },
        Case("A full queue and a paused one are said, all that apply") { fixture in
            try await fixture.withWorker(slots: 9) {
                try await fixture.store.setLimit(1, of: "default")
                let ids = try await fixture.store.enqueue([NewJob("step"), NewJob("step")])
                    .map(\.id)
                _ = try await fixture.leaseOne()
                let isFull = JobObstacle.queueFull("default", limit: 1, running: [ids[0]])
                try await fixture.expectObstacles([isFull], of: ids[1], "in a full queue")

                try await fixture.store.pause("default")
                try await fixture.store.hold(ids[1])
                try await fixture.expectObstacles(
                    [.held, .queuePaused("default"), isFull], of: ids[1], "all of them")
                let status = try await fixture.store.status()
                try expectEqual(status.map(\.isPaused), [true], "paused")
                try expectEqual(status.map(\.limit), [1], "limits")
            }
        },
        Case("What a rate keeps back says when it opens") { fixture in
            try await fixture.withWorker(slots: 9) {
                let rate = RateLimit(1, per: .seconds(10))
                try await fixture.store.setRate(rate, of: "default")
                try await fixture.store.setRate(rate, of: "k", in: "default")
                let ids = try await fixture.store.enqueue(
                    Array(repeating: NewJob("step", concurrencyKey: "k"), count: 2)
                ).map(\.id)
                try expectEqual(try await fixture.lease(2).count, 1, "leases")

                let opensAt = fixture.clock.now + .seconds(10)
                try await fixture.expectObstacles(
                    [
                        .queueRate("default", rate, opensAt: opensAt),
                        .keyRate("k", rate, opensAt: opensAt),
                    ], of: ids[1], "obstacles")
                let status = try await fixture.store.status()
                try expectEqual(status[0].rate, rate, "the queue's rate")
                try expectEqual(status[0].keys.map(\.rate), [rate], "the keys' rates")
            }
        },
        Case("The status says how many came and went lately, and what is ready of which kind") {
            fixture in
            // To the beginning of a minute.
            fixture.clock.advance(
                by: .milliseconds(60_000 - fixture.clock.now.milliseconds % 60_000))
            _ = try await fixture.store.enqueue(Array(repeating: NewJob("step"), count: 20))
            _ = try await fixture.store.enqueue([NewJob("other")])
            for lease in try await fixture.lease(10, kinds: ["step"]) {
                try await fixture.store.settle(
                    lease.token, as: .succeeded(result: nil, next: []))
            }

            fixture.clock.advance(by: .seconds(120))
            let status = try await fixture.store.status()[0]
            try expectEqual(status.readyByKind, ["step": 10, "other": 1], "ready")
            try expectEqual(status.enqueuedPerMinute, 10.5, "enqueued")
            try expectEqual(status.finishedPerMinute, 5, "finished")
            try expectEqual(status.timeToDrain, .seconds(132), "time to drain")
            fixture.clock.advance(by: .seconds(600))
            try expectEqual(try await fixture.store.status()[0].finishedPerMinute, 0, "later")
        },
    ]
}
