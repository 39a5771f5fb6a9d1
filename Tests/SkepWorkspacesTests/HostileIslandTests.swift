import Foundation
import SkepCore
import SkepGit
import SkepTestSupport
import SkepWorkspaces
import Testing

@Suite("Hostile workspaces")
struct HostileIslandTests {
    /// Makes a folder with a secret that nothing may read, write or remove.
    func secret(_ fixture: WorkspaceFixture) async throws -> TestRepository {
        let other = try await TestRepository.make(at: fixture.folder.path + "/other")
        try await other.commit("Secret", files: ["secret": "treasure\n", "src/a": "elsewhere\n"])
        return other
    }

    @Test("A working tree that the configuration names isn't looked at")
    func configuredWorkTreeIsIgnored() async throws {
        let fixture = try await WorkspaceFixture()
        let other = try await secret(fixture)

        let found = try await fixture.collect(
            after: "echo 1 > one; git config core.worktree \(other.path); git config core.bare true"
        )

        #expect(try await fixture.files(found.head) == [".gitignore", "README", "one", "src/a"])
    }

    @Test("Hooks, filters and programs in the configuration never run")
    func plantedProgramsNeverRun() async throws {
        let fixture = try await WorkspaceFixture()
        let sign = fixture.folder.path + "/ran"
        let script = """
            echo 1 > one; printf '*  filter=evil diff=evil\\n' > .gitattributes
            printf '#!/bin/sh\\ntouch \(sign)\\n' > evil.sh; chmod +x evil.sh
            git config filter.evil.clean "$PWD/evil.sh"; git config filter.evil.smudge "$PWD/evil.sh"
            git config filter.evil.required true; git config core.fsmonitor "$PWD/evil.sh"
            git config core.hooksPath "$PWD/hooks"; git config diff.evil.textconv "$PWD/evil.sh"
            mkdir hooks; for h in pre-commit post-checkout post-commit reference-transaction; do
              cp evil.sh hooks/$h; cp evil.sh .git/hooks-$h; mkdir -p .git/hooks; cp evil.sh .git/hooks/$h
            done
            """

        let found = try await fixture.collect(after: script)
        let again = try await fixture.collect(after: "echo 2 > two", base: found.head, attempt: 2)

        #expect(again.head != nil)
        #expect(try await fixture.mirror.git("show", "\(try #require(found.head)):one") == "1")
        #expect(!FileManager.default.fileExists(atPath: sign))
    }

    @Test(
        "A repository elsewhere isn't taken for the island",
        arguments: [
            "rm -rf .git; echo \"gitdir: OTHER/.git\" > .git", "rm -rf .git; ln -s OTHER/.git .git",
            "echo OTHER/.git > .git/commondir", "rm -rf .git/refs; ln -s OTHER/.git/refs .git/refs",
            "rm -rf .git/objects; ln -s OTHER/.git/objects .git/objects; cp OTHER/.git/refs/heads/main .git/refs/heads/claude/issue-1",
            "echo OTHER/.git/objects > .git/objects/info/alternates; cp OTHER/.git/refs/heads/main .git/refs/heads/claude/issue-1",
        ])
    func repositoryElsewhere(script: String) async throws {
        let fixture = try await WorkspaceFixture()
        let other = try await secret(fixture)
        let id = try await other.head()

        let found = try await fixture.collect(
            after: "echo 1 > one\n" + script.replacing("OTHER", with: other.path))

        #expect(try await fixture.files(found.head) == [".gitignore", "README", "one", "src/a"])
        #expect(try await fixture.log(found.head) == ["claude Leftovers"])
        await #expect(throws: GitCommand.Failure.self) {
            try await fixture.mirror.git("cat-file", "-e", id)
        }
        #expect(try await other.git("status", "--porcelain") == "")
        #expect(try await other.head() == id)
    }

    @Test("Links in the tree are links, and a reset doesn't write or remove through them")
    func linksAreLinks() async throws {
        let fixture = try await WorkspaceFixture()
        let other = try await secret(fixture)

        let found = try await fixture.collect(
            after: "rm -r src; ln -s \(other.path) src; ln -s \(other.path)/secret leak")
        _ = try await fixture.collect(after: "true", attempt: 2)

        #expect(try await fixture.files(found.head) == [".gitignore", "README", "leak", "src"])
        #expect(
            try await fixture.mirror.git("show", "\(try #require(found.head)):leak")
                == other.path + "/secret")
        #expect(try await other.git("status", "--porcelain") == "")
    }

    @Test("An island can't touch the mirror or another workspace")
    func islandsAreApart() async throws {
        let fixture = try await WorkspaceFixture()

        _ = try await fixture.collect(
            after: """
                git push -q . HEAD:refs/remotes/origin/main HEAD:refs/skep/run-1/attempt-1
                git for-each-ref --format='%(refname)' | xargs -n1 git update-ref -d
                git gc -q --prune=now || true; git remote -v > remotes; cat .git/config >> remotes
                test ! -s .git/remotes
                """)

        #expect(try await fixture.references("refs/remotes/origin/main").count == 1)
        #expect(try await fixture.references("refs/skep/run-1").isEmpty)
        try await fixture.mirror.git("fsck", "--strict", "--full")
    }
}
