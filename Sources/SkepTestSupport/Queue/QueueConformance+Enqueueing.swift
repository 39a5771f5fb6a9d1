internal import SkepQueue

extension QueueConformance {
    static let enqueueing: [Case] = [
        Case("A job is kept as it was given") { fixture in
            let new = NewJob(
                "step", queue: "swarm", payload: [0, 1, 255], priority: -3,
                expiresAt: fixture.clock.now + .seconds(60), timeout: .milliseconds(1500),
                concurrencyKey: "agent/a", uniqueKey: "run/1", uniqueScope: .window(.seconds(5)),
                tags: ["night", "a", "night"], maxFailures: 7)

            let id = try await fixture.enqueue(new)

            let job = try await fixture.job(id)
            try expectEqual(job.kind, "step", "kind")
            try expectEqual(job.queue, "swarm", "queue")
            try expectEqual(job.payload, [0, 1, 255], "payload")
            try expectEqual(job.priority, -3, "priority")
            try expectEqual(job.concurrencyKey, "agent/a", "key")
            try expectEqual(job.uniqueKey, "run/1", "unique key")
            try expectEqual(job.uniqueScope, .window(.seconds(5)), "scope")
            try expectEqual(job.tags, ["a", "night"], "tags")
            try expectEqual(job.maxFailures, 7, "maxFailures")
            try expectEqual(job.state, .ready, "state")
            try expectEqual(job.readyAt, fixture.clock.now, "readyAt")
            try expectEqual(job.expiresAt, fixture.clock.now + .seconds(60), "expiresAt")
            try expectEqual(job.timeout, .milliseconds(1500), "timeout")
        },
        Case("What a job doesn't say has its default") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))

            let job = try await fixture.job(id)

            try expectEqual(job.queue, "default", "queue")
            try expectEqual(job.uniqueScope, .unfinished, "scope")
            try expectEqual(job.tags, [], "tags")
            try expectEqual(job.expiresAt, nil, "expiresAt")
            try expectEqual(job.timeout, nil, "timeout")
            try expectEqual(job.isHeld, false, "isHeld")
            try expectEqual(job.unmetDependencies, 0, "unmet")
        },
        Case("The largest payload and an empty one are kept, a larger one is refused") { fixture in
            let largest = [UInt8](repeating: 7, count: NewJob.maxPayloadBytes)

            let full = try await fixture.enqueue(NewJob("step", payload: largest))
            let empty = try await fixture.enqueue(NewJob("step"))

            try expect(try await fixture.job(full).payload == largest, "the whole payload")
            try expectEqual(try await fixture.job(empty).payload, [], "empty payload")
            try await fixture.expectRefused(
                NewJob("step", payload: largest + [0]), saying: "16777217 bytes; 16777216")
        },
        Case("A job that breaks a limit is refused, and all others with it") { fixture in
            let long = String(repeating: "x", count: 10_240)
            let broken: [(NewJob, String)] = [
                (NewJob(""), "kind is empty"),
                (NewJob("step", queue: ""), "queue's name is empty"),
                (NewJob("step", priority: 1001), "-1000 to 1000"),
                (NewJob("step", priority: .min), "-1000 to 1000"),
                (NewJob("step", maxFailures: 0), "at least 1"),
                (NewJob(JobKind(rawValue: String(long.prefix(201)))), "201 bytes; 200"),
                (
                    NewJob("step", queue: QueueName(rawValue: String(long.prefix(201)))),
                    "201 bytes; 200"
                ),
                (
                    NewJob("step", concurrencyKey: ConcurrencyKey(rawValue: long)),
                    "10240 bytes; 1024"
                ),
                (NewJob("step", concurrencyKey: "a\0b"), "NUL"),
                (NewJob("step", uniqueKey: long), "10240 bytes; 1024"),
                (NewJob("step", uniqueKey: ""), "unique key is empty"),
                (NewJob("step", tags: [""]), "tag is empty"),
                (NewJob("step", tags: [String(long.prefix(101))]), "101 bytes; 100"),
                (NewJob("step", tags: ["a\nb"]), "control character"),
                (NewJob("step", tags: (0..<17).map(String.init)), "17 tags; 16"),
                (NewJob("step", timeout: .microseconds(999)), "timeout"),
                (NewJob("step", timeout: .seconds(Int64.max)), "timeout"),
                (NewJob("step", retention: .milliseconds(-1)), "retention"),
                (NewJob("step", retention: .seconds(Int64.max)), "retention"),
                (NewJob("step", uniqueKey: "k", uniqueScope: .window(.zero)), "window"),
                (
                    NewJob("step", uniqueKey: "k", uniqueScope: .window(.seconds(Int64.max))),
                    "window"
                ),
            ]

            for (job, reason) in broken { try await fixture.expectRefused(job, saying: reason) }

            try expectEqual(try await fixture.store.status(), [], "status")
        },
        Case("What is as large as a limit allows is kept") { fixture in
            let key = String(repeating: "ü", count: 512)
            let tags = (0..<16).map { "\($0)-" + String(repeating: "x", count: 97 - $0 / 10) }

            let id = try await fixture.enqueue(
                NewJob(
                    "step", priority: 1000, notBefore: NewJob.allowedTimes.lowerBound,
                    expiresAt: NewJob.allowedTimes.upperBound, timeout: .milliseconds(1),
                    concurrencyKey: ConcurrencyKey(rawValue: key), uniqueKey: key,
                    uniqueScope: .window(.milliseconds(1)), tags: tags))

            let job = try await fixture.job(id)
            try expectEqual(job.uniqueKey, key, "unique key")
            try expectEqual(job.tags, tags.sorted(), "tags")
            try expectEqual(job.expiresAt, NewJob.allowedTimes.upperBound, "expiresAt")
        },
        Case("Absurd times are refused, with the reason") { fixture in
            let now = fixture.clock.now
            let years = "the years 1970 to 9999 are allowed"
            let latest = NewJob.allowedTimes.upperBound
            let broken: [(NewJob, String)] = [
                (NewJob("step", notBefore: Timestamp(milliseconds: .min)), years),
                (NewJob("step", notBefore: Timestamp(milliseconds: -1)), years),
                (NewJob("step", notBefore: Timestamp(milliseconds: .max)), years),
                (NewJob("step", notBefore: latest + .milliseconds(1)), years),
                (NewJob("step", expiresAt: Timestamp(milliseconds: .min)), years),
                (NewJob("step", expiresAt: Timestamp(milliseconds: .max)), years),
                (NewJob("step", expiresAt: now), "in the future"),
                (NewJob("step", expiresAt: now - .seconds(5)), "expired 5.0 seconds ago"),
                (
                    NewJob(
                        "step", notBefore: now + .seconds(9), expiresAt: now + .seconds(9)),
                    "before it may begin"
                ),
            ]

            for (job, reason) in broken { try await fixture.expectRefused(job, saying: reason) }
        },
        Case("A lease of absurd length and a snooze for ever harm nothing") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let leases = try await fixture.store.lease(
                LeaseRequest(
                    queue: "default", limit: 5, worker: "w", length: .milliseconds(Int64.max)))

            try await fixture.store.settle(
                leases[0].token,
                as: .snoozed(until: Timestamp(milliseconds: .max), reason: "never"))
            _ = try await fixture.store.sweep()

            try await fixture.expectState(.scheduled, of: id)
        },
        Case("A call of no jobs is answered, one of too many is refused") { fixture in
            let tooMany = Array(repeating: NewJob("step"), count: NewJob.maxJobsPerCall + 1)

            try expectEqual(try await fixture.store.enqueue([]), [], "answers")
            do {
                _ = try await fixture.store.enqueue(tooMany)
                throw Unexpected("\(tooMany.count) jobs were taken")
            } catch QueueError.invalidJob(_, let reason) {
                try expect(reason.contains("may have 100000 jobs"), "the limit in \"\(reason)\"")
            }
        },
        Case("Many jobs are put into a queue at once, answered in order") { fixture in
            let count = 5000

            let answers = try await fixture.store.enqueue(
                (0..<count).map { NewJob($0.isMultiple(of: 2) ? "even" : "odd") })

            try expectEqual(answers.count, count, "answers")
            try expectEqual(answers.map(\.id), answers.map(\.id).sorted(), "order")
            let status = try await fixture.store.status()
            try expectEqual(status[0].counts[.ready], count, "ready")
        },
    ]

    static let uniqueness: [Case] = [
        Case("A unique key stands for one unfinished job of a queue") { fixture in
            let new = NewJob("step", uniqueKey: "k")
            let first = try await fixture.enqueue(new)

            let answers = try await fixture.store.enqueue([
                new, NewJob("step", queue: "other", uniqueKey: "k"),
            ])

            try expectEqual(answers[0], .existing(first), "answer for the same queue")
            try expect(answers[1].id != first, "another job in another queue")
            let lease = try await fixture.leaseOne()
            try expectEqual(try await fixture.enqueue(new), first, "answer while leased")
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))
            try expect(try await fixture.enqueue(new) != first, "a new job once it is finished")
        },
        Case("A unique key among those that wait lets another job in while one runs") { fixture in
            let new = NewJob("step", uniqueKey: "k", uniqueScope: .waiting)
            let first = try await fixture.enqueue(new)
            try expectEqual(try await fixture.enqueue(new), first, "answer while it waits")
            _ = try await fixture.leaseOne()

            let second = try await fixture.enqueue(new)

            try expect(second != first, "another job while the first runs")
            try expectEqual(try await fixture.enqueue(new), second, "answer while that one waits")
        },
        Case("A job whose twin waits meanwhile is given back, tried again and reclaimed") {
            fixture in
            let new = NewJob("step", uniqueKey: "k", uniqueScope: .waiting)
            let failure = Failure(kind: "k", message: "m")
            var ids: Set<JobID> = [try await fixture.enqueue(new)]
            let first = try await fixture.leaseOne()
            ids.insert(try await fixture.enqueue(new))

            try await fixture.store.settle(first.token, as: .released)
            let second = try await fixture.lease(2)
            try await fixture.store.settle(
                second[0].token, as: .retry(failure, notBefore: fixture.clock.now))
            fixture.clock.advance(by: .seconds(31))
            let sweep = try await fixture.store.sweep()

            try expectEqual(sweep.reclaimed, [second[1].job.id], "reclaimed")
            try expectEqual(ids.count, 2, "jobs")
            for id in ids { try await fixture.expectState(.ready, of: id) }
        },
        Case("A unique key for a window is taken however its job ends, and free after it") {
            fixture in
            let new = NewJob("step", uniqueKey: "k", uniqueScope: .window(.seconds(60)))
            let first = try await fixture.enqueue(new)
            let lease = try await fixture.leaseOne()
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))

            fixture.clock.advance(by: .seconds(59))
            try expectEqual(
                try await fixture.store.enqueue([new]), [.existing(first)], "within the window")
            fixture.clock.advance(by: .seconds(1))
            let second = try await fixture.enqueue(new)

            try expect(second != first, "a new job after the window")
        },
        Case("Among whom a key is unique is up to the job that comes") { fixture in
            func new(_ scope: UniqueScope) -> NewJob {
                NewJob("step", uniqueKey: "k", uniqueScope: scope)
            }
            let first = try await fixture.enqueue(new(.waiting))
            let lease = try await fixture.leaseOne()

            try expectEqual(try await fixture.enqueue(new(.unfinished)), first, "while it runs")
            try await fixture.store.settle(lease.token, as: .succeeded(result: nil, next: []))
            try expectEqual(
                try await fixture.enqueue(new(.window(.seconds(9)))), first, "once it is done")
            try expect(try await fixture.enqueue(new(.unfinished)) != first, "a new job")
        },
        Case("A job is unique among those of its own call, too") { fixture in
            let new = NewJob("step", uniqueKey: "k")

            let answers = try await fixture.store.enqueue([new, new])

            try expectEqual(answers[1], .existing(answers[0].id), "second answer")
        },
        Case("A finished job isn't retried beside a twin that its scope forbids") { fixture in
            let waiting = NewJob("step", uniqueKey: "k", uniqueScope: .waiting)
            let first = try await fixture.enqueue(waiting)
            _ = try await fixture.store.cancel(first)
            let second = try await fixture.enqueue(waiting)

            do {
                try await fixture.store.retry(first)
                throw Unexpected("two jobs with the same unique key wait")
            } catch QueueError.invalidJob(_, let reason) {
                try expect(reason.contains("Job \(second)"), "the twin in \"\(reason)\"")
            }
            _ = try await fixture.leaseOne()
            try await fixture.store.retry(first)

            try await fixture.expectState(.ready, of: first)
        },
    ]
}

extension QueueFixture {
    /// Checks that a job is refused for a reason, and nothing beside it is enqueued.
    func expectRefused(_ job: NewJob, saying reason: String) async throws {
        do {
            _ = try await store.enqueue([NewJob("fine"), job])
        } catch QueueError.invalidJob(_, let said) {
            try expect(said.contains(reason), "\"\(reason)\" in \"\(said)\"")
            let fine = try await store.jobs(matching: JobFilter(kind: "fine"))
            return try expectEqual(fine, [], "jobs beside a refused one")
        }
        throw Unexpected("a job of kind \"\(job.kind)\" wasn't refused: \(reason)")
    }
}
