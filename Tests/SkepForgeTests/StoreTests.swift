import Foundation
import GRDB
import SkepCore
import SkepQueue
import Testing

@testable import SkepForge

@Suite("The tracker's data")
struct StoreTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = TemporaryFolder.path()
        defer { TemporaryFolder.remove(folder) }
        try await body(folder)
    }

    @Test("Several that have it open write at the same time, and no number is given twice")
    func severalWriters() async throws {
        try await TestForge.with { test async throws in
            let folder = test.folder
            let repository = test.repository

            let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let forge = try await Forge(dataFolder: folder)
                        var numbers: [Int] = []
                        for _ in 0..<10 {
                            numbers.append(
                                try await forge.addIssue(to: repository, title: "x").reference
                                    .number)
                        }
                        return numbers
                    }
                }
                var all: [Int] = []
                while let some = try await group.next() { all += some }
                return all
            }

            #expect(numbers.sorted() == Array(1...40))
            let listed = try await test.forge.issues(in: repository)
            #expect(listed.map(\.reference.number) == (1...40).reversed())
        }
    }

    @Test("Everything written is synchronised to the disk")
    func durability() async throws {
        try await withFolder { folder in
            let forge = try await Forge(dataFolder: folder)

            let level = try await forge.store.pool.writeWithoutTransaction { db in
                try Int.fetchOne(db, sql: "PRAGMA synchronous")
            }
            let mode = try await forge.store.read { db in
                try String.fetchOne(db, sql: "PRAGMA journal_mode")
            }

            #expect(level == 2)
            #expect(mode == "wal")
        }
    }

    @Test("A database of a newer program is refused with both versions")
    func newerDatabase() async throws {
        try await withFolder { folder in
            let forge = try await Forge(dataFolder: folder)
            try await forge.store.pool.write { db in try db.execute(sql: "PRAGMA user_version = 99")
            }

            await #expect(
                throws: ForgeError.newerDatabase(
                    path: folder + "/forge.sqlite", found: 99, known: 2)
            ) { try await Forge(dataFolder: folder) }
        }
    }

    @Test("Names that can't be users or repositories are refused, taken ones too")
    func names() async throws {
        try await withFolder { folder in
            let forge = try await Forge(dataFolder: folder)
            for name in ["", "a b", "../x", "-x", ".x", "api", "ü", "assets"] {
                await #expect(throws: ForgeError.invalidUserName(name)) {
                    try await forge.addUser(LoginName(rawValue: name))
                }
            }
            _ = try await forge.addUser("amy", isAdmin: true)
            await #expect(throws: ForgeError.userExists("AMY")) { try await forge.addUser("AMY") }
            await #expect(throws: ForgeError.noSuchUser("zoe")) {
                try await forge.addRepository(try #require(RepositoryName("zoe/x")))
            }
            await #expect(throws: ForgeError.invalidRepositoryName("amy/x.git")) {
                try await forge.addRepository(try #require(RepositoryName("amy/x.git")))
            }
            #expect(try await forge.users() == [ForgeUser(name: "amy", isAdmin: true)])
        }
    }

    @Test("A folder that a cut-off creation left is kept aside")
    func leftFolder() async throws {
        try await withFolder { folder in
            let forge = try await Forge(dataFolder: folder)
            _ = try await forge.addUser("amy")
            let left = folder + "/repositories/amy/bees.git"
            try FileManager.default.createDirectory(
                atPath: left + "/objects", withIntermediateDirectories: true)

            let made = try await forge.addRepository(try #require(RepositoryName("amy/bees")))

            #expect(FileManager.default.fileExists(atPath: made.path + "/HEAD"))
            let all = try FileManager.default.contentsOfDirectory(
                atPath: folder + "/repositories/amy")
            #expect(all.count == 2)
        }
    }

    @Test("An issue from the command line has its labels, which are made")
    func issuesFromTheCommandLine() async throws {
        try await TestForge.with { test async throws in
            let issue = try await test.forge.addIssue(
                to: test.repository, title: "Fly", body: "High", labels: ["ready"])

            #expect(issue.reference.description == "amy/bees#1")
            let shown = try await test.client().get("repos/amy/bees/issues/1")
            #expect(shown.json["user"]?["login"]?.string == "amy")
            #expect(shown.json["labels"]?[0]?["name"]?.string == "ready")
            await #expect(throws: ForgeError.emptyTitle) {
                try await test.forge.addIssue(to: test.repository, title: " ")
            }
        }
    }
}
