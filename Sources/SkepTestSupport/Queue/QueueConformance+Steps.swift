internal import SkepQueue

extension QueueConformance {
    static let steps: [Case] = doing + awaiting

    private static let doing: [Case] = [
        Case("A finished step is kept with its result, for all later attempts") { fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            let first = try await fixture.leaseOne()
            try await fixture.store.record(step: "fetch", result: [1], of: first.token)
            try await fixture.store.record(step: "build", result: [], of: first.token)
            let time = fixture.clock.now
            try await fixture.store.settle(
                first.token,
                as: .retry(Failure(kind: "k", message: "m"), notBefore: fixture.clock.now))
            fixture.clock.advance(by: .seconds(1))

            let second = try await fixture.leaseOne()
            try await fixture.store.record(step: "a last one", result: [3], of: second.token)

            try expectEqual(
                try await fixture.store.steps(of: id),
                [
                    JobStep(name: "fetch", result: [1], attempt: 1, at: time),
                    JobStep(name: "build", result: [], attempt: 1, at: time),
                    JobStep(
                        name: "a last one", result: [3], attempt: 2, at: time + .seconds(1)),
                ], "steps")
        },
        Case("Whoever lost the lease can't add a step, and the next one sees those that count") {
            fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            let old = try await fixture.leaseOne(by: fixture.other)
            try await fixture.store.record(step: "one", result: [1], of: old.token)
            fixture.clock.advance(by: .seconds(31))
            _ = try await fixture.store.sweep()

            try await fixture.expectLeaseLost {
                try await fixture.store.record(step: "two", result: [2], of: old.token)
            }
            let new = try await fixture.leaseOne()
            try await fixture.expectLeaseLost {
                try await fixture.store.record(step: "two", result: [2], of: old.token)
            }
            try expectEqual(
                try await fixture.store.steps(of: id).map(\.name), ["one"], "steps of the next")

            try await fixture.store.record(step: "two", result: [3], of: new.token)
            try expectEqual(
                try await fixture.store.steps(of: id).map(\.result), [[1], [3]], "results")
        },
        Case("A step that breaks a limit or was done already is refused") { fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            let lease = try await fixture.leaseOne()
            let longest = String(repeating: "x", count: 1024)
            let most = [UInt8](repeating: 1, count: NewJob.maxPayloadBytes)
            try await fixture.store.record(step: longest, result: most, of: lease.token)

            let refused: [(String, [UInt8])] = [
                (longest, []), ("", []), (longest + "x", []), ("a\0b", []), ("b", most + [1]),
            ]
            for (name, result) in refused {
                do {
                    try await fixture.store.record(step: name, result: result, of: lease.token)
                    throw Unexpected("step \"\(name)\" was taken")
                } catch QueueError.invalidStep(name, _) {}
            }

            let steps = try await fixture.store.steps(of: id)
            try expect(steps.map(\.result) == [most], "the one step to stay as it was")
        },
    ]

