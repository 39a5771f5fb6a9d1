import Foundation
import SkepCore
import SkepGit
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepWorkspaces

@Suite("Lending workspaces")
struct LendingTests {
    struct Broken: Error {}

    @Test("A workspace is a clean working tree on the run's branch, with the agent's name")
    func workspaceIsClean() async throws {
        let fixture = try await WorkspaceFixture()

        try await fixture.workspaces.withWorkspace(fixture.request()) { workspace in
            let git = TestRepository(path: workspace.path)
            #expect(try await git.git("status", "--porcelain", "--branch") == "## claude/issue-1")
            #expect(try await git.head() == fixture.main.rawValue)
            #expect(try await git.git("config", "user.name") == "claude")
            #expect(try await git.git("remote") == "")
            #expect(
                try await git.shell("ls -A ../homes/claude ../output | grep -v : || true") == "")
            try await git.git("fsck", "--strict")
        }
    }

    @Test("What a run left behind is saved before the next one gets the place")
    func leftWorkIsSaved() async throws {
        let fixture = try await WorkspaceFixture()
        try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { workspace in
            try await WorkspaceFixture.run(
                """
                echo staged > README; git add README; echo 1 > one; echo home > ../homes/claude/x
                echo out > ../output/x; mkdir build; echo o > build/o
                """, in: workspace)
        }
        try await fixture.workspaces.release(run: RunID(rawValue: 1), of: fixture.name)

        try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { workspace in
            #expect(workspace.path.hasSuffix("/1/tree"))
            let git = TestRepository(path: workspace.path)
            let status = try await git.git("status", "--porcelain", "--ignored")
            let besides = try await git.shell("ls -A ../homes/claude ../output | grep -v : || true")
            #expect(status == "")
            #expect(besides == "")
        }

        let saved = try await fixture.references("refs/skep/rescue/run-1")
        try #require(saved.count == 1)
        #expect(try await fixture.mirror.git("show", saved[0] + ":one") == "1")
        #expect(try await fixture.mirror.git("show", saved[0] + "^2:README") == "staged")
        try await fixture.mirror.git("fsck", "--strict", "--full")
    }

    @Test("What was collected isn't saved again")
    func collectedWorkIsNotSavedAgain() async throws {
        let fixture = try await WorkspaceFixture()
        _ = try await fixture.collect(
            after: "echo 1 > one; git add -A; git commit -qm 1; echo 2 > two")

        try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { _ in }

        #expect(try await fixture.references("refs/skep/rescue").isEmpty)
    }

    @Test("An interrupted run finds its workspace as it was, and nobody else gets it")
    func interruptedRunResumes() async throws {
        let fixture = try await WorkspaceFixture()
        let path = try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) {
            workspace in
            try await WorkspaceFixture.run(
                "echo 1 > one; echo h > ../homes/claude/h", in: workspace)
            return workspace.path
        }

        try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { workspace in
            #expect(workspace.path.hasSuffix("/2/tree"))
        }
        let found = try await fixture.workspaces.withWorkspace(
            fixture.request(run: 1, resumes: path)
        ) { workspace in
            #expect(workspace.path.hasSuffix("/1/tree"))
            #expect(FileManager.default.fileExists(atPath: workspace.homePath + "/h"))
            return try await fixture.workspaces.collect(
                workspace, attempt: 2, message: "Leftovers", author: WorkspaceFixture.author)
        }

        #expect(try await fixture.files(found.head).contains("one"))
    }

    @Test("A run that starts anew gets its own place, cleaned, and what was there is saved")
    func freshAttemptIsClean() async throws {
        let fixture = try await WorkspaceFixture()
        await #expect(throws: Broken.self) {
            try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { workspace in
                try await WorkspaceFixture.run("echo 1 > one", in: workspace)
                throw Broken()
            }
        }

        try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { workspace in
            #expect(workspace.path.hasSuffix("/1/tree"))
            #expect(!FileManager.default.fileExists(atPath: workspace.path + "/one"))
        }

        #expect(try await fixture.references("refs/skep/rescue/run-1").count == 1)
    }

    @Test("Two runs at once have two places")
    func twoRunsAtOnce() async throws {
        let fixture = try await WorkspaceFixture()

        let paths = try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { one in
            try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { two in
                [one.path, two.path]
            }
        }

        #expect(Set(paths).count == 2)
        await #expect(throws: WorkspaceError.self) {
            try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { workspace in
                try await fixture.workspaces.withWorkspace(
                    fixture.request(run: 1, resumes: workspace.path)
                ) { _ in }
            }
        }
    }

    @Test("A session's workspace that is gone is never replaced by another")
    func goneWorkspace() async throws {
        let fixture = try await WorkspaceFixture()
        let path = try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { $0.path }
        try await fixture.workspaces.release(run: RunID(rawValue: 1), of: fixture.name)
        try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { workspace in
            #expect(workspace.path == path)
        }

        await #expect(throws: WorkspaceGone(run: RunID(rawValue: 1), path: path)) {
            try await fixture.workspaces.withWorkspace(fixture.request(run: 1, resumes: path)) {
                _ in
            }
        }
        let reservations = try await fixture.workspaces.reservations()
        #expect(reservations.map(\.run) == [RunID(rawValue: 2)])
    }

    @Test("A run given up lets others have its place")
    func releasedRunFreesItsPlace() async throws {
        let fixture = try await WorkspaceFixture()
        _ = try? await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { _ in
            throw Broken()
        }

        try await fixture.workspaces.release(run: RunID(rawValue: 1), of: fixture.name)

        try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { workspace in
            #expect(workspace.path.hasSuffix("/1/tree"))
        }
    }

    @Test("Ignored files of an earlier use stay only when they may", arguments: [false, true])
    func ignoredFiles(keeps: Bool) async throws {
        let fixture = try await WorkspaceFixture()
        _ = try await fixture.collect(after: "mkdir build; echo o > build/o")
        try await fixture.workspaces.release(run: fixture.request().run, of: fixture.name)

        try await fixture.workspaces.withWorkspace(fixture.request(run: 2, keepsIgnored: keeps)) {
            workspace in
            let isThere = FileManager.default.fileExists(atPath: workspace.path + "/build/o")
            #expect(isThere == keeps)
        }
    }

    @Test("Ignored folders that are named stay, and what a working tree was set up with is known")
    func namedFoldersStay() async throws {
        let fixture = try await WorkspaceFixture()
        var first = fixture.request()
        first.keeps = ["build"]
        try await fixture.workspaces.withWorkspace(first) { workspace in
            try await WorkspaceFixture.run(
                "mkdir -p build src/build; echo o > build/o; echo o > src/build/o", in: workspace)
            try await fixture.workspaces.recordSetup("k", of: workspace)
        }
        try await fixture.workspaces.release(run: first.run, of: fixture.name)

        var second = fixture.request(run: 2)
        second.keeps = ["build"]
        try await fixture.workspaces.withWorkspace(second) { workspace in
            let git = TestRepository(path: workspace.path)
            let status = try await git.git("status", "--porcelain", "--ignored")
            let setup = try await fixture.workspaces.setup(of: workspace)
            #expect(status == "!! build/")
            #expect(setup == "k")
        }
        try await fixture.workspaces.release(run: second.run, of: fixture.name)
        try await fixture.workspaces.withWorkspace(fixture.request(run: 3)) { workspace in
            let setup = try await fixture.workspaces.setup(of: workspace)
            #expect(setup == nil)
        }
    }

    @Test("A link in the place of a kept folder doesn't stay")
    func linkedFolderDoesNotStay() async throws {
        let fixture = try await WorkspaceFixture()
        var request = fixture.request()
        request.keeps = ["build"]
        try await fixture.workspaces.withWorkspace(request) { workspace in
            try await WorkspaceFixture.run("ln -s /etc build", in: workspace)
        }

        try await fixture.workspaces.withWorkspace(request) { workspace in
            let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path)
            #expect(!names.contains("build"))
        }
    }

    @Test("No two runs have one port, and a run has its own until it is released")
    func ports() async throws {
        let fixture = try await WorkspaceFixture()
        let (one, two) = (RunID(rawValue: 1), RunID(rawValue: 2))

        let first = try await fixture.workspaces.ports(3, for: one)
        let second = try await fixture.workspaces.ports(3, for: two)
        let again = try await fixture.workspaces.ports(3, for: one)
        try await fixture.workspaces.release(run: one, of: fixture.name)
        let third = try await fixture.workspaces.ports(1, for: RunID(rawValue: 3))

        #expect(Set(first + second).count == 6)
        #expect(again == first)
        #expect(third == [first[0]])
    }

    @Test("A run that is at work again keeps its place and its ports when it is released late")
    func lateRelease() async throws {
        let fixture = try await WorkspaceFixture()
        let run = RunID(rawValue: 1)

        let (first, second) = try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) {
            _ in
            let first = try await fixture.workspaces.ports(1, for: run)
            try await fixture.workspaces.release(run: run, of: fixture.name)
            return (first, try await fixture.workspaces.ports(1, for: RunID(rawValue: 2)))
        }

        #expect(first != second)
        #expect(try await fixture.workspaces.reservations().map(\.run) == [run])
    }

    @Test("A place that was lent since it was looked at isn't the former run's any more")
    func lentMeanwhile() async throws {
        let fixture = try await WorkspaceFixture()
        let workspace = try await fixture.workspaces.withWorkspace(fixture.request(run: 1)) { $0 }
        let slot = try Slot(of: workspace, in: fixture.folder.path + "/state")
        try await fixture.workspaces.release(run: workspace.run, of: fixture.name)
        try await fixture.workspaces.withWorkspace(fixture.request(run: 2)) { other in
            #expect(other.path == workspace.path)
        }

        #expect(try slot.lock(of: workspace.run) == nil)
        #expect(try slot.lock(of: RunID(rawValue: 2)) != nil)
    }

    @Test("A rescue saves files and commits once, and nothing when nothing is new")
    func rescueSavesOnce() async throws {
        let fixture = try await WorkspaceFixture()

        try await fixture.workspaces.withWorkspace(fixture.request()) { workspace in
            let untouched = try await fixture.workspaces.rescue(workspace, reason: "test")
            try await WorkspaceFixture.run(
                "echo 1 > one; git add -A; git commit -qm One; echo 2 > two", in: workspace)
            let first = try await fixture.workspaces.rescue(workspace, reason: "Killed: no output!")
            let second = try await fixture.workspaces.rescue(workspace, reason: "again")

            #expect(untouched == nil)
            let name = try #require(first)
            #expect(name.hasPrefix("refs/skep/rescue/run-88/"))
            #expect(name.hasSuffix("killed-no-output"))
            #expect(second == first)
            #expect(try await fixture.mirror.git("log", "-1", "--format=%s", name + "^") == "One")
            #expect(try await fixture.mirror.git("show", name + ":two") == "2")
        }
    }

    @Test("A base that isn't on this machine is refused")
    func unknownBaseIsRefused() async throws {
        let fixture = try await WorkspaceFixture()
        let base = try #require(CommitID(rawValue: String(repeating: "1", count: 40)))

        await #expect(throws: WorkspaceError.noSuchBase(base, fixture.name)) {
            try await fixture.workspaces.withWorkspace(fixture.request(base: base)) { _ in }
        }
    }

    @Test("What a run made is pushed, compared and shown")
    func pushAndComparison() async throws {
        let fixture = try await WorkspaceFixture()
        let found = try await fixture.collect(
            after: "echo 1 > one; git add -A; git commit -qm One; echo 2 >> README")
        let head = try #require(found.head)
        let (workspaces, branch) = (fixture.workspaces, BranchName(rawValue: "claude/issue-1"))

        let before = try await workspaces.remoteHead(
            of: branch, in: fixture.name, access: fixture.access)
        try await workspaces.push(
            head, of: fixture.name, to: branch, replacing: nil, access: fixture.access)
        try await workspaces.push(
            head, of: fixture.name, to: branch, replacing: nil, access: fixture.access)
        let comparison = try await workspaces.comparison(
            of: head, with: fixture.main, in: fixture.name)
        let diff = try await workspaces.diff(
            of: head, with: fixture.main, in: fixture.name, maxBytes: 10_000)

        #expect(before == nil)
        #expect(try await fixture.origin.head("claude/issue-1") == head.rawValue)
        #expect(
            try await workspaces.remoteHead(of: branch, in: fixture.name, access: fixture.access)
                == head)
        #expect(comparison.commits.map(\.summary) == ["Leftovers", "One"])
        #expect(comparison.paths == ["README", "one"])
        #expect((comparison.insertions, comparison.deletions) == (2, 0))
        #expect(diff.contains("+2"))
        #expect(try await fixture.origin.git("fsck", "--strict") == "")
    }

    @Test("A push to a branch that somebody else moved is a conflict")
    func movedBranchIsAConflict() async throws {
        let fixture = try await WorkspaceFixture()
        let head = try #require(try await fixture.collect(after: "echo 1 > one").head)
        let theirs = try await fixture.origin.commitElsewhere(
            "Theirs", files: ["x": "y"], branch: "claude/issue-1")

        let error = await #expect(throws: GitError.self) {
            try await fixture.workspaces.push(
                head, of: fixture.name, to: "claude/issue-1", replacing: fixture.main,
                access: fixture.access)
        }

        #expect(error?.kind == .conflict)
        #expect(try await fixture.origin.head("claude/issue-1") == theirs)
    }

    @Test("A fetch never touches what runs made, nor prunes it")
    func fetchLeavesRunsAlone() async throws {
        let fixture = try await WorkspaceFixture()
        let head = try #require(try await fixture.collect(after: "echo 1 > one").head)
        let next = try await fixture.origin.commitElsewhere("Next", files: ["n": "n"])

        let found = try await fixture.workspaces.refresh(fixture.name, from: fixture.access)

        #expect(found.commit.rawValue == next)
        #expect(try await fixture.mirror.head("refs/skep/run-88/attempt-1") == head.rawValue)
    }

    @Test("An empty repository is refused, and one that was never fetched has no mirror")
    func emptyAndUnknownRepositories() async throws {
        let fixture = try await WorkspaceFixture()
        let path = fixture.folder.path + "/empty.git"
        try await GitCommand.run("init", "-q", "--bare", path, in: "/")
        let name = try #require(RepositoryName("ada/empty"))

        let error = await #expect(throws: GitError.self) {
            try await fixture.workspaces.refresh(name, from: GitAccess(remote: path))
        }
        let unknown = try #require(RepositoryName("ada/unknown"))

        #expect(error?.kind == .refused)
        await #expect(throws: WorkspaceError.noMirror(unknown)) {
            try await fixture.workspaces.comparison(
                of: fixture.main, with: fixture.main, in: unknown)
        }
    }

    @Test("Many fetches of one repository at once are made one after the other")
    func fetchesAreSerialised() async throws {
        let fixture = try await WorkspaceFixture()

        try await withThrowingTaskGroup(of: BranchHead.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await fixture.workspaces.refresh(fixture.name, from: fixture.access)
                }
            }
            for try await head in group { #expect(head.commit == fixture.main) }
        }
    }

    @Test(
        "As root, an agent's user owns what it works in, and may use it",
        .enabled(if: geteuid() == 0, "needs root"))
    func anotherUserOwnsTheTree() async throws {
        let fixture = try await WorkspaceFixture()
        try await fixture.origin.shell("chmod 755 '\(fixture.folder.path)'")
        let state = fixture.folder.path + "/state"
        let workspaces = LocalWorkspaces(
            stateFolder: state, owner: FileOwner(user: 65534, group: 65534),
            logger: fixture.workspaces.logger)

        let found = try await workspaces.withWorkspace(fixture.request()) { workspace in
            try await GitCommand.shell(
                """
                setpriv --reuid 65534 --regid 65534 --clear-groups sh -ec '
                unset GIT_AUTHOR_NAME GIT_COMMITTER_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_EMAIL
                test -z "$(git status --porcelain)"; echo 1 > one; git add -A; git commit -qm One
                echo 2 >> src/a; echo x > ../homes/claude/x; echo x > ../output/x
                ! ls ../skep.git; ! touch ../x; mkdir locked; echo x > locked/x; chmod 0 locked'
                """, in: workspace.path)
            return try await workspaces.collect(
                workspace, attempt: 1, message: "Leftovers", author: WorkspaceFixture.author)
        }

        #expect(try await fixture.log(found.head) == ["claude One", "claude Leftovers"])
    }
}
