import GRDB
import SkepCore
import SkepQueue
import Testing

@testable import SkepForge

@Suite("Data of earlier versions")
struct MigrationTests {
    @Test("Comments and reviews of the first version have their places in the timeline")
    func fromTheFirst() async throws {
        let folder = TemporaryFolder.path()
        defer { TemporaryFolder.remove(folder) }
        // A tracker as the first version left it.
        _ = try await Forge(dataFolder: folder)
        try removeDatabase(folder)
        let pool = try DatabasePool(path: folder + "/forge.sqlite")
        try await pool.write { db in
            let script = String(decoding: PackageResources.m001_forge_sql, as: UTF8.self)
            try db.execute(sql: script)
            try db.execute(
                sql: """
                    PRAGMA user_version = 1;
                    INSERT INTO user (name, created_at_ms) VALUES ('amy', 1), ('bob', 1);
                    INSERT INTO repository
                           (owner_id, name, default_branch, next_number, created_at_ms,
                            updated_at_ms)
                    VALUES (1, 'bees', 'main', 2, 1, 1);
                    INSERT INTO issue
                           (repository_id, number, is_pull, title, author_id, created_at_ms,
                            updated_at_ms)
                    VALUES (1, 1, 1, 'Work', 1, 1, 1);
                    INSERT INTO pull
                           (issue_id, head_branch, base_branch, head_commit, base_commit)
                    VALUES (1, 'work', 'main', 'a', 'b');
                    INSERT INTO comment
                           (id, issue_id, author_id, body, created_at_ms, updated_at_ms)
                    VALUES (7, 1, 2, 'Hm', 2, 3);
                    INSERT INTO review
                           (issue_id, author_id, state, commit_id, submitted_at_ms,
                            updated_at_ms)
                    VALUES (1, 2, 'APPROVED', 'a', 4, 4), (1, 2, 'PENDING', 'a', 5, 5);
                    """)
        }
        try pool.close()

        let forge = try await Forge(dataFolder: folder)
        _ = try await forge.addComment(
            "New",
            to: IssueReference(repository: try #require(RepositoryName("amy/bees")), number: 1))

        let events = try await forge.store.read { try EventRow.of($0, issue: 1) }
        #expect(events.map(\.kind) == [.comment, .review, .comment])
        #expect(events.map(\.id) == [7, 8, 9])
        let scopes = try await forge.store.read { db in
            try Int.fetchOne(db, sql: "PRAGMA user_version")
        }
        #expect(scopes == 2)
    }

    private func removeDatabase(_ folder: String) throws {
        TemporaryFolder.remove(folder + "/forge.sqlite")
        TemporaryFolder.remove(folder + "/forge.sqlite-wal")
        TemporaryFolder.remove(folder + "/forge.sqlite-shm")
    }
}
