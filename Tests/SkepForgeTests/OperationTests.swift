import Foundation
import Logging
import SkepCore
import SkepQueue
import Testing

@testable import SkepForge

/// What the command line does, while the tracker is served.
@Suite("Operations beside the server")
struct OperationTests {
    private func reference(_ number: Int) -> IssueReference {
        // The name is well formed.
        IssueReference(repository: RepositoryName("amy/bees")!, number: number)
    }

    /// Another process' view of the same data.
    private func second(_ test: TestForge) async throws -> Forge {
        try await Forge(dataFolder: test.folder, isMade: false)
    }

    @Test("A merge closes the issue that the pull request names, as over the API")
    func merging() async throws {
        try await PullTests.withPull { test, git async throws in
            let forge = try await second(test)
            let issue = try await forge.addIssue(to: test.repository, title: "Bees can't fly")
            let edit = try await test.client().patch(
                "repos/amy/bees/pulls/1",
                ["body": .string("Closes #\(issue.reference.number)")])
            #expect(edit.status == 201)

            let merge = try await forge.mergePull(reference(1), style: .squash)

            #expect(merge.closed == [issue.reference])
            #expect(merge.baseBranch == "main")
            #expect(try await git("ls-remote", "origin", "main").hasPrefix(merge.commit))
            try await git("fetch", "-q")
            #expect(try await git("log", "-1", "--format=%an", "origin/main") == "amy")
            #expect(try await git("log", "-1", "--format=%s", "origin/main") == "Work (#1)")
            let pull = try await test.client().get("repos/amy/bees/pulls/1")
            #expect(pull.json["merged"]?.bool == true)
            #expect(pull.json["merged_by"]?["login"]?.string == "amy")
            let closed = try await test.client().get("repos/amy/bees/issues/2")
            #expect(closed.json["state"]?.string == "closed")
            #expect(try await forge.pulls(in: test.repository).isEmpty)
            let all = try await forge.pulls(in: test.repository, includingClosed: true)
            #expect(all.map(\.mergeCommit) == [merge.commit])
            #expect(all.map(\.headBranch) == ["work"])
            await #expect(throws: ForgeError.notMerged(reference(1), .isMerged)) {
                try await forge.mergePull(reference(1))
            }
            await #expect(throws: ForgeError.notMerged(reference(1), .isMerged)) {
                try await forge.setOpen(true, reference(1))
            }
        }
    }

    @Test("What stands in a merge's way is told, and nothing is changed")
    func obstacles() async throws {
        try await PullTests.withPull { test, git async throws in
            try await git("checkout", "-q", "main")
            try await git.commit("other\n", to: "a.txt", on: "main")
            try await git("push", "-q", "origin", "main")
            let main = try await git("rev-parse", "main")
            for style in [MergeStyle.merge, .squash, .rebase] {
                await #expect(throws: ForgeError.notMerged(reference(1), .conflict)) {
                    try await test.forge.mergePull(reference(1), style: style)
                }
            }
            #expect(try await git("ls-remote", "origin", "main").hasPrefix(main))

            let issue = try await test.forge.addIssue(to: test.repository, title: "x")
            await #expect(throws: ForgeError.noSuchPull(issue.reference)) {
                try await test.forge.mergePull(issue.reference)
            }
            try await test.forge.setOpen(false, reference(1))
            await #expect(throws: ForgeError.notMerged(reference(1), .isClosed)) {
                try await test.forge.mergePull(reference(1))
            }
        }
    }

    @Test("Issues are closed and opened, but not twice")
    func states() async throws {
        try await TestForge.with { test async throws in
            let forge = try await second(test)
            let issue = try await forge.addIssue(to: test.repository, title: "x").reference

            #expect(try await forge.setOpen(false, issue).isOpen == false)
            await #expect(throws: ForgeError.stateIsSo(issue, isOpen: false)) {
                try await forge.setOpen(false, issue)
            }
            let shown = try await test.client().get("repos/amy/bees/issues/1")
            #expect(shown.json["state"]?.string == "closed")
            #expect(try await forge.setOpen(true, issue).isOpen)
            await #expect(throws: ForgeError.noSuchIssue(reference(9))) {
                try await forge.setOpen(true, reference(9))
            }
        }
    }

    @Test("Labels are made where they aren't there, put on, and taken off")
    func labels() async throws {
        try await TestForge.with { test async throws in
            let forge = try await second(test)
            let issue = try await forge.addIssue(to: test.repository, title: "x").reference

            let put = try await forge.addLabels(["ready", "agent/claude", "ready"], to: issue)

            #expect(put.labels == ["agent/claude", "ready"])
            let made = try await test.client().get("repos/amy/bees/labels")
            #expect(made.json.array.count == 2)
            await #expect(throws: ForgeError.labelNotThere("none", on: issue)) {
                try await forge.removeLabels(["ready", "none"], from: issue)
            }
            #expect(try await forge.removeLabels(["ready"], from: issue).labels == ["agent/claude"])
            await #expect(throws: ForgeError.invalidLabel(" ")) {
                try await forge.addLabels([" "], to: issue)
            }
        }
    }

    @Test("Those who can write are assigned, and who may write can be said")
    func assignees() async throws {
        try await TestForge.with { test async throws in
            let forge = try await second(test)
            let issue = try await forge.addIssue(to: test.repository, title: "x").reference

            await #expect(
                throws: ForgeError.notAssignable(user: "carl", repository: "amy/bees")
            ) { try await forge.assign(["bob", "carl"], to: issue) }
            try await forge.addCollaborator("carl", to: test.repository)
            #expect(
                try await forge.assign(["bob", "carl"], to: issue).assignees == ["bob", "carl"])
            #expect(try await forge.unassign(["bob"], from: issue).assignees == ["carl"])
            await #expect(throws: ForgeError.notAssigned(user: "bob", to: issue)) {
                try await forge.unassign(["bob"], from: issue)
            }
            await #expect(throws: ForgeError.noSuchUser("zoe")) {
                try await forge.assign(["zoe"], to: issue)
            }
        }
    }

    @Test("Comments are written in the owner's name, or another's")
    func comments() async throws {
        try await TestForge.with { test async throws in
            let forge = try await second(test)
            let issue = try await forge.addIssue(to: test.repository, title: "x").reference

            try await forge.addComment("One", to: issue)
            try await forge.addComment("Two", to: issue, author: "carl")
            await #expect(throws: ForgeError.emptyComment) {
                try await forge.addComment(" \n", to: issue)
            }

            let comments = try await test.client().get("repos/amy/bees/issues/1/comments").json
            #expect(comments.array.map { $0["body"]?.string } == ["One", "Two"])
            #expect(comments.array.map { $0["user"]?["login"]?.string } == ["amy", "carl"])
        }
    }

    @Test("A further token is as good as the first")
    func furtherToken() async throws {
        try await TestForge.with { test async throws in
            let token = try await second(test).addToken(for: "bob")

            for value in [token.value, test.tokens["bob"] ?? ""] {
                let client = APIClient(url: test.url, token: value)
                #expect(try await client.get("user").json["login"]?.string == "bob")
            }
            await #expect(throws: ForgeError.noSuchUser("zoe")) {
                try await test.forge.addToken(for: "zoe")
            }
        }
    }
}

