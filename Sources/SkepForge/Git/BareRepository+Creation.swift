import Foundation

extension BareRepository {
    /// Makes an empty repository at `path`, whose parent folder exists.
    func create(defaultBranch: String) async throws {
        let made = try await git.run(
            ["init", "--quiet", "--bare", "--template=", "--initial-branch", defaultBranch, path],
            purpose: "create a repository")
        guard made.isSuccess else {
            throw ForgeError.gitFailed(command: "init", message: made.errors)
        }
        let settings = [
            ("http.receivepack", "true"),
            ("http.getanyfile", "false"),
            ("core.hooksPath", "/dev/null"),
            // What keeps the commits of pull requests is the tracker's alone.
            ("receive.hideRefs", "refs/pull"),
            ("transfer.fsckObjects", "true"),
            ("uploadpack.allowFilter", "true"),
            // Nothing may go on in the background after the tracker has ended.
            ("gc.autoDetach", "false"),
        ]
        for (key, value) in settings { try await run(["config", key, value]) }
    }

    /// Fetches branches and tags from a path or an address, and takes over its default branch.
    /// - Returns: The default branch.
    func importAll(from source: String) async throws -> String {
        func fail(_ message: String) -> ForgeError {
            .importFailed(
                source: source, message: message.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        guard !source.hasPrefix("-") else { throw fail("It begins with \"-\".") }
        let heads = try await git.run(
            ["ls-remote", "--symref", "--", source, "HEAD"], purpose: "import a repository")
        guard heads.isSuccess else { throw fail(heads.errors) }
        let fetched = try await run(
            [
                "fetch", "--quiet", "--no-auto-gc", "--no-write-fetch-head", "--", source,
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            ], allowing: Set(0...255))
        guard fetched.isSuccess else { throw fail(fetched.errors) }
        let branches = try await branches().map(\.name)
        let named = heads.text.split(separator: "\n").lazy
            .filter { $0.hasPrefix("ref: refs/heads/") }
            .compactMap { $0.dropFirst("ref: refs/heads/".count).split(separator: "\t").first }
            .first.map(String.init)
        let branch = named ?? (branches.contains("main") ? "main" : branches.first ?? "main")
        try await run(["symbolic-ref", "HEAD", "refs/heads/" + branch])
        return branch
    }

    /// Makes a first commit with a README.
    func addFirstCommit(branch: String, title: String, by person: Signature) async throws {
        let blob = try await run(
            ["hash-object", "-w", "--stdin"], input: Array("# \(title)\n".utf8))
        let tree = try await run(
            ["mktree"], input: Array("100644 blob \(blob.line)\tREADME.md\n".utf8))
        let commit = try await makeCommit(
            tree: tree.line, parents: [], message: "Initial commit\n", author: person,
            committer: person)
        _ = try await update("refs/heads/" + branch, to: commit, from: Self.noCommit)
    }
}

/// Who made a commit.
struct Signature: Sendable, Equatable {
    let name: String
    let email: String
    /// As git takes it; `nil` for now.
    var date: String?
}

extension BareRepository {
    func makeCommit(
        tree: String, parents: [String], message: String, author: Signature, committer: Signature
    ) async throws -> String {
        var environment = [
            "GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email,
            "GIT_COMMITTER_NAME": committer.name, "GIT_COMMITTER_EMAIL": committer.email,
        ]
        environment["GIT_AUTHOR_DATE"] = author.date
        let parentArguments = parents.flatMap { ["-p", $0] }
        let output = try await run(
            ["commit-tree", tree] + parentArguments + ["-F", "-"], input: Array(message.utf8),
            environment: environment)
        return output.line
    }
}
