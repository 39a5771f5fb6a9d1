internal import SkepQueue

extension QueueConformance {
    static let watching: [Case] = awaiting + telling + explaining

    private static let awaiting: [Case] = [
        Case("Whoever waits for a job gets it when it is finished, however") { fixture in
            for (settlement, state) in [
                (Settlement.succeeded(result: [1], next: []), Job.State.succeeded),
                (.dead(Failure(kind: "broken", message: "")), .dead), (.cancelled, .cancelled),
            ] {
                let id = try await fixture.enqueue(NewJob("step", payload: [7]))
                let lease = try await fixture.leaseOne()
                async let first = fixture.store.finished(id)
                async let second = fixture.store.finished(id)
                try await fixture.store.settle(lease.token, as: settlement)

                let jobs = try await [first, second]
                try expectEqual(jobs.map(\.state), [state, state], "states")
                try expectEqual(jobs[0].payload, [7], "payload")
                try expectEqual(try await fixture.store.finished(id), jobs[0], "asked again")
            }
        },
        Case("A job that is cancelled while it waits is finished") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            async let job = fixture.store.finished(id)

            _ = try await fixture.store.cancel(id)

            try expectEqual(try await job.state, .cancelled, "state")
        },
        Case("Nobody waits for a job that isn't there") { fixture in
            do {
                _ = try await fixture.store.finished(JobID(rawValue: 77))
                throw Unexpected("there was one")
            } catch QueueError.noSuchJob {}
        },
        Case("Who doesn't want to wait any longer goes, and the others stay") { fixture in
            let store = fixture.store
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            async let patient = store.finished(id)
            let impatient = Task { try await store.finished(id) }
            impatient.cancel()

            do {
                _ = try await impatient.value
                throw Unexpected("it waited")
            } catch is CancellationError {}
            try await store.settle(lease.token, as: .cancelled)
            try expectEqual(try await patient.state, .cancelled, "what the other one got")
        },
        Case("Many jobs are awaited at once, each by somebody") { fixture in
            let store = fixture.store
            let ids = try await store.enqueue(Array(repeating: NewJob("step"), count: 300))
                .map(\.id)
            try await withThrowingTaskGroup(of: JobID.self) { group in
                for id in ids { group.addTask { try await store.finished(id).id } }
                for lease in try await fixture.lease(300) {
                    try await store.settle(lease.token, as: .succeeded(result: nil, next: []))
                }
                var answered: Set<JobID> = []
                for try await id in group { answered.insert(id) }
                try expectEqual(answered, Set(ids), "those that were answered")
            }
        },
    ]

    private static let telling: [Case] = [
        Case("Progress is the last word of the attempt that runs") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let first = try await fixture.leaseOne()
            try expectEqual(try await fixture.store.progress(of: id), nil, "before any")

            try await fixture.store.report(done: 1, total: 3, message: "one", of: first.token)
            try await fixture.store.report(done: 2, total: nil, message: nil, of: first.token)
            let progress = try await fixture.store.progress(of: id)
            try expectEqual(
                progress,
                JobProgress(done: 2, total: nil, message: nil, attempt: 1, at: fixture.clock.now),
                "progress")
            try await fixture.store.settle(first.token, as: .released)
            try expectEqual(try await fixture.store.progress(of: id), nil, "while it waits")
            let second = try await fixture.leaseOne()
            try expectEqual(try await fixture.store.progress(of: id), nil, "of the next attempt")
            try await fixture.expectLeaseLost {
                try await fixture.store.report(done: 3, total: 3, message: nil, of: first.token)
            }
            try await fixture.store.report(done: -1, total: 9, message: "x", of: second.token)
            try expectEqual(try await fixture.store.progress(of: id)?.done, 0, "less than nothing")
        },
        Case("A very long message of progress is cut at a whole character") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let lease = try await fixture.leaseOne()
            let message = String(repeating: "€", count: 1000)

            try await fixture.store.report(done: 0, total: nil, message: message, of: lease.token)

            let kept = try await fixture.store.progress(of: id)?.message ?? ""
            try expect(kept.utf8.count <= 1 << 10, "at most 1 KiB")
            try expect(message.hasPrefix(kept) && kept.utf8.count > 1000, "the message's start")
        },
        Case("A job's events tell in order what happened to it") { fixture in
            let id = try await fixture.enqueue(NewJob("step"))
            let first = try await fixture.leaseOne()
            try await fixture.store.settle(
                first.token, as: .retry(Failure(kind: "k", message: "it broke"), notBefore: nil))
            // Somebody sets the clock back: what came later still comes later.
            fixture.clock.advance(by: .seconds(3600))
            fixture.clock.turnWallClock(by: .seconds(-3000))
            let second = try await fixture.leaseOne()
            try await fixture.store.settle(second.token, as: .succeeded(result: nil, next: []))

            let events = try await fixture.store.events(of: id)
            try expectEqual(
                events.map(\.what), [.enqueued, .failed, .leased, .succeeded], "events")
            try expectEqual(events.map(\.attempt), [0, 1, 2, 2], "attempts")
            try expectEqual(
                events.map(\.detail), [nil, "it broke", "w-one", nil], "details")
        },
        Case("A job's events tell of people and of waiting") { fixture in
            let id = try await fixture.enqueue(NewJob("step", maxFailures: 1))
            let first = try await fixture.leaseOne()
            let until = fixture.clock.now + .seconds(60)
            try await fixture.store.settle(
                first.token, as: .snoozed(until: until, reason: "quota"))
            fixture.clock.advance(by: .seconds(60))
            let second = try await fixture.leaseOne()
            _ = try await fixture.store.cancel(id)
            try await fixture.store.settle(second.token, as: .released)
            fixture.clock.advance(by: .seconds(1))
            let third = try await fixture.leaseOne()
            try await fixture.store.settle(third.token, as: .cancelled)
            try await fixture.store.retry(id)

            let events = try await fixture.store.events(of: id)
            try expectEqual(
                events.map(\.what),
                [.enqueued, .snoozed, .cancelRequested, .released, .leased, .retriedByHand],
                "events")
            try expectEqual(events[1].detail, "quota", "why it was snoozed")
        },
        Case("A job taken from a silent holder says so once") { fixture in
            let id = try await fixture.enqueue(NewJob("step", maxFailures: 1))
            _ = try await fixture.leaseOne()
            fixture.clock.advance(by: .seconds(31))
            _ = try await fixture.store.sweep()

            let events = try await fixture.store.events(of: id)
            try expectEqual(
                events.map(\.what), [.enqueued, .leased, .reclaimed, .died], "events")
            try expectEqual(events[3].detail, events[2].detail, "why it died")
        },
        Case("Workers that have registered are shown with what they offer and hold") { fixture in
            let offer = WorkerOffer(slots: ["default": 2], kinds: ["step"])
            let registration = try await fixture.store.register(fixture.worker, offering: offer)
            let other = try await fixture.store.register(fixture.other)
            let id = try await fixture.enqueue(NewJob("step"))
            _ = try await fixture.leaseOne()

            let workers = try await fixture.store.workers()
            try expectEqual(workers.map(\.worker), [fixture.worker, fixture.other], "workers")
            try expectEqual(workers.map(\.offer), [offer, nil], "offers")
            try expectEqual(workers.map(\.leased), [[id], []], "leases")
            try expectEqual(workers.map(\.isAlive), [true, true], "lives")
            try expectEqual(workers[0].startedAt, fixture.clock.now, "start")
            await registration.end()
            try expectEqual(
                try await fixture.store.workers().map(\.worker), [fixture.other], "those left")
            await other.end()
            try expectEqual(try await fixture.store.workers(), [], "those left at last")
        },
    ]
}
