import Foundation
import SkepCore
import SkepQueue
import Testing

@testable import SkepForge

@Suite("Git repositories")
struct GitHostingTests {
    @Test("Anyone reads over loopback; pushing needs a token of someone who may write")
    func pushing() async throws {
        try await TestForge.with { test async throws in
            let folder = test.folder
            let anonymous = try await Git.clone(test.cloneURL(nil), to: folder + "/anonymous")
            try await anonymous.commit("x\n", to: "x", on: "x")
            let refused = try await anonymous("push", "-q", "origin", "x", mayFail: true)
            #expect(
                refused.contains("could not read Username")
                    || refused.contains("Authentication failed"))
            let challenge = try await test.client(nil).raw(
                "GET", "/amy/bees.git/info/refs?service=git-receive-pack")
            #expect(challenge.status == 401)
            #expect(challenge.header("WWW-Authenticate")?.hasPrefix("Basic") == true)

            try await anonymous("remote", "set-url", "origin", test.cloneURL("carl"))
            let forbidden = try await anonymous("push", "-q", "origin", "x", mayFail: true)
            #expect(forbidden.contains("403"))
            try await anonymous("remote", "set-url", "origin", test.cloneURL("bob"))
            try await anonymous("push", "-q", "origin", "x")
            #expect(try await test.client().get("repos/amy/bees/branches/x").status == 200)
            try await anonymous("push", "-q", "origin", "x:refs/pull/7/head", mayFail: true)
            #expect(try await anonymous("ls-remote", "origin", "refs/pull/*") == "")
        }
    }

    @Test("Large pushes come in pieces without a length, and small ones compressed")
    func largePush() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            var generator = SystemRandomNumberGenerator()
            for number in 0..<8 {
                let bytes = (0..<(1 << 17)).map { _ in generator.next() }
                let data = bytes.withUnsafeBytes { Data($0) }
                try data.write(to: URL(fileURLWithPath: git.folder + "/large-\(number)"))
            }
            try await git("checkout", "-q", "-b", "large")
            try await git("add", "-A")
            try await git("commit", "-q", "-m", "Large")
            // More than http.postBuffer (1 MiB): git sends it chunked.
            try await git("push", "-q", "origin", "large")

            let copy = try await Git.clone(test.cloneURL(nil), to: test.folder + "/copy")
            #expect(try await copy("rev-parse", "origin/large") == git("rev-parse", "large"))
            // Many wants and haves make a request that git compresses.
            for number in 0..<60 {
                try await git("branch", "many/\(number)", "large")
            }
            try await git("push", "-q", "--all", "origin")
            try await copy("-c", "protocol.version=0", "fetch", "-q", "origin")
            try await copy("-c", "protocol.version=2", "fetch", "-q", "origin")
            #expect(try await copy("branch", "-r").split(separator: "\n").count == 63)
        }
    }

    @Test("The folder is a remote too, and what is pushed there is seen at once")
    func localRemote() async throws {
        try await TestForge.with { test async throws in
            let path = try await test.forge.repositoryPath(test.repository)
            let git = try await Git.clone(path, to: test.folder + "/work")
            try await git.commit("x\n", to: "x", on: "claude/issue-1")
            try await git("push", "-q", "origin", "claude/issue-1")
            let pull = try await test.client().post(
                "repos/amy/bees/pulls", ["title": "x", "head": "claude/issue-1", "base": "main"])

            try await git.commit("y\n", to: "x", on: "claude/issue-1")
            try await git("push", "-q", "origin", "claude/issue-1")

            let head = try await git("rev-parse", "HEAD")
            let after = try await test.client().get("repos/amy/bees/pulls/1")
            #expect(after.json["head"]?["sha"]?.string == head)
            #expect(pull.json["head"]?["sha"]?.string != head)
        }
    }

    @Test("A repository is taken over with its branches, tags and default branch")
    func importing() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("x\n", to: "x", on: "trunk")
            try await git("tag", "v1")
            let name = try #require(RepositoryName("bob/copy"))

            let made = try await test.forge.addRepository(name, from: git.folder)

            #expect(made.defaultBranch == "trunk")
            let answer = try await test.client("bob").get("repos/bob/copy")
            #expect(answer.json["branch_count"]?.int == 2)
            #expect(answer.json["default_branch"]?.string == "trunk")
            #expect(
                try await Git(folder: made.path)("rev-parse", "v1") == git("rev-parse", "trunk"))
            await #expect(throws: ForgeError.repositoryExists("Bob/Copy")) {
                try await test.forge.addRepository(try #require(RepositoryName("Bob/Copy")))
            }
            await #expect(throws: ForgeError.self) {
                try await test.forge.addRepository(
                    try #require(RepositoryName("bob/none")), from: test.folder + "/none")
            }
            let left = try FileManager.default.contentsOfDirectory(
                atPath: test.folder + "/repositories")
            #expect(left.sorted() == ["amy", "bob"])
        }
    }

    @Test("An empty repository says so, and takes its first push")
    func emptyRepository() async throws {
        try await TestForge.with(isEmpty: true) { test in
            let amy = test.client()
            #expect(try await amy.get("repos/amy/bees").json["empty"]?.bool == true)
            #expect(try await amy.get("repos/amy/bees/branches").json == .array([]))
            #expect(try await amy.get("repos/amy/bees/commits").status == 409)
            #expect(try await amy.raw("GET", "/amy/bees").status == 200)

            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("x\n", to: "x", on: "main")
            try await git("push", "-q", "origin", "main")

            #expect(try await amy.get("repos/amy/bees").json["empty"]?.bool == false)
        }
    }

    @Test("Without git the API goes on, and says what doesn't work")
    func withoutGit() async throws {
        let folder = TemporaryFolder.path()
        defer { TemporaryFolder.remove(folder) }
        let whole = try await Forge(dataFolder: folder)
        let token = try await whole.addUser("amy").token.value
        _ = try await whole.create(owner: "amy", name: "bees", seed: .readme)

        let forge = try await Forge(
            dataFolder: folder, clock: SystemClock(),
            git: GitCommand(isInstalled: false, path: ""))

        await #expect(throws: ForgeError.gitMissing(purpose: "create a repository")) {
            try await forge.addRepository(try #require(RepositoryName("amy/more")))
        }
        try await TestForge.serving(forge) { url async throws in
            let client = APIClient(url: url, token: token)
            let issue = try await client.post("repos/amy/bees/issues", ["title": "x"])
            #expect(issue.status == 201)
            #expect(try await client.get("repos/amy/bees").json["empty"]?.bool == false)
            let branches = try await client.get("repos/amy/bees/branches")
            #expect(branches.status == 503)
            #expect(branches.json["message"]?.string?.contains("without the git program") == true)
        }
    }
}
