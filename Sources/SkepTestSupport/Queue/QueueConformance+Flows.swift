internal import SkepQueue

extension QueueConformance {
    static let flows: [Case] = waiting + failing + reviving

    private static let outcomes: [Job.State] = [.succeeded, .dead, .cancelled]

    private static let waiting: [Case] = [
        Case("A job waits for all it depends on, and then does as its condition says") { fixture in
            for condition in DependencyCondition.allCases {
                for first in outcomes {
                    for second in outcomes {
                        let ids = try await fixture.store.enqueue([
                            NewJob("a"), NewJob("b"),
                            NewJob(
                                "last", dependencies: [.earlier(0), .earlier(1)],
                                condition: condition),
                        ]).map(\.id)
                        let what = "\(condition) after \(first), \(second)"
                        try await fixture.expectWaits(for: 2, ids[2])

                        try await fixture.end("b", as: first)
                        if condition == .succeeded, first != .succeeded {
                            try await fixture.expectState(.cancelled, of: ids[2], what)
                        } else {
                            try await fixture.expectWaits(for: 1, ids[2])
                        }

                        try await fixture.end("a", as: second)
                        let runs = condition.isMet(by: [first, second])
                        try await fixture.expectState(runs ? .ready : .cancelled, of: ids[2], what)
                        _ = try await fixture.store.cancel(ids[2])
                    }
                }
            }
        },
        Case("What is finished already counts at once") { fixture in
            for condition in DependencyCondition.allCases {
                for outcome in outcomes {
                    let done = try await fixture.enqueue(NewJob("a"))
                    try await fixture.end("a", as: outcome)

                    let id = try await fixture.enqueue(
                        NewJob("last", dependencies: [.job(done)], condition: condition))

                    let runs = condition.isMet(by: [outcome])
                    try await fixture.expectState(
                        runs ? .ready : .cancelled, of: id, "\(condition) after \(outcome)")
                    _ = try await fixture.store.cancel(id)
                }
            }
        },
        Case("A job that may run doesn't begin before its own time") { fixture in
            let time = fixture.clock.now + .seconds(60)
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("last", notBefore: time, dependencies: [.earlier(0)]),
            ]).map(\.id)

            try await fixture.end("a", as: .succeeded)
            try await fixture.expectState(.scheduled, of: ids[1])
            try expectEqual(try await fixture.job(ids[1]).unmetDependencies, 0, "unmet")
            fixture.clock.advance(by: .seconds(61))

