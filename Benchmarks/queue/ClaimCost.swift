internal import Foundation
internal import SkepQueue
internal import SkepQueueSQLite

extension QueueBench {
    /// Times a claim beside one in a queue that is empty but for a few jobs, turn and turn about.
    ///
    /// - Parameters:
    ///   - many: How many jobs are ready, and then finished.
    ///   - limited: How many are scheduled, and how many have a key that is at its limit; all of
    ///     them would go before the jobs that are claimed.
    static func measureClaims(
        in folder: String, many: Int, limited: Int, samples: Int
    ) async throws {
        let job = NewJob("bench", payload: payload)
        var urgent = job
        urgent.priority = 1000
        let empty = try await open("\(folder)/empty.sqlite")
        let full = try await open("\(folder)/full.sqlite")
        let scheduled = try await open("\(folder)/scheduled.sqlite")
        let blocked = try await open("\(folder)/blocked.sqlite")

        var later = urgent
        later.notBefore = SystemClock().now + .seconds(86_400)
        try await scheduled.enqueue(later, times: limited)
        var keyed = urgent
        keyed.concurrencyKey = "full"
        try await blocked.setLimit(0, of: "full", in: "default")
        try await blocked.enqueue(keyed, times: limited)
        try await full.enqueue(job, times: many)
        for store in [empty, scheduled, blocked] { try await store.enqueue(job, times: 10) }

        let ready = try await claimTimes(
            [("empty", empty), ("ready", full), ("scheduled", scheduled), ("blocked", blocked)],
            samples)
        try await full.finishAll()
        try await full.enqueue(job, times: 10)
        let finished = try await claimTimes([("empty", empty), ("finished", full)], samples)
        for (name, times) in ready + finished {
            say("{\"name\": \"\(name)\", \"microseconds\": \(times)}")
        }
        for store in [empty, full, scheduled, blocked] { await store.close() }
    }

    private static func claimTimes(
        _ stores: [(String, SQLiteQueueStore)], _ samples: Int
    ) async throws -> [(String, Double)] {
        var times = stores.map { ($0.0, [Double]()) }
        for number in 0..<samples + 20 {
            for (index, store) in stores.enumerated() {
                let time = try await store.1.claimTime()
                // The first ones fill caches.
                if number >= 20 { times[index].1.append(time) }
            }
        }
        return times.map { ($0.0, median($0.1)) }
    }
}

extension SQLiteQueueStore {
    /// Microseconds of one claim, without the commit, so that the disk's speed isn't measured.
    fileprivate func claimTime() async throws -> Double {
        let request = LeaseRequest(queue: "default", limit: 1, worker: "bench")
        return try await write { transaction in
            let begin = ContinuousClock.now
            let leases = try transaction.lease(request)
            let time = begin.duration(to: .now)
            for lease in leases { try transaction.settle(lease.token, as: .released) }
            guard leases.count == 1 else { throw CocoaError(.featureUnsupported) }
            return time.inSeconds * 1e6
        }
    }

    fileprivate func finishAll() async throws {
        let request = LeaseRequest(queue: "default", limit: 1000, worker: "bench")
        while try await write({ transaction in
            let leases = try transaction.lease(request)
            for lease in leases {
                try transaction.settle(lease.token, as: .succeeded(result: nil, next: []))
            }
            return !leases.isEmpty
        }) {}
    }
}
