import Foundation
import SkepGit
import SkepTestSupport
import Testing

@Suite("Working trees")
struct WorkTreeTests {
    let folder = TemporaryFolder()

    /// A repository made by git, and ours beside it with a working tree of its own.
    struct Pair {
        let peer: TestRepository
        let repository: GitRepository
        let tree: String

        func shell(_ line: String) async throws { try await GitCommand.shell(line, in: tree) }

        /// The tree that git makes of our working tree.
        func expected() async throws -> String {
            let environment = ["GIT_INDEX_FILE": tree + ".index"]
            let common = ["--git-dir=\(peer.path)/.git", "--work-tree=\(tree)"]
            try await GitCommand.run(
                common[0], common[1], "add", "-A", in: tree, environment: environment)
            return try await GitCommand.run(
                common[0], common[1], "write-tree", in: tree, environment: environment)
        }
    }

    func pair(
        _ files: [String: String] = ["a": "a\n", "dir/b": "b\n", ".gitignore": "*.o\nbuild/\n"]
    )
        async throws -> (Pair, GitObjectID)
    {
        let peer = try await TestRepository.make(at: folder.path + "/peer")
        try await peer.shell("ln -s dir/b link")
        try await peer.commit("First", files: files)
        try await peer.shell("chmod +x a && git commit -qam mode")
        let ours = folder.path + "/ours.git"
        _ = try await GitRepository.create(bare: ours)
        try (peer.path + "/.git/objects\n").write(
            toFile: ours + "/objects/info/alternates", atomically: true, encoding: .utf8)
        let tree = folder.path + "/tree"
        try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
        let repository = try await GitRepository.open(ours, workTree: tree)
        let head = try #require(GitObjectID(try await peer.head()))
        return (Pair(peer: peer, repository: repository, tree: tree), head)
    }

    @Test("A checkout writes a commit's files, and its snapshot is the commit's tree")
    func checkoutAndSnapshotAgree() async throws {
        let (pair, head) = try await pair()

        try await pair.repository.checkOut(head)
        let snapshot = try await pair.repository.snapshot()

        #expect(snapshot.tree == (try await pair.repository.commit(head).tree))
        #expect(snapshot.notes.isEmpty)
        #expect(try await pair.expected() == snapshot.tree.hex)
    }

    @Test("A snapshot is the tree that git would make")
    func snapshotIsGits() async throws {
        let (pair, head) = try await pair()
        try await pair.repository.checkOut(head)

        try await pair.shell(
            """
            echo more >> a; rm dir/b; mkdir -p new/deep build; echo x > new/deep/file
            echo o > x.o; echo o > build/out; ln -s /etc/passwd new/passwd; chmod +x new/deep/file
            printf '*.txt text eol=crlf\\n' > .gitattributes; printf 'a\\r\\nb\\r\\n' > w.txt
            echo '!keep.o' >> .gitignore; echo k > keep.o; mkdir empty
            """)
        let snapshot = try await pair.repository.snapshot()

        #expect(snapshot.tree.hex == (try await pair.expected()))
        #expect(snapshot.notes.isEmpty)
    }

    @Test("A change of the same length in the moment of the checkout is seen")
    func racyChangeIsSeen() async throws {
        let (pair, head) = try await pair()
        try await pair.repository.checkOut(head)

        try Data("A\n".utf8).write(to: URL(fileURLWithPath: pair.tree + "/a"))
        let snapshot = try await pair.repository.snapshot()

        #expect(snapshot.tree != (try await pair.repository.commit(head).tree))
    }

