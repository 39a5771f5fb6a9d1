import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("What the table of jobs refuses")
struct JobChecksTests {
    @Test(
        "Words and combinations that mean nothing are refused",
        arguments: [
            "state = 'odd'", "state = 'leased'", "state = 'succeeded'", "finished_at_ms = 1",
            "unique_scope = 'odd'", "runs_when = 'odd'", "cancel_requested = 2",
        ])
    func refusesNonsense(_ assignment: String) async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                _ = try await store.enqueue([NewJob("work")])

                let error = await #expect(throws: DatabaseError.self) {
                    try await store.write {
                        try $0.database.execute(sql: "UPDATE job SET \(assignment)")
                    }
                }

                #expect(error?.resultCode == .SQLITE_CONSTRAINT)
                try await store.expectConsistent()
            }
        }
    }

    #if os(Linux)
        @Test("No check makes SQLite build a table of words at each row")
        func checksAreCheap() async throws {
            try await TemporaryQueue.with { queue in
                try await queue.withStore { store in
                    let sql = try await store.read { database in
                        try String.fetchOne(
                            database, sql: "SELECT sql FROM sqlite_schema WHERE name = 'job'")
                    }

                    #expect(sql?.contains("state = 'ready' OR state = 'leased'") == true)
                    #expect(sql?.contains("IN ('") == false)
                }
            }
        }
    #endif
}
