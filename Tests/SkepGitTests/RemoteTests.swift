import Foundation
import SkepGit
import SkepTestSupport
import Testing

@Suite("Fetch and push")
struct RemoteTests {
    let folder = TemporaryFolder()
    let token = "secret-token-1"

    func mirror() async throws -> GitRepository {
        try await GitRepository.create(bare: folder.path + "/mirror.git")
    }

    func server(certificate: String? = nil) async throws -> GitHTTPServer {
        let script = try #require(Bundle.module.path(forResource: "git_http_server", ofType: "py"))
        return try await GitHTTPServer(
            script: script, root: folder.path, user: "ada", token: token,
            log: folder.path + "/server.log", certificate: certificate)
    }

    func remote(_ address: String, token: String? = nil) throws -> GitRemote {
        try GitRemote(
            address, credentials: .init(user: "ada", token: token ?? self.token))
    }

    @Test("A fetch brings all branches, and those that are gone go", arguments: [false, true])
    func fetchBringsBranchesAndPrunes(overHTTP: Bool) async throws {
        let origin = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        try await origin.commitElsewhere("Old", files: ["a": "1"], branch: "topic")
        let mirror = try await mirror()
        let server = try await server()
        let remote =
            overHTTP ? try remote(server.address + "/origin.git") : try GitRemote(origin.path)

        try await mirror.fetch(from: remote)
        let before = try await mirror.references(matching: "refs/remotes/origin/t*").map(\.name)
        try await origin.git("branch", "-D", "topic")
        let id = try await origin.commitElsewhere("New", files: ["b": "2"], branch: "topic/deeper")
        let heads = try await mirror.fetch(from: remote)

        #expect(before == ["refs/remotes/origin/topic"])
        #expect(heads.defaultBranch == "main")
        #expect(
            try await mirror.references(matching: "refs/*").map(\.name)
                == [
                    "refs/remotes/origin/HEAD", "refs/remotes/origin/main",
                    "refs/remotes/origin/topic/deeper",
                ])
        #expect(try await mirror.resolve("refs/remotes/origin/topic/deeper")?.hex == id)
        #expect(try await mirror.headTarget() == "refs/heads/main")
        try await GitCommand.run("fsck", "--strict", in: mirror.path)
        let config = try String(contentsOfFile: mirror.path + "/config", encoding: .utf8)
        #expect(!config.contains(token) && !config.contains("remote"))
    }

    @Test("The default branch is the remote's, whatever its name")
    func defaultBranchIsTheRemotes() async throws {
        let origin = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        try await origin.git("branch", "-m", "main", "trunk")
        try await origin.git("branch", "aaa")

        let heads = try await mirror().fetch(from: try GitRemote(origin.path))

        #expect(heads.defaultBranch == "trunk")
    }

    @Test("An empty repository is told apart", arguments: [false, true])
    func emptyRepositoryIsToldApart(overHTTP: Bool) async throws {
        try await GitCommand.run("init", "-q", "--bare", folder.path + "/empty.git", in: "/")
        let mirror = try await mirror()
        let server = try await server()
        let remote =
            try overHTTP
            ? remote(server.address + "/empty.git") : GitRemote(folder.path + "/empty.git")

        await #expect(throws: GitError.emptyRepository(remote: remote.description)) {
            try await mirror.fetch(from: remote)
        }
    }

    @Test(
        "A push makes a branch, moves it, and does nothing the second time",
        arguments: [false, true])
    func pushMakesMovesAndRepeats(overHTTP: Bool) async throws {
        let origin = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        let mirror = try await mirror()
        let server = try await server()
        let remote =
            overHTTP ? try remote(server.address + "/origin.git") : try GitRemote(origin.path)
        let first = try #require(try await mirror.fetch(from: remote).branches["main"])
        let second = try await child(of: first, in: mirror, "Second")
        let other = try await child(of: first, in: mirror, "Other")

        try await mirror.push(second, to: "claude/issue-1", of: remote, replacing: nil)
        let made = try await origin.head("claude/issue-1")
        try await mirror.push(second, to: "claude/issue-1", of: remote, replacing: nil)
        try await mirror.push(other, to: "claude/issue-1", of: remote, replacing: second)

        #expect(made == second.hex)
        #expect(try await origin.head("claude/issue-1") == other.hex)
        try await origin.git("fsck", "--strict")
    }

    @Test("A push to a branch that has moved is refused", arguments: [false, true])
    func pushToMovedBranchIsRefused(overHTTP: Bool) async throws {
        let origin = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        let mirror = try await mirror()
        let server = try await server()
        let remote =
            overHTTP ? try remote(server.address + "/origin.git") : try GitRemote(origin.path)
        let first = try #require(try await mirror.fetch(from: remote).branches["main"])
        let mine = try await child(of: first, in: mirror, "Mine")
        let theirs = try await origin.commitElsewhere("Theirs", files: ["x": "y"], branch: "topic")

        await #expect(
            throws: GitError.staleLease(
                reference: "refs/heads/topic", expected: nil, found: GitObjectID(theirs))
        ) { try await mirror.push(mine, to: "topic", of: remote, replacing: nil) }
        await #expect(throws: GitError.self) {
            try await mirror.push(mine, to: "topic", of: remote, replacing: first)
        }
        #expect(try await origin.head("topic") == theirs)
    }

    @Test("What a server refuses is an error that quotes it")
    func refusedReferenceIsAnError() async throws {
        let origin = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        try await origin.shell(
            "printf '#!/bin/sh\\necho Branch is protected\\nexit 1\\n' > hooks/pre-receive"
                + " && chmod +x hooks/pre-receive")
        let mirror = try await mirror()
        let server = try await server()
        let remote = try remote(server.address + "/origin.git")
        let first = try #require(try await mirror.fetch(from: remote).branches["main"])
        let mine = try await child(of: first, in: mirror, "Mine")

        let error = await #expect(throws: GitError.self) {
            try await mirror.push(mine, to: "main", of: remote, replacing: first)
        }

        guard case .rejected("refs/heads/main", let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("pre-receive hook declined"))
        #expect(reason.contains("Branch is protected"))
    }

    @Test("A wrong token is an authentication error without the token in it")
    func wrongTokenIsAnAuthenticationError() async throws {
        _ = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        let mirror = try await mirror()
        let server = try await server()
        let remote = try remote(server.address + "/origin.git", token: "wrong-token")

        let error = await #expect(throws: GitError.authentication(remote: remote.description)) {
            try await mirror.fetch(from: remote)
        }

        #expect(try await server.log().count <= 8)
        let text = "\(String(describing: error)) \(error?.description ?? "")"
        #expect(!text.contains("wrong-token"))
        #expect(!"\(remote) \(String(reflecting: remote))".contains("wrong-token"))
    }

    @Test("A repository that doesn't exist is refused", arguments: [false, true])
    func missingRepositoryIsRefused(overHTTP: Bool) async throws {
        let mirror = try await mirror()
        let server = try await server()
        let remote =
            try overHTTP ? remote(server.address + "/no.git") : GitRemote(folder.path + "/no.git")

        let error = await #expect(throws: GitError.self) { try await mirror.fetch(from: remote) }

        guard case .refused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("A server in trouble, and one that isn't there, are worth another try")
    func troubleIsUnreachable() async throws {
        let mirror = try await mirror()
        let server = try await server()

        for address in [server.address + "/broken/a.git", "http://127.0.0.1:1/a.git"] {
            let remote = try remote(address)
            let error = await #expect(throws: GitError.self) {
                try await mirror.fetch(from: remote)
            }
            guard case .unreachable = error else {
                Issue.record("\(address): \(String(describing: error))")
                return
            }
        }
    }

    @Test("A token isn't sent to the server that a redirect names")
    func tokenStaysWithItsServer() async throws {
        _ = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        let mirror = try await mirror()
        let server = try await server()
        let address = "\(server.address)/moved/localhost:\(server.port)/origin.git"
        let remote = try remote(address)

        await #expect(throws: GitError.redirected(remote: remote.description, host: "localhost")) {
            try await mirror.fetch(from: remote)
        }

        #expect(try await server.log().allSatisfy { !$0.contains("GET /origin.git") })
    }

    @Test("A redirect within the server is followed")
    func redirectWithinServerIsFollowed() async throws {
        _ = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        let mirror = try await mirror()
        let server = try await server()
        let address = "\(server.address)/moved/127.0.0.1:\(server.port)/origin.git"

        let heads = try await mirror.fetch(from: try remote(address))

        #expect(heads.defaultBranch == "main")
    }

    @Test("A silent server is given up", arguments: ["silent", "trickle"])
    func silentServerIsGivenUp(kind: String) async throws {
        let mirror = try await mirror()
        let server = try await server()
        var remote = try remote("\(server.address)/\(kind)/origin.git")
        remote.limits.silence = .milliseconds(300)

        await #expect(
            throws: GitError.timedOut(remote: remote.description, after: .milliseconds(300))
        ) { try await mirror.fetch(from: remote) }
    }

    @Test("A certificate that nobody we know signed is refused")
    func unknownCertificateIsRefused() async throws {
        _ = try await TestRepository.makeBare(at: folder.path + "/origin.git")
        try await GitCommand.shell(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \\
              -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>&1
            cat key.pem cert.pem > both.pem
            """, in: folder.path)
        let mirror = try await mirror()
        let server = try await server(certificate: folder.path + "/both.pem")
        let remote = try remote(server.address + "/origin.git")

        await #expect(throws: GitError.certificate(remote: remote.description)) {
            try await mirror.fetch(from: remote)
        }
        #expect(try await server.log().isEmpty)
    }

    @Test("A cancelled fetch ends while the server is silent")
    func cancelledFetchEnds() async throws {
        let mirror = try await mirror()
        let server = try await server()
        let remote = try remote("\(server.address)/silent/origin.git")
        // Awaited two lines below.
        let fetch = Task { try await mirror.fetch(from: remote) }
        while try await server.log().isEmpty { await Task.yield() }

        fetch.cancel()

        await #expect(throws: CancellationError.self) { try await fetch.value }
    }

    @Test(
        "Addresses with credentials, and of other kinds, can't be used",
        arguments: [
            "http://ada:token@example.org/a.git", "ssh://example.org/a.git", "git@example.org:a",
            "relative/path", "http://", "--upload-pack=x", "http://a b/",
        ])
    func unusableAddressesAreRefused(address: String) {
        let error = #expect(throws: GitError.self) { try GitRemote(address) }

        #expect(error?.description.contains("token") == false)
    }

    func child(of parent: GitObjectID, in repository: GitRepository, _ message: String) async throws
        -> GitObjectID
    {
        let signature = GitSignature(
            name: "Grace", email: "grace@example.org", seconds: 1_700_000_000)
        let tree = try await repository.commit(parent).tree
        return try await repository.createCommit(
            tree: tree, parents: [parent], message: message, author: signature, committer: signature
        )
    }
}
