internal import Foundation
internal import SkepQueue
internal import SkepQueueSQLite

// What one of several processes does, which the driver starts, watches and kills.

extension QueueBench {
    /// Works until it is killed. A line "NUMBER NANOSECONDS" is written when a job has begun and
    /// its `length` is over; the number is what its payload says.
    static func work(
        on database: String, slots: Int, journal path: String, length: Duration
    ) async throws {
        let store = try await open(database)
        let journal = try Journal(path: path)
        let worker = QueueWorker(
            store: store, configuration: .init(slots: ["default": slots]), logger: silent
        ) { lease, _ in
            let began = monotonicNanoseconds()
            if length > .zero { try await Task.sleep(for: length) }
            journal.write("\(String(decoding: lease.job.payload, as: UTF8.self)) \(began)")
            return .settle(.succeeded(result: nil, next: []))
        }
        try await worker.run()
    }

    /// Registers like a worker, and writes down when it is woken, until it is killed.
    static func watch(_ database: String, journal path: String) async throws {
        let store = try await open(database)
        let journal = try Journal(path: path)
        let registration = try await store.register(.random())
        say("ready")
        for await _ in registration.signals {
            journal.write("\(monotonicNanoseconds())")
        }
    }

    /// Reads lines "INDEX NUMBER", puts a job with that number into that database, and prints when
    /// that had returned; until there are no more lines.
    static func ring(_ databases: [String]) async throws {
        var stores: [SQLiteQueueStore] = []
        for database in databases { stores.append(try await open(database)) }
        say("ready")
        // Blocks the main thread, on which nobody else waits.
        while let line = readLine() {
            let words = line.split(separator: " ")
            guard words.count == 2, let index = Int(words[0]), stores.indices.contains(index) else {
                throw CocoaError(.formatting)
            }
            _ = try await stores[index].enqueue([NewJob("bench", payload: Array(words[1].utf8))])
            say("\(monotonicNanoseconds())")
        }
    }

    /// Enqueues one job after the other until it is killed. A line with its number is written for
    /// each that the store has acknowledged.
    static func produce(
        into database: String, journal path: String, pause: Duration
    ) async throws {
        let store = try await open(database)
        let journal = try Journal(path: path)
        var number = 0
        while true {
            number += 1
            // As often as its holder may be killed: what counts here is whether it is done.
            let job = NewJob("bench", payload: Array("\(number)".utf8), maxFailures: 1000)
            _ = try await store.enqueue([job])
            journal.write("\(number)")
            try await Task.sleep(for: pause)
        }
    }

    /// Does everything that a job needs, one after the other, beside others who do the same.
    static func cycle(_ database: String, for length: Duration) async throws {
        let store = try await open(database)
        let worker = WorkerID.random()
        let registration = try await store.register(worker)
        say("ready")
        _ = readLine()
        let end = ContinuousClock.now + length
        var count = 0
        var errors = 0
        var longest = Duration.zero
        while ContinuousClock.now < end {
            do {
                try await timed(&longest) {
                    _ = try await store.enqueue([NewJob("bench", payload: payload)])
                }
                let leases = try await timed(&longest) {
                    try await store.lease(
                        LeaseRequest(queue: "default", limit: 1, worker: worker))
                }
                for lease in leases {
                    try await timed(&longest) {
                        try await store.settle(
                            lease.token, as: .succeeded(result: nil, next: []))
                    }
                    count += 1
                }
            } catch {
                errors += 1
                FileHandle.standardError.write(Data("\(error)\n".utf8))
            }
        }
        report(["count": Double(count), "longest": longest.inSeconds, "errors": Double(errors)])
        await registration.end()
        await store.close()
    }

    private static func timed<R>(
        _ longest: inout Duration, _ call: () async throws -> R
    ) async throws -> R {
        let begin = ContinuousClock.now
        defer { longest = max(longest, begin.duration(to: .now)) }
        return try await call()
    }
}
