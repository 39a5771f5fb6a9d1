import SkepCore
import SkepGit
import SkepTestSupport
import SkepWorkspaces
import Testing

@Suite("Collecting what an agent made")
struct CollectingTests {
    @Test("Commits of its own are kept, and what it left uncommitted becomes one more")
    func commitsAndLeftovers() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(
            after: "echo 1 > one; git add one; git commit -qm One; echo 2 >> README; echo 3 > new")

        #expect(try await fixture.log(found.head) == ["claude One", "claude Leftovers"])
        #expect(
            try await fixture.files(found.head) == [".gitignore", "README", "new", "one", "src/a"])
        #expect(found.notes.isEmpty)
        #expect(try await fixture.references("refs/skep") == ["refs/skep/run-88/attempt-1"])
        let committer = try await fixture.mirror.git(
            "log", "-1", "--format=%cn", "refs/skep/run-88/attempt-1")
        #expect(committer == "Skep")
        try await fixture.mirror.git("fsck", "--strict", "--full")
    }

    @Test(
        "A file whose name isn't UTF-8 is left out and told, and keeps nothing else back",
        arguments: ["true", "git add -A", "git add -A; git commit -qm Odd"])
    func foreignName(after: String) async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(
            after: "echo 1 > one; echo x > \"$(printf 'na\\377me')\"; \(after)")

        #expect(try await fixture.files(found.head) == [".gitignore", "README", "one", "src/a"])
        #expect(found.notes == ["\"na\u{FFFD}me\" wasn't taken: its name isn't UTF-8."])
    }

    @Test("Only commits, and only leftovers, are taken as they are")
    func onlyCommitsOrOnlyLeftovers() async throws {
        let fixture = try await WorkspaceFixture()

        let commits = try await fixture.collect(
            after: "echo 1 > one; git add -A; git commit -qm One")
        let leftovers = try await fixture.collect(after: "rm README; git add -A", attempt: 2)

        #expect(try await fixture.log(commits.head) == ["claude One"])
        #expect(try await fixture.log(leftovers.head) == ["claude Leftovers"])
        #expect(try await fixture.files(leftovers.head) == [".gitignore", "src/a"])
    }

    @Test(
        "What changes no content counts as nothing",
        arguments: [
            "true", "git commit -q --allow-empty -m Empty", "chmod +x README",
            "chmod +x README; git commit -qam Mode", "mkdir build; echo o > build/o",
            "echo x > x; git add x; git commit -qm x; git rm -q x; git commit -qm back",
        ])
    func noChangeIsNothing(script: String) async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(after: script)

        #expect(found.head == nil)
        #expect(try await fixture.references("refs/skep/run-88").isEmpty)
    }

    @Test("What an attempt left is found, and can be read in the run's next workspace")
    func leftByAttempts() async throws {
        let fixture = try await WorkspaceFixture()
        let found = try await fixture.collect(
            after: "echo 1 > one; git add one; git commit -qm One; echo 2 > two")
        let head = try #require(found.head)
        let request = fixture.request()

        let left = try await fixture.workspaces.left(
            by: 1..<3, of: request.run, above: request.base, in: request.repository)
        let later = try await fixture.workspaces.left(
            by: 2..<3, of: request.run, above: request.base, in: request.repository)
        let above = try await fixture.workspaces.left(
            by: 1..<3, of: request.run, above: head, in: request.repository)

        #expect(left == head)
        #expect(later == nil)
        #expect(above == nil)
        try await fixture.workspaces.withWorkspace(request) { workspace in
            try await WorkspaceFixture.run(
                "test ! -e one; git cherry-pick HEAD..\(head); test -e one; test -e two",
                in: workspace)
        }
    }

    @Test("A merge that keeps the files as they are is a result: it resolves a conflict")
    func mergeWithoutChange() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(
            after: """
                git checkout -q -b other; echo theirs > README; git commit -qam Theirs
                git checkout -q -; git merge -q --no-ff -s ours -m Merged other
                """)

        #expect(try await fixture.log(found.head).contains("claude Merged"))
        #expect(found.notes.isEmpty)
    }

    @Test("Commits on another branch and on no branch are taken, with a note")
    func otherBranchAndDetachedHead() async throws {
        let fixture = try await WorkspaceFixture()

        let other = try await fixture.collect(
            after: "git checkout -qb feature/x; echo 1 > one; git add -A; git commit -qm One")
        let detached = try await fixture.collect(
            after:
                "git checkout -q --detach; git branch -D claude/issue-1; echo 1 > one; git add -A; git commit -qm One",
            attempt: 2)

        #expect(try await fixture.log(other.head) == ["claude One"])
        #expect(other.notes == ["It worked on branch \"feature/x\" instead of \"claude/issue-1\"."])
        #expect(try await fixture.log(detached.head) == ["claude One"])
        #expect(detached.notes == ["It worked without a branch (a detached HEAD)."])
    }

    @Test("Without a branch with commits, the files become one commit on the base")
    func unbornHead() async throws {
        let fixture = try await WorkspaceFixture()

        let deleted = try await fixture.collect(
            after: "echo 1 > one; git add -A; git update-ref -d refs/heads/claude/issue-1")
        let orphan = try await fixture.collect(
            after: "git checkout -q --orphan fresh; echo 1 > one", attempt: 2)

        for found in [deleted, orphan] {
            #expect(try await fixture.log(found.head) == ["claude Leftovers"])
            #expect(try await fixture.files(found.head).contains("one"))
            #expect(found.notes.contains { $0.contains("has no commits") })
        }
    }

    @Test("After a rewritten history the files become one commit, and the rest is saved")
    func rewrittenHistory() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(
            after: """
                git checkout -q --orphan fresh; echo 1 > one; git add -A; git commit -qm New
                git branch -f claude/issue-1; git checkout -q claude/issue-1
                """)

        #expect(try await fixture.log(found.head) == ["claude Leftovers"])
        #expect(found.notes.contains { $0.contains("rewrote the history") })
        let saved = try await fixture.references("refs/skep/rescue")
        #expect(saved.count == 1)
        #expect(try await fixture.mirror.git("log", "-1", "--format=%s", saved[0] + "^") == "New")
        try await fixture.mirror.git("fsck", "--strict", "--full")
    }

    @Test("Commits on branches that the result doesn't contain are saved")
    func sideBranchesAreSaved() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(
            after: """
                git checkout -qb side; echo s > side; git add -A; git commit -qm Side
                git checkout -q claude/issue-1; echo 1 > one
                """)

        #expect(try await fixture.log(found.head) == ["claude Leftovers"])
        #expect(!(try await fixture.files(found.head).contains("side")))
        let saved = try await fixture.references("refs/skep/rescue")
        #expect(saved.count == 1)
        #expect(found.notes.contains { $0.contains(saved[0]) })
        #expect(try await fixture.mirror.git("log", "--format=%s", saved[0]).contains("Side"))
    }

    @Test(
        "A wrecked or deleted repository costs the commits, not the files",
        arguments: [
            "rm -rf .git", "rm .git/HEAD", "echo junk > .git/HEAD", "rm -rf .git; echo x > .git",
            "rm -rf .git; ln -s /nowhere .git", "rm -rf .git; mkfifo .git",
            "rm .git/HEAD; mkfifo .git/HEAD", "rm -rf .git/refs .git/objects; mkfifo .git/objects",
        ])
    func wreckedRepository(script: String) async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(after: "echo 1 > one\n" + script)

        #expect(try await fixture.log(found.head) == ["claude Leftovers"])
        #expect(try await fixture.files(found.head).contains("one"))
        #expect(!found.notes.isEmpty)
    }

    @Test("A damaged object costs the commit, not the files")
    func damagedObject() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(
            after: """
                echo 1 > one; git add -A; git commit -qm One
                f=.git/objects/$(git rev-parse HEAD:one | sed 's,^..,&/,'); chmod u+w $f; echo x > $f
                """)

        #expect(try await fixture.log(found.head) == ["claude Leftovers"])
        #expect(found.notes.contains { $0.contains("wasn't taken") })
        try await fixture.mirror.git("fsck", "--strict", "--full")
    }

    @Test(
        "A deleted working tree is told as gone",
        arguments: ["rm -rf \"$PWD\"", "rm -rf .[a-z]* *"])
    func deletedTree(script: String) async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(after: script)
        let next = try await fixture.collect(after: "echo 1 > one", attempt: 2)

        #expect(found.head == nil && found.isTreeGone)
        #expect(found.notes.count == 1)
        #expect(try await fixture.files(next.head) == [".gitignore", "README", "one", "src/a"])
        #expect(!next.isTreeGone)
    }

    @Test("Ignored files that are tracked, committed or staged are kept")
    func trackedIgnoredFiles() async throws {
        let fixture = try await WorkspaceFixture()

        let first = try await fixture.collect(
            after: """
                mkdir build; echo 1 > build/committed; git add -f build; git commit -qm Build
                echo 2 > build/staged; git add -f build/staged; echo 3 > build/neither
                """)
        let second = try await fixture.workspaces.withWorkspace(
            fixture.request(base: first.head)
        ) { workspace in
            let collect = { () async throws -> SkepCore.Collection in
                try await fixture.workspaces.collect(
                    workspace, attempt: 2, message: "Leftovers", author: WorkspaceFixture.author)
            }
            try await WorkspaceFixture.run("mv build ..; rm -rf .git", in: workspace)
            _ = try await collect()
            try await WorkspaceFixture.run("mv ../build .; echo 4 > new", in: workspace)
            return try await collect()
        }

        let files = [".gitignore", "README", "build/committed", "build/staged", "src/a"]
        #expect(try await fixture.files(first.head) == files)
        #expect(try await fixture.files(second.head) == (files + ["new"]).sorted())
    }

    @Test("Damage to Skep's own repository beside the tree costs nothing")
    func damagedOwnRepository() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.workspaces.withWorkspace(fixture.request()) { workspace in
            try await WorkspaceFixture.run("echo 1 > one; echo 2 > two", in: workspace)
            _ = try await fixture.workspaces.rescue(workspace, reason: "test")
            try await WorkspaceFixture.run(
                """
                rm -r ../../../../../mirrors/ada/engine.git/refs/skep; echo 3 > three
                for f in $(find ../skep.git/objects -type f -path '*/??/*'); do chmod u+w $f; : > $f; done
                for o in $(git hash-object one two); do
                  rm ../../../../../mirrors/ada/engine.git/objects/$(echo $o | sed 's,^..,&/,')
                done
                """, in: workspace)
            return try await fixture.workspaces.collect(
                workspace, attempt: 1, message: "Leftovers", author: WorkspaceFixture.author)
        }

        #expect(try await fixture.files(found.head).contains("three"))
        #expect(try await fixture.mirror.git("show", "\(try #require(found.head)):one") == "1")
    }

    @Test("A later attempt goes on from the run's own commits")
    func laterAttempt() async throws {
        let fixture = try await WorkspaceFixture()

        let first = try await fixture.collect(after: "echo 1 > one; git add -A; git commit -qm One")
        let second = try await fixture.collect(
            after: "test -f one; echo 2 > two; git add -A; git commit -qm Two", base: first.head,
            attempt: 2)

        #expect(try await fixture.log(second.head) == ["claude One", "claude Two"])
    }

    @Test("Packed commits are taken, and so is what is seen when collecting twice")
    func packedAndTwice() async throws {
        let fixture = try await WorkspaceFixture()

        let (first, second) = try await fixture.workspaces.withWorkspace(fixture.request()) {
            workspace in
            try await WorkspaceFixture.run(
                "echo 1 > one; git add -A; git commit -qm One; git gc -q; echo 2 > two",
                in: workspace)
            let collect = { () async throws -> Collection in
                try await fixture.workspaces.collect(
                    workspace, attempt: 1, message: "Leftovers", author: WorkspaceFixture.author)
            }
            return (try await collect(), try await collect())
        }

        #expect(try await fixture.log(first.head) == ["claude One", "claude Leftovers"])
        #expect(try await fixture.log(second.head) == ["claude One", "claude Leftovers"])
        try await fixture.mirror.git("fsck", "--strict", "--full")
    }
}