    @Test("A commit with a name that isn't UTF-8 isn't taken for a damaged one")
    func refusesForeignName() async throws {
        let (pair, _) = try await pair()
        try await pair.peer.shell("printf x > \"$(printf 'dir/odd\\377')\"; git add -A")
        try await pair.peer.shell("git commit -qm odd")
        let head = try #require(GitObjectID(try await pair.peer.head()))

        await #expect(
            throws: GitError.conflict(
                "The name of \"dir/odd\u{FFFD}\" isn't UTF-8; Skep can't work with it.")
        ) { try await pair.repository.checkOut(head) }
    }

    @Test("Pipes, sockets, nested repositories and odd names are noted and don't hold it up")
    func oddThingsAreNoted() async throws {
        let (pair, head) = try await pair()
        try await pair.repository.checkOut(head)

        try await pair.shell(
            """
            mkfifo pipe; mkdir sub && mkfifo sub/.gitignore && echo x > sub/x
            ln -s ../pipe dir/.gitattributes; printf x > "$(printf 'odd\\377')"
            git init -q nested && echo x > nested/x; git init -q dir; echo c > dir/c
            """)
        let snapshot = try await pair.repository.snapshot()

        #expect(
            Set(snapshot.notes) == [
                .special(path: "pipe"), .special(path: "sub/.gitignore"),
                .special(path: "dir/.gitattributes"), .foreignName(path: "odd\u{FFFD}"),
                .nestedRepository(path: "nested"), .nestedGit(path: "dir"),
            ])
        let files = try await GitCommand.run(
            "ls-tree", "-r", "--name-only", snapshot.tree.hex, in: pair.repository.path)
        #expect(
            files.split(separator: "\n") == [".gitignore", "a", "dir/b", "dir/c", "link", "sub/x"])
    }

    @Test("A checkout removes all that isn't the commit's, without following links")
    func checkoutCleans() async throws {
        let (pair, head) = try await pair()
        try await pair.repository.checkOut(head)
        let outside = folder.path + "/outside"

        try await pair.shell(
            """
            mkdir \(outside) && echo precious > \(outside)/b
            rm -r dir && ln -s \(outside) dir; rm a && mkdir a && echo x > a/x
            mkdir .gitignored build && echo o > build/o; git init -q nested; mkfifo pipe
            printf x > "$(printf 'odd\\377')"; mkdir -p locked/in && echo x > locked/in/x
            chmod 0 locked; rm link && mkfifo link; echo '*' > .gitignore
            """)
        try await pair.repository.checkOut(head)

        #expect(try String(contentsOfFile: outside + "/b", encoding: .utf8) == "precious\n")
        let found = try await GitCommand.shell("find . -mindepth 1 | LC_ALL=C sort", in: pair.tree)
        #expect(
            found.split(separator: "\n") == ["./.gitignore", "./a", "./dir", "./dir/b", "./link"])
        #expect(
            try await pair.repository.snapshot().tree
                == (try await pair.repository.commit(head).tree))
        #expect(try await pair.expected() == (try await pair.peer.head("HEAD^{tree}")))
    }

    @Test("Ignored files stay when they may, as the commit's own rules say")
    func ignoredFilesMayStay() async throws {
        let (pair, head) = try await pair()
        try await pair.repository.checkOut(head)

        try await pair.shell(
            """
            mkdir build && echo o > build/o; echo o > x.o; echo hidden > evil.txt
            echo evil.txt > .gitignore; mkdir new && echo '*' > new/.gitignore && echo x > new/x
            """)
        try await pair.repository.checkOut(head, keepsIgnored: true)

        let found = try await GitCommand.shell("find . -type f | LC_ALL=C sort", in: pair.tree)
        #expect(
            found.split(separator: "\n") == [
                "./.gitignore", "./a", "./build/o", "./dir/b", "./x.o",
            ])
    }

    @Test("Only what differs is written when a tree moves to another commit")
    func warmCheckoutTouchesLittle() async throws {
        let (pair, head) = try await pair()
        try await pair.repository.checkOut(head)
        let before = try FileManager.default.attributesOfItem(atPath: pair.tree + "/dir/b")
        let next = try #require(
            GitObjectID(try await pair.peer.commit("Next", files: ["c": "c\n", "link2": "x"])))
        // A tick of the file system later than the checkout, so that its files are surely known.
        try await pair.shell("until touch later && [ later -nt dir/b ]; do :; done")
        _ = try await pair.repository.snapshot()

        try await pair.repository.checkOut(next)

        let after = try FileManager.default.attributesOfItem(atPath: pair.tree + "/dir/b")
        #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
        #expect(
            try await pair.repository.snapshot().tree
                == (try await pair.repository.commit(next).tree))
    }

    @Test("Copied commits bring all they need, and damaged or dangerous ones are refused")
    func copiedCommitsAreWhole() async throws {
        let (pair, _) = try await pair()
        try await pair.peer.commit("Second", files: ["new/deep/x": "x\n"])
        let head = try #require(GitObjectID(try await pair.peer.head()))
        let target = try await GitRepository.create(bare: folder.path + "/target.git")
        let source = try await GitRepository.open(pair.peer.path + "/.git")

        try await source.copyCommit(head, to: target.path)
        try await target.setReference("refs/heads/x", to: head, replacing: nil)
        try await GitCommand.run("fsck", "--strict", "--full", in: target.path)
        #expect(try await GitCommand.run("rev-list", "--count", "x", in: target.path) == "3")

        let evil = try await pair.peer.shell(
            """
            b=$(echo evil | git hash-object -w --stdin)
            t=$(printf "100644 blob $b\\tconfig\\n" | git mktree)
            u=$(printf "040000 tree $t\\t.GIT\\n" | git mktree)
            git commit-tree -m evil -p HEAD $u
            """)
        await #expect(throws: GitError.self) {
            try await source.copyCommit(try #require(GitObjectID(evil)), to: target.path)
        }
        #expect(await !target.hasCommit(try #require(GitObjectID(evil))))
    }
}