@Suite("Opening and serving a data folder")
struct FolderTests {
    @Test("A second server on the same folder is refused with the first one's process")
    func secondServer() async throws {
        try await TestForge.with { test async throws in
            let other = try await Forge(dataFolder: test.folder)
            let server = try ForgeServer(forge: other, logger: .init(label: "x"))

            let refusal = ForgeError.alreadyServed(folder: test.folder, process: getpid())
            await #expect(throws: refusal) { try await server.run() }
            #expect(
                refusal.what == "Another \"skep forge serve\" works on \"\(test.folder)\".")
            #expect(refusal.why == "It is process \(getpid()).")
            #expect(refusal.kind == .conflict)
        }
    }

    @Test("A server that has ended leaves the folder to the next")
    func nextServer() async throws {
        let folder = TemporaryFolder.path()
        defer { TemporaryFolder.remove(folder) }
        let forge = try await Forge(dataFolder: folder)
        for _ in 0..<2 {
            try await TestForge.serving(forge) { url async throws in
                let client = APIClient(url: url, token: nil)
                #expect(try await client.get("version").status == 200)
            }
        }
    }

    @Test("A folder without a tracker stays as it is unless one is to be made")
    func noTracker() async throws {
        let folder = TemporaryFolder.path()
        let error = ForgeError.noTracker(folder: folder)

        await #expect(throws: error) { try await Forge(dataFolder: folder, isMade: false) }

        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(error.what == "There is no tracker in \"\(folder)\".")
        #expect(error.advice == "\"skep forge user add\" makes one; --data names another folder.")
        #expect(error.kind == .conflict)
    }

    @Test("A name that isn't an address isn't taken for a remote one")
    func names() async throws {
        try await TestForge.with { test async throws in
            let logger = Logger(label: "x") { _ in SwiftLogNoOpLogHandler() }
            #expect(throws: ForgeError.notAnAddress("foo")) {
                try ForgeServer(forge: test.forge, host: "foo", logger: logger)
            }
            let advice = ForgeError.remoteBindRefused(host: "0.0.0.0").advice
            #expect(advice?.hasSuffix("or pass --allow-remote.") == true)
        }
    }

    @Test("The error of a name that is taken says how to get a token")
    func takenName() {
        #expect(
            ForgeError.userExists("ada").advice
                == "\"skep forge user token ada\" prints a further token for it.")
    }
}
