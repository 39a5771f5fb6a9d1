internal import Foundation
internal import SkepQueue
internal import SkepQueueSQLite

/// Does one thing, for tests of that one thing. Lines of its journal have no times.
struct Holder: Sendable {
    let store: SQLiteQueueStore
    let journal: Journal

    /// Waits until a job is finished, and ends: "awaits ID", "finished ID STATE".
    func wait(for id: JobID) async throws {
        async let job = store.finished(id)
        journal.write("awaits \(id)")
        journal.write("finished \(id) \(try await job.state)")
        await store.close()
    }

    /// Takes the semaphore "lock" and keeps it: "locked NUMBER".
    func lock() async throws {
        try await store.withPermit(of: "lock") { permit in
            journal.write("locked \(permit.number)")
            try await Task.sleep(for: .seconds(3600))
        }
    }

    /// Takes a lease of a second, stops itself, and tries what only a holder may do once it is
    /// continued: "began ID ATTEMPT", "lost WHAT", "kept WHAT".
    func stop() async throws {
        let worker = WorkerID.random()
        _ = try await store.register(worker)
        let leases = try await store.lease(
            LeaseRequest(queue: "default", limit: 1, worker: worker, length: .seconds(1)))
        let token = leases[0].token
        journal.write("began \(token.job) \(token.attempt)")
        raise(SIGSTOP)

        let renewal = try await store.renew([token], length: .seconds(60))[token]
        journal.write("\(renewal == .lost ? "lost" : "kept") renewal")
        try await attempt("step") {
            try await store.record(step: "late", result: [1], of: token)
        }
        try await attempt("failure") {
            try await store.settle(token, as: .dead(Failure(kind: "k", message: "")))
        }
        try await attempt("success") {
            try await store.settle(token, as: .succeeded(result: [2], next: [NewJob("child")]))
        }
        try await Task.sleep(for: .seconds(3600))
    }

    private func attempt(_ what: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
            journal.write("kept \(what)")
        } catch QueueError.leaseLost {
            journal.write("lost \(what)")
        }
    }
}
