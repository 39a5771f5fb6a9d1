import Foundation
import GRDB
import SkepQueue
import Testing

@testable import SkepQueueSQLite

@Suite("What the system's errors mean for a queue")
struct StoreFailureTests {
    private func meaning(of error: any Error) -> QueueError? {
        StoreFailure.translated(error, doing: "write to", path: "/q") as? QueueError
    }

    @Test(
        "On a full disk workers go on by themselves, and a command is to be given again",
        arguments: [
            DatabaseError(resultCode: .SQLITE_FULL), POSIXError(.ENOSPC),
        ] as [any Error])
    func fullDisk(error: any Error) throws {
        let told = try #require(meaning(of: error))

        #expect(
            told.advice
                == "Make room on its disk. Workers go on by themselves then; a command has to be "
                + "given again.")
    }

    @Test("A backup's full disk isn't told as no error")
    func textOfBackup() throws {
        let told = try #require(
            meaning(of: DatabaseError(resultCode: .SQLITE_FULL, message: "not an error")))

        #expect(told.why == "SQLite says: 13 (database or disk is full).")
    }

    @Test("SQLite's own words are kept")
    func text() throws {
        let told = try #require(
            meaning(of: DatabaseError(resultCode: .SQLITE_FULL, message: "no room")))

        #expect(told.why == "SQLite says: no room (13).")
    }
}
