internal import SkepQueue

extension QueueConformance {
    static let reviving: [Case] = [
        Case("When a job is retried, those wait again that were cancelled because of it") {
            fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
                NewJob("c", dependencies: [.earlier(1)]),
                NewJob("d", dependencies: [.earlier(2)], condition: .finished),
            ]).map(\.id)
            try await fixture.end("a", as: .dead)
            try await fixture.expectState(.ready, of: ids[3])

            try await fixture.store.retry(ids[0])

            try await fixture.expectState(.ready, of: ids[0])
            try await fixture.expectWaits(for: 1, ids[1])
            try await fixture.expectWaits(for: 1, ids[2])
            try await fixture.expectState(.ready, of: ids[3], "what may have begun")
            try expectEqual(try await fixture.job(ids[1]).reason, nil, "reason")
            try expectEqual(try await fixture.job(ids[1]).finishedAt, nil, "finishedAt")
            for kind in ["a", "b", "c"] as [JobKind] {
                try await fixture.end(kind, as: .succeeded)
            }
        },
        Case("A job isn't revived while another one it needs has failed") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b"), NewJob("c", dependencies: [.earlier(0), .earlier(1)]),
            ]).map(\.id)
            try await fixture.end("a", as: .dead)
            try await fixture.end("b", as: .cancelled)

            try await fixture.store.retry(ids[0])
            try await fixture.expectState(.cancelled, of: ids[2])
            try expectEqual(
                try await fixture.job(ids[2]).reason,
                "Job \(ids[1]), on which it depends, is cancelled.", "reason")
            try await fixture.store.retry(ids[1])

            try await fixture.expectWaits(for: 2, ids[2])
        },
        Case("What still waits for others waits for a retried job, too") { fixture in
            for condition in [.finished, .failed] as [DependencyCondition] {
                let ids = try await fixture.store.enqueue([
                    NewJob("a"), NewJob("b"),
                    NewJob(
                        "c", dependencies: [.earlier(0), .earlier(1)], condition: condition),
                ]).map(\.id)
                try await fixture.end("a", as: .dead)
                try await fixture.expectWaits(for: 1, ids[2])

                try await fixture.store.retry(ids[0])

                try await fixture.expectWaits(for: 2, ids[2])
                try await fixture.end("b", as: .succeeded)
                try await fixture.end("a", as: .dead)
                try await fixture.expectState(.ready, of: ids[2])
                try await fixture.end("c", as: .succeeded)
            }
        },
        Case("A waiting job that is retried depends on nothing any more") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
            ]).map(\.id)

            try await fixture.store.retry(ids[1])
            try await fixture.expectState(.ready, of: ids[1])
            try await fixture.end("a", as: .dead)

            try await fixture.expectState(.ready, of: ids[1])
            try expectEqual(try await fixture.job(ids[1]).unmetDependencies, 0, "unmet")
        },
        Case("A job that somebody cancelled isn't revived") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
                NewJob("c", dependencies: [.earlier(1)]),
            ]).map(\.id)
            _ = try await fixture.store.cancel(ids[1])
            try await fixture.end("a", as: .dead)

            try await fixture.store.retry(ids[0])
            for id in ids[1...] { try await fixture.expectState(.cancelled, of: id) }
            try await fixture.store.retry(ids[1])

            try await fixture.expectState(.ready, of: ids[1])
            try await fixture.expectWaits(for: 1, ids[2])
        },
        Case("Retried with all that failed, what needs others waits for them again") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", dependencies: [.earlier(0)]),
                NewJob("c", dependencies: [.earlier(1)]),
            ]).map(\.id)
            try await fixture.end("a", as: .dead)

            let retried = try await fixture.store.retry(
                matching: JobFilter(states: [.dead, .cancelled]))

            try expectEqual(retried, [ids[0]], "retried")
            for id in ids[1...] { try await fixture.expectWaits(for: 1, id) }
        },
        Case("A job isn't revived beside an unfinished one with its unique key") { fixture in
            let ids = try await fixture.store.enqueue([
                NewJob("a"), NewJob("b", uniqueKey: "k", dependencies: [.earlier(0)]),
            ]).map(\.id)
            try await fixture.end("a", as: .dead)
            let other = try await fixture.enqueue(NewJob("b", uniqueKey: "k"))

            try await fixture.store.retry(ids[0])

            try await fixture.expectState(.cancelled, of: ids[1])
            try await fixture.expectState(.ready, of: other)
        },
    ]
}

extension QueueFixture {
    /// Leases a job of a kind and ends it.
    func end(_ kind: JobKind, as state: Job.State, result: [UInt8]? = nil) async throws {
        guard let lease = try await lease(kinds: [kind]).first else {
            throw Unexpected("there is no \(kind) to lease")
        }
        let settlement: Settlement =
            switch state {
            case .dead: .dead(Failure(kind: "broken", message: "It broke."))
            case .cancelled: .cancelled
            default: .succeeded(result: result, next: [])
            }
        try await store.settle(lease.token, as: settlement)
        try await expectState(state, of: lease.job.id)
    }

    func expectWaits(for count: Int, _ id: JobID) async throws {
        let job = try await job(id)
        try expect(
            job.state == .scheduled && job.unmetDependencies == count,
            "job \(id) is \(job.state) and waits for \(job.unmetDependencies), not \(count)")
    }

    func expectState(_ state: Job.State, of id: JobID, _ when: String) async throws {
        let job = try await job(id)
        try expect(job.state == state, "job \(id) is \(job.state), not \(state): \(when)")
    }
}
