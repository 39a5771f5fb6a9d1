import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Steps and events beside rows of one's own")
struct StepTests {
    private static let notes = SchemaMigration(
        name: "notes-m001_notes",
        sql: "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;")

    @Test("A step and one's own rows are kept together or not at all")
    func stepWithOwnRows() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore(migrations: [Self.notes]) { store in
                let id = try await store.enqueue([NewJob("a")])[0].id
                let lease = try await store.leaseOne()
                let write: @Sendable (QueueTransaction) throws -> Void = { transaction in
                    try transaction.database.execute(sql: "INSERT INTO note (text) VALUES ('x')")
                    try transaction.record(step: "note", result: [1], of: lease.token)
                }

                try await store.write(write)
                await #expect(
                    throws: QueueError.invalidStep(
                        "note", reason: "Attempt 1 of job \(id) has done it already.")
                ) {
                    try await store.write(write)
                }

                #expect(try await store.steps(of: id).map(\.name) == ["note"])
                let notes = try await store.read {
                    try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM note")
                }
                #expect(notes == 1)
            }
        }
    }

    @Test("An event that is sent with rows of one's own wakes nobody when these aren't kept")
    func eventWithOwnRows() async throws {
        struct Regret: Error {}
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let id = try await store.enqueue([NewJob("a")])[0].id
                let lease = try await store.leaseOne()
                try await store.settle(lease.token, as: .waiting(for: EventKey("go"), until: nil))

                await #expect(throws: Regret.self) {
                    try await store.write { transaction in
                        #expect(
                            try transaction.send(EventKey("go"), payload: []) == .sent(woken: 1))
                        throw Regret()
                    }
                }
                #expect(try await store.job(id)?.state == .scheduled)
                #expect(try await store.event(EventKey("go")) == nil)
                _ = try await store.write { try $0.send(EventKey("go"), payload: []) }

                #expect(try await store.job(id)?.state == .ready)
                try await store.expectConsistent()
            }
        }
    }

    @Test("Whoever waits for work is woken when an event comes")
    func wakesWorkers() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("a")])
                let lease = try await store.leaseOne()
                try await store.settle(lease.token, as: .waiting(for: EventKey("go"), until: nil))
                let registration = try await store.register("waiting")
                var signals = registration.signals.makeAsyncIterator()

                try await store.send(EventKey("go"), payload: [])

                #expect(await signals.next() == .look)
                #expect(try await store.leaseOne().job.kind == "a")
                await registration.end()
            }
        }
    }
}