            try expectEqual(try await fixture.lease().map(\.job.id), [ids[1]], "leased")
        },
        Case("A job that waits for others isn't due, however long it waits") { fixture in
            _ = try await fixture.store.enqueue([
                NewJob("a"), NewJob("last", dependencies: [.earlier(0)]),
            ])
            _ = try await fixture.lease()
            fixture.clock.advance(by: .seconds(10))

            let sweep = try await fixture.store.sweep()

            try expectEqual(sweep.promoted, 0, "promoted")
            try expectEqual(sweep.nextDue, nil, "nextDue")
            try expectEqual(try await fixture.lease(9, kinds: ["last"]).count, 0, "leases")
        },
        Case("Results are passed on in the order in which they were asked for, each once") {
            fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", maxFailures: 1), NewJob("c"),
                NewJob(
                    "last",
                    dependencies: [.earlier(2), .earlier(0), .earlier(2), .earlier(1)],
                    condition: .finished),
            ]).map(\.id)
            try await fixture.expectWaits(for: 3, ids[3])

            try await fixture.end("a", as: .succeeded, result: [1])
            try await fixture.end("b", as: .dead)
            try expectEqual(
                try await fixture.store.dependencyOutcomes(of: ids[3]).map(\.job),
                [ids[0], ids[1]], "what is finished meanwhile")
            try await fixture.end("c", as: .succeeded)

            let failure = Failure(kind: "broken", message: "It broke.")
            try expectEqual(
                try await fixture.store.dependencyOutcomes(of: ids[3]),
                [
                    DependencyOutcome(job: ids[2], state: .succeeded, result: nil, failure: nil),
                    DependencyOutcome(job: ids[0], state: .succeeded, result: [1], failure: nil),
                    DependencyOutcome(job: ids[1], state: .dead, result: nil, failure: failure),
                ], "outcomes")
            try await fixture.expectState(.ready, of: ids[3])
        },
        Case("It can be seen who waits for whom") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b"),
                NewJob("c", dependencies: [.earlier(1), .earlier(0)]),
                NewJob("d", dependencies: [.earlier(0)]),
            ]).map(\.id)

            let first = try await fixture.store.relations(of: ids[0])
            let third = try await fixture.store.relations(of: ids[2])

            try expectEqual(
                first, JobRelations(dependencies: [], dependents: [ids[2], ids[3]]), "first")
            try expectEqual(
                third, JobRelations(dependencies: [ids[1], ids[0]], dependents: []), "third")
        },
        Case("Jobs queued by one that succeeds may depend on it and on each other") { fixture in
            let id = try await fixture.enqueue(NewJob("a"))
            let lease = try await fixture.leaseOne()

            try await fixture.store.settle(
                lease.token,
                as: .succeeded(
                    result: [7],
                    next: [
                        NewJob("b", dependencies: [.job(id)]),
                        NewJob("c", dependencies: [.earlier(0), .job(id)]),
                    ]))

            let next = try await fixture.leaseOne()
            try expectEqual(next.job.kind, "b", "next")
            try expectEqual(
                try await fixture.store.dependencyOutcomes(of: next.job.id).map(\.result), [[7]],
                "results")
            try expectEqual(try await fixture.lease().count, 0, "leases before b is finished")
            try await fixture.store.settle(next.token, as: .succeeded(result: nil, next: []))
            try expectEqual(try await fixture.leaseOne().job.kind, "c", "last")
        },
        Case("A job may depend on one that was there already under its unique key") { fixture in
            let existing = try await fixture.enqueue(NewJob("a", uniqueKey: "k"))

            let ids = try await fixture.store.enqueue([
                NewJob("a", uniqueKey: "k"), NewJob("b", dependencies: [.earlier(0)]),
            ]).map(\.id)

            try expectEqual(ids[0], existing, "job")
            try await fixture.expectWaits(for: 1, ids[1])
            try await fixture.end("a", as: .succeeded)
            try await fixture.expectState(.ready, of: ids[1])
        },
        Case("What can't be depended on is refused, and all others with it") { fixture in
            let refused: [[Dependency]] = [
                [.job(JobID(rawValue: 4711))], [.earlier(1)], [.earlier(2)], [.earlier(-1)],
                Array(repeating: .earlier(0), count: NewJob.maxDependencies + 1),
            ]

            for dependencies in refused {
                do {
                    _ = try await fixture.store.enqueue([
                        NewJob("a"), NewJob("b", dependencies: dependencies),
                    ])
                    throw Unexpected("\(dependencies.prefix(2)) were accepted")
                } catch QueueError.invalidJob("b", _) {}
            }

            try expectEqual(try await fixture.store.jobs(matching: JobFilter()), [], "jobs")
        },
    ]

    private static let failing: [Case] = [
        Case("What can't run any more is cancelled at once, and says why") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
                NewJob("c", dependencies: [.earlier(1)]),
                NewJob("handler", dependencies: [.earlier(2)], condition: .failed),
                NewJob("cleaner", dependencies: [.earlier(1)], condition: .finished),
            ]).map(\.id)

            try await fixture.end("a", as: .dead)

            for id in ids[1...2] { try await fixture.expectState(.cancelled, of: id) }
            for id in ids[3...4] { try await fixture.expectState(.ready, of: id) }
            try expectEqual(
                try await fixture.job(ids[1]).reason,
                "Job \(ids[0]), on which it depends, is dead.", "reason")
            try expectEqual(
                try await fixture.job(ids[2]).reason,
                "Job \(ids[1]), on which it depends, is cancelled.", "reason")
            try expectEqual(try await fixture.job(ids[1]).finishedAt, fixture.clock.now, "time")
        },
        Case("An error handler that isn't needed is cancelled, and says why") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("handler", dependencies: [.earlier(0)], condition: .failed),
            ]).map(\.id)

            try await fixture.end("a", as: .succeeded)

            try await fixture.expectState(.cancelled, of: ids[1])
            try expectEqual(
                try await fixture.job(ids[1]).reason,
                "All jobs on which it depends have succeeded.", "reason")
        },
        Case("A job that expires while it waits takes those with it that need it") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"),
                NewJob(
                    "b", expiresAt: fixture.clock.now + .seconds(5), dependencies: [.earlier(0)]),
                NewJob("c", dependencies: [.earlier(1)]),
            ]).map(\.id)
            fixture.clock.advance(by: .seconds(6))

            try expectEqual(try await fixture.store.sweep().expired, [ids[1]], "expired")

            for id in ids[1...2] { try await fixture.expectState(.cancelled, of: id) }
            try await fixture.expectState(.ready, of: ids[0])
        },
        Case("A held job stays held when it waits for nothing else any more") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
            ]).map(\.id)
            try await fixture.store.hold(ids[1])

            try await fixture.end("a", as: .succeeded)
            try expectEqual(try await fixture.lease().count, 0, "leases")
            try await fixture.store.letGo(ids[1])

            try expectEqual(try await fixture.leaseOne().job.id, ids[1], "leased")
        },
        Case("A job that is let go still waits for what it depends on") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
            ]).map(\.id)
            try await fixture.store.hold(ids[1])
            try await fixture.store.letGo(ids[1])

            try await fixture.expectWaits(for: 1, ids[1])
            try await fixture.end("a", as: .succeeded)
            try await fixture.expectState(.ready, of: ids[1])
        },
        Case("What unfinished jobs depend on isn't removed") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b"),
                NewJob("last", dependencies: [.earlier(0), .earlier(1)]),
            ]).map(\.id)
            try await fixture.end("a", as: .succeeded, result: [1])
            let filter = JobFilter(states: [.succeeded])

            try expectEqual(try await fixture.store.prune(matching: filter), 0, "removed early")
            try await fixture.end("b", as: .succeeded)
            try await fixture.end("last", as: .succeeded)

            try expectEqual(try await fixture.store.prune(matching: filter), 3, "removed")
            try expectEqual(try await fixture.store.job(ids[0]), nil, "job")
        },
    ]
}

extension DependencyCondition {
    fileprivate func isMet(by outcomes: [Job.State]) -> Bool {
        switch self {
        case .succeeded: outcomes.allSatisfy { $0 == .succeeded }
        case .finished: true
        case .failed: outcomes.contains { $0 != .succeeded }
        }
    }
}
