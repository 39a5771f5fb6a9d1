import SkepGit
import SkepTestSupport
import Testing

@Suite("History")
struct HistoryTests {
    let folder = TemporaryFolder()

    func both() async throws -> (TestRepository, GitRepository) {
        let peer = try await TestRepository.make(at: folder.path + "/a")
        try await peer.commit("First\n\nBody", files: ["a.txt": "one\ntwo\n", "dir/b": "b\n"])
        return (peer, try await GitRepository.open(peer.path + "/.git"))
    }

    func id(_ text: String) throws -> GitObjectID { try #require(GitObjectID(text)) }

    @Test("A folder that is no repository says so, and none above it is opened")
    func folderWithoutRepositoryIsRefused() async throws {
        let (peer, _) = try await both()
        let path = peer.path + "/dir"

        await #expect(throws: GitError.notARepository(path: path)) {
            try await GitRepository.open(path)
        }
    }

    @Test("A commit's facts are those that git shows")
    func commitFactsAreGits() async throws {
        let (peer, repository) = try await both()
        let id = try id(try await peer.head())

        let commit = try await repository.commit(id)

        #expect(commit.summary == "First")
        #expect(commit.message == "First\n\nBody\n")
        #expect(commit.author.name == "Ada")
        #expect(commit.parents.isEmpty)
        #expect(commit.tree.hex == (try await peer.head("HEAD^{tree}")))
        #expect(
            "\(commit.author.seconds)" == (try await peer.git("log", "-1", "--format=%at")))
    }

    @Test("The log lies between two commits, and descent is told")
    func logLiesBetween() async throws {
        let (peer, repository) = try await both()
        let first = try id(try await peer.head())
        let second = try id(try await peer.commit("Second"))
        let third = try id(try await peer.commit("Third"))
        try await peer.git("checkout", "-q", "--orphan", "other")
        let alone = try id(try await peer.commit("Alone"))

        let log = try await repository.log(from: first, to: third)

        #expect(log.map(\.id) == [third, second])
        #expect(try await repository.isAncestor(first, of: third))
        #expect(try await repository.isAncestor(first, of: first))
        #expect(try await !repository.isAncestor(third, of: first))
        #expect(try await repository.mergeBase(first, alone) == nil)
        #expect(try await repository.mergeBase(second, third) == second)
    }

    @Test("A comparison counts as git does, and the patch is git's")
    func comparisonCountsAsGit() async throws {
        let (peer, repository) = try await both()
        let first = try id(try await peer.head())
        try await peer.shell("git mv dir/b dir/c; chmod +x a.txt; printf 'x\\0y' > bin")
        let second = try id(
            try await peer.commit("Second", files: ["new": "1\n2\n", "a.txt": "one\n2\n"]))

        let comparison = try await repository.comparison(of: second, with: first)
        let patch = try await repository.patch(of: second, with: first, maxBytes: 100_000)
        let cut = try await repository.patch(of: second, with: first, maxBytes: 120)

        let status = comparison.files.map { "\($0.status) \($0.path)" }
        #expect(status == ["M a.txt", "A bin", "R dir/c", "A new"])
        #expect((comparison.insertions, comparison.deletions) == (3, 1))
        #expect(patch.isCut == false)
        let expected = try await peer.git("diff", "-M", first.hex, second.hex)
        #expect(patch.text.contains("rename from dir/b"))
        let lines = { (text: String) in
            text.split(separator: "\n").filter { $0.hasPrefix("+") || $0.hasPrefix("-") }
        }
        #expect(lines(patch.text) == lines(expected))
        #expect(cut.isCut && cut.text.utf8.count <= 120)
    }

    @Test("A merge in memory gives git's tree, or the paths in conflict")
    func mergeInMemory() async throws {
        let (peer, repository) = try await both()
        let base = try await peer.head()
        let ours = try id(try await peer.commit("Ours", files: ["a.txt": "ours\ntwo\n"]))
        try await peer.git("checkout", "-q", "-b", "clean", base)
        let clean = try id(try await peer.commit("Clean", files: ["dir/b": "changed\n"]))
        try await peer.git("checkout", "-q", "-b", "clash", base)
        let clash = try id(try await peer.commit("Clash", files: ["a.txt": "theirs\ntwo\n"]))

        let merged = try await repository.merge(ours, with: clean)
        let refused = try await repository.merge(ours, with: clash)

        let expected = try await peer.git("merge-tree", "--write-tree", ours.hex, clean.hex)
        #expect(merged == .clean(tree: try id(expected)))
        #expect(refused == .conflict(paths: ["a.txt"]))
    }

    @Test("References change only from where they are thought to be")
    func referencesAreComparedBeforeTheyChange() async throws {
        let (peer, repository) = try await both()
        let first = try id(try await peer.head())
        let second = try id(try await peer.commit("Second"))
        let name = "refs/skep/run-1/attempt-1"

        try await repository.setReference(name, to: first, replacing: nil)
        try await repository.setReference(name, to: first, replacing: nil)
        await #expect(throws: GitError.staleReference(name)) {
            try await repository.setReference(name, to: second, replacing: nil)
        }
        await #expect(throws: GitError.staleReference(name)) {
            try await repository.setReference(name, to: first, replacing: second)
        }
        try await repository.setReference(name, to: second, replacing: first)
        #expect(try await repository.resolve(name) == second)
        await #expect(throws: GitError.staleReference(name)) {
            try await repository.deleteReference(name, expecting: first)
        }
        try await repository.deleteReference(name, expecting: second)
        try await repository.deleteReference(name, expecting: second)
        #expect(try await repository.resolve(name) == nil)
        await #expect(throws: GitError.invalidName("refs/heads/a b")) {
            try await repository.setReference("refs/heads/a b", to: first, replacing: nil)
        }
    }

    @Test("A made commit is one that git accepts, with the author and time given")
    func madeCommitIsGits() async throws {
        let (peer, repository) = try await both()
        let first = try await repository.commit(try id(try await peer.head()))

        let made = try await repository.createCommit(
            tree: first.tree, parents: [first.id], message: "Töte\n",
            author: GitSignature(name: "Grace", email: "g@x", seconds: 1_700_000_000, offset: 60),
            committer: GitSignature(name: "Skep", email: "skep@x", seconds: 1_700_000_001))

        let shown = try await peer.git(
            "log", "-1", "--format=%s %an <%ae> %ad %cn %ct", "--date=iso", made.hex)
        #expect(shown == "Töte Grace <g@x> 2023-11-14 23:13:20 +0100 Skep 1700000001")
        try await peer.git("fsck", "--strict")
    }

    @Test("What isn't there is an error that names it")
    func missingCommitIsNamed() async throws {
        let (_, repository) = try await both()
        let missing = try id(String(repeating: "1", count: 40))

        await #expect(throws: GitError.notFound("commit \(missing)")) {
            try await repository.commit(missing)
        }
        #expect(await !repository.hasCommit(missing))
    }
}
