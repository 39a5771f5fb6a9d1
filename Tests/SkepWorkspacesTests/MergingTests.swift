import Foundation
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepWorkspaces

@Suite("Merging the base in a workspace")
struct MergingTests {
    @Test(
        "The newest base can be merged in the workspace, without a network and without the mirror")
    func mergesNewestBase() async throws {
        let fixture = try await WorkspaceFixture()
        let published = try #require(
            try await fixture.collect(after: "echo ours > src/a; git commit -qam Ours").head)
        let work = TestRepository(path: fixture.origin.path + ".work")
        try await work.commit("Theirs", files: ["src/a": "theirs\n", "new": "x\n"])
        try await work.git("push", "-q", fixture.origin.path, "main")
        let newest = try await fixture.workspaces.refresh(fixture.name, from: fixture.access)

        let found = try await fixture.collect(
            after: """
                test "$(git rev-parse origin/main)" = \(newest.commit)
                test -z "$(git remote)"
                git merge -q origin/main && exit 1
                echo both > src/a; git add -A; git commit -qm Merged
                git update-ref refs/remotes/origin/main HEAD
                """, base: published, attempt: 2)

        let head = try #require(found.head)
        #expect(try await fixture.files(head).contains("new"))
        #expect(
            try await fixture.mirror.git("log", "-1", "--format=%P", head.rawValue).split(
                whereSeparator: \.isWhitespace) == [
                    Substring(published.rawValue), Substring(newest.commit.rawValue),
                ])
        #expect(
            try await fixture.mirror.git("rev-parse", "refs/remotes/origin/main").hasPrefix(
                newest.commit.rawValue))
    }

    @Test(
        "A reviewer in the run's workspace doesn't get the home of the author, who finds it again")
    func homes() async throws {
        let fixture = try await WorkspaceFixture()
        var review = fixture.request()
        review.author = CommitAuthor(name: "codex", email: "codex@example.org")

        let first = try await fixture.workspaces.withWorkspace(fixture.request()) { workspace in
            try Data("key".utf8).write(to: URL(fileURLWithPath: workspace.homePath + "/login"))
            return workspace
        }
        try await fixture.workspaces.withWorkspace(review) { workspace in
            #expect(workspace.path == first.path)
            #expect(workspace.homePath != first.homePath)
            let files = try FileManager.default.contentsOfDirectory(atPath: workspace.homePath)
            #expect(files.isEmpty)
        }
        try await fixture.workspaces.withWorkspace(fixture.request()) { workspace in
            #expect(FileManager.default.fileExists(atPath: workspace.homePath + "/login"))
        }
        try await fixture.workspaces.release(run: first.run, of: fixture.name)
        try await fixture.workspaces.withWorkspace(fixture.request(run: 99)) { workspace in
            #expect(workspace.homePath == first.homePath)
            let files = try FileManager.default.contentsOfDirectory(atPath: workspace.homePath)
            #expect(files.isEmpty)
        }
    }
}