    private static let awaiting: [Case] = [
        Case("A job that waits for an event goes on when it comes, and no failure is counted") {
            fixture in
            let lease = try await fixture.leaseWaiting(for: "go", until: nil)
            let id = lease.job.id
            let waiting = try await fixture.job(id)
            try expectEqual(waiting.state, .scheduled, "state")
            try expectEqual(waiting.awaitedEvent, EventKey("go"), "awaitedEvent")
            fixture.clock.advance(by: .seconds(9_999_999))
            let sweep = try await fixture.store.sweep()
            try expectEqual(sweep.promoted, 0, "promoted")
            try expectEqual(sweep.nextDue, nil, "nextDue")
            try expectEqual(
                try await fixture.store.status()[0].nextDue, nil, "nextDue of the queue")

            let answer = try await fixture.store.send(EventKey("go"), payload: [1])

            try expectEqual(answer, .sent(woken: 1), "answer")
            let last = try await fixture.store.events(of: id).last
            try expectEqual(last?.what, .eventCame, "last event")
            try expectEqual(last?.detail, "go", "its detail")
            let again = try await fixture.leaseOne()
            try expectEqual(again.job.id, id, "job")
            try expectEqual(again.job.readyAt, fixture.clock.now, "readyAt")
            try expectEqual(again.job.awaitedEvent, nil, "awaitedEvent")
            try expectEqual(again.job.failures, 0, "failures")
            try expectEqual(
                try await fixture.store.event(EventKey("go")),
                QueueEvent(key: EventKey("go"), payload: [1], at: fixture.clock.now), "event")
        },
        Case("A job that is cancelled waits for its event no longer") { fixture in
            let id = try await fixture.leaseWaiting(for: "go", until: nil).job.id

            _ = try await fixture.store.cancel(id)

            try expectEqual(try await fixture.job(id).awaitedEvent, nil, "awaitedEvent")
            try expectEqual(
                try await fixture.store.send(EventKey("go"), payload: []), .sent(woken: 0),
                "answer")
        },
        Case("An event that came before the wait isn't lost") { fixture in
            try expectEqual(
                try await fixture.store.send(EventKey("go"), payload: []), .sent(woken: 0),
                "answer")

            let lease = try await fixture.leaseWaiting(
                for: "go", until: fixture.clock.now + .seconds(60))

            try await fixture.expectState(.ready, of: lease.job.id)
            try expectEqual(try await fixture.job(lease.job.id).awaitedEvent, nil, "awaitedEvent")
        },
        Case("A wait ends at its time, and the event is still not there") { fixture in
            let until = fixture.clock.now + .seconds(60)
            let lease = try await fixture.leaseWaiting(for: "go", until: until)
            try expectEqual(try await fixture.store.sweep().nextDue, until, "nextDue")
            fixture.clock.advance(by: .seconds(60))

            let again = try await fixture.leaseOne()

            try expectEqual(again.job.id, lease.job.id, "job")
            try expectEqual(again.job.awaitedEvent, nil, "awaitedEvent")
            try expectEqual(try await fixture.store.event(EventKey("go")), nil, "event")
            try expectEqual(
                try await fixture.store.send(EventKey("go"), payload: []), .sent(woken: 0),
                "answer to who comes too late")
        },
        Case("An event happens once: what was sent first stands") { fixture in
            let key = EventKey("go")
            _ = try await fixture.store.send(key, payload: [1])
            let first = QueueEvent(key: key, payload: [1], at: fixture.clock.now)
            fixture.clock.advance(by: .seconds(1))

            try expectEqual(
                try await fixture.store.send(key, payload: [2]), .existing(first), "answer")
            try expectEqual(try await fixture.store.event(key), first, "event")
        },
        Case("An event wakes all that wait for its name, one for a job only that job") { fixture in
            let general = [
                try await fixture.leaseWaiting(for: "go", until: nil),
                try await fixture.leaseWaiting(for: "go", until: nil),
            ].map(\.job.id)
            let other = try await fixture.leaseWaiting(for: "stop", until: nil).job.id
            let own = [
                try await fixture.leaseWaiting(for: "go", until: nil, forItself: true),
                try await fixture.leaseWaiting(for: "go", until: nil, forItself: true),
            ].map(\.job.id)

            try expectEqual(
                try await fixture.store.send(EventKey("go", for: own[1]), payload: []),
                .sent(woken: 1), "answer for one job")
            try await fixture.expectState(.ready, of: own[1])
            for id in general + own.prefix(1) {
                try await fixture.expectState(.scheduled, of: id)
            }
            try expectEqual(
                try await fixture.store.send(EventKey("go"), payload: []), .sent(woken: 2),
                "answer for all")
            for id in general { try await fixture.expectState(.ready, of: id) }
            for id in [other, own[0]] { try await fixture.expectState(.scheduled, of: id) }
        },
        Case("A held job that waits for an event stays held when it comes") { fixture in
            let lease = try await fixture.leaseWaiting(for: "go", until: nil)
            try await fixture.store.hold(lease.job.id)

            _ = try await fixture.store.send(EventKey("go"), payload: [])
            try expectEqual(try await fixture.lease().count, 0, "leases")
            try await fixture.store.letGo(lease.job.id)

            try expectEqual(try await fixture.leaseOne().job.id, lease.job.id, "leased")
        },
        Case("A job that is let go still waits for its event") { fixture in
            let lease = try await fixture.leaseWaiting(for: "go", until: nil)
            try await fixture.store.hold(lease.job.id)
            try await fixture.store.letGo(lease.job.id)

            try await fixture.expectState(.scheduled, of: lease.job.id)
            try expectEqual(try await fixture.lease().count, 0, "leases")
            _ = try await fixture.store.send(EventKey("go"), payload: [])

            try await fixture.expectState(.ready, of: lease.job.id)
        },
        Case("A wait whose time is over when it begins ends at once") { fixture in
            let lease = try await fixture.leaseWaiting(for: "go", until: fixture.clock.now)

            let again = try await fixture.leaseOne()

            try expectEqual(again.job.id, lease.job.id, "job")
            try expectEqual(again.job.awaitedEvent, nil, "awaitedEvent")
        },
        Case("A job can't wait for an event that is for another one") { fixture in
            let other = try await fixture.enqueue(NewJob("b"))
            let id = try await fixture.enqueue(NewJob("a"))
            guard let lease = try await fixture.lease(kinds: ["a"]).first else {
                throw Unexpected("job \(id) wasn't leased")
            }

            do {
                try await fixture.store.settle(
                    lease.token, as: .waiting(for: EventKey("go", for: other), until: nil))
                throw Unexpected("a job waits for the event of another one")
            } catch QueueError.invalidEvent("go", _) {}

            try await fixture.expectState(.leased, of: id)
        },
        Case("A cancelled job isn't woken, nor one that was retried by hand") { fixture in
            let cancelled = try await fixture.leaseWaiting(for: "go", until: nil).job.id
            let retried = try await fixture.leaseWaiting(for: "go", until: nil).job.id
            _ = try await fixture.store.cancel(cancelled)
            try await fixture.store.retry(retried)

            try expectEqual(
                try await fixture.store.send(EventKey("go"), payload: []), .sent(woken: 0),
                "answer")

            try await fixture.expectState(.cancelled, of: cancelled)
            try expectEqual(try await fixture.job(retried).awaitedEvent, nil, "awaitedEvent")
        },
        Case("A job that is to be cancelled doesn't begin to wait") { fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            let lease = try await fixture.leaseOne()
            _ = try await fixture.store.cancel(id)

            try await fixture.store.settle(
                lease.token, as: .waiting(for: EventKey("go"), until: nil))

            try await fixture.expectState(.cancelled, of: id)
        },
        Case("An event for a finished job is kept, and goes with the job") { fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            try await fixture.end("a", as: .succeeded)
            let key = EventKey("go", for: id)

            try expectEqual(
                try await fixture.store.send(key, payload: []), .sent(woken: 0), "answer")
            try expect(try await fixture.store.event(key) != nil, "the event to be kept")
            _ = try await fixture.store.prune(matching: JobFilter())

            try expectEqual(try await fixture.store.event(key), nil, "event")
            do {
                _ = try await fixture.store.send(key, payload: [])
                throw Unexpected("an event for a job that isn't there was taken")
            } catch QueueError.noSuchJob(id) {}
        },
        Case("An event that breaks a limit is refused") { fixture in
            let longest = String(repeating: "x", count: 1024)
            let most = [UInt8](repeating: 1, count: NewJob.maxPayloadBytes)
            _ = try await fixture.store.send(
                EventKey(EventName(rawValue: longest)), payload: most)

            let refused: [(String, [UInt8])] = [
                ("", []), (longest + "x", []), ("a\0b", []), ("b", most + [1]),
            ]
            for (text, payload) in refused {
                let name = EventName(rawValue: text)
                do {
                    _ = try await fixture.store.send(EventKey(name), payload: payload)
                    throw Unexpected("event \"\(name)\" was taken")
                } catch QueueError.invalidEvent(name, _) {}
            }
        },
        Case("Nobody can wait for an event that can't come") { fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            let lease = try await fixture.leaseOne()

            do {
                try await fixture.store.settle(
                    lease.token, as: .waiting(for: EventKey(""), until: nil))
                throw Unexpected("a job waits for an event without a name")
            } catch QueueError.invalidEvent("", _) {}

            try await fixture.expectState(.leased, of: id)
        },
    ]
}

extension QueueFixture {
    /// A job that was leased and then waits for an event; the lease is over.
    fileprivate func leaseWaiting(
        for event: EventName, until: Timestamp?, forItself: Bool = false
    ) async throws -> Lease {
        let id = try await enqueue(NewJob("waits"))
        guard let lease = try await lease(kinds: ["waits"]).first, lease.job.id == id else {
            throw Unexpected("job \(id) wasn't leased")
        }
        try await store.settle(
            lease.token,
            as: .waiting(for: EventKey(event, for: forItself ? id : nil), until: until))
        return lease
    }
}
