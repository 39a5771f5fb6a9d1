import SkepCore
import SkepQueue
import SkepTestSupport
import SkepWorkspaces
import Testing

@Suite("What is kept of a run")
struct KeptTests {
    @Test("Each attempt and each rescue of it, the newest first, and no other run's")
    func newestFirst() async throws {
        let fixture = try await WorkspaceFixture()
        let run = RunID(rawValue: 88)
        let first = try await fixture.collect(after: "echo 1 > one")
        // A branch of its own, which the result doesn't contain.
        let second = try await fixture.collect(
            after: "git checkout -qb side; echo x > x; git add x; git commit -qm Side; "
                + "git checkout -q -; echo 2 > two", attempt: 10)

        let kept = try await fixture.workspaces.kept(of: run, in: fixture.name)

        #expect(kept.prefix(2).map(\.commit) == [second.head, first.head])
        #expect(
            kept.prefix(2).map(\.reference) == [
                "refs/skep/run-88/attempt-10", "refs/skep/run-88/attempt-1",
            ])
        #expect(kept.count == 3 && kept.last?.reference.hasSuffix("-attempt-10-commits") == true)
        let other = RunID(rawValue: 8)
        #expect(try await fixture.workspaces.kept(of: other, in: fixture.name).isEmpty)
    }

    @Test("Nothing of a repository that was never fetched")
    func noMirror() async throws {
        let fixture = try await WorkspaceFixture()
        let name = try #require(RepositoryName("ada/other"))

        #expect(try await fixture.workspaces.kept(of: RunID(rawValue: 88), in: name).isEmpty)
    }
}
