import Foundation
import SkepGit
import SkepTestSupport
import Testing

@Suite("Applying patches")
struct PatchTests {
    let folder = TemporaryFolder()

    func both() async throws -> (TestRepository, GitRepository) {
        let peer = try await TestRepository.make(at: folder.path + "/a")
        try await peer.commit(
            "First", files: ["a": "one\ntwo\nthree\n", "dir/b": "b\n", "gone": "gone\n"])
        return (peer, try await GitRepository.open(peer.path + "/.git"))
    }

    func read(_ name: String, in peer: TestRepository) throws -> String {
        try String(contentsOfFile: "\(peer.path)/\(name)", encoding: .utf8)
    }

    @Test("A patch that git made changes, makes and removes files")
    func patchIsApplied() async throws {
        let (peer, repository) = try await both()
        try await peer.shell("sed -i s/two/2/ a; echo new > dir/new; git rm -q gone; git add -A")
        let patch = try await peer.git("diff", "--cached", "HEAD") + "\n"
        try await peer.git("reset", "-q", "--hard")

        try await repository.apply(patch: patch)

        #expect(try read("a", in: peer) == "one\n2\nthree\n")
        #expect(try read("dir/new", in: peer) == "new\n")
        #expect(!FileManager.default.fileExists(atPath: peer.path + "/gone"))
        #expect(try await peer.git("status", "--porcelain") == " M a\n D gone\n?? dir/new")
    }

    @Test("A patch that doesn't fit changes nothing and says where it failed")
    func misfitChangesNothing() async throws {
        let (peer, repository) = try await both()
        let patch = """
            --- a/dir/b
            +++ b/dir/b
            @@ -1 +1 @@
            -b
            +B
            --- a/a
            +++ b/a
            @@ -1,3 +1,3 @@
             one
            -zwei
            +2
             three

            """

        let error = await #expect(throws: GitError.self) {
            try await repository.apply(patch: patch)
        }

        guard case .patch(let file, let hunk, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file == "a", "\(reason)")
        #expect(hunk == "@@ -1,3 +1,3 @@")
        #expect(!reason.isEmpty)
        #expect(try await peer.git("status", "--porcelain") == "")
    }

    @Test("A patch of the older form is taken, removed lines that look like headers included")
    func olderFormIsApplied() async throws {
        let (peer, repository) = try await both()
        try await peer.commit("Lua", files: ["c.lua": "-- x\n++ y\nend\n"])
        let patch = """
            --- c.lua\t2026-01-01
            +++ c.lua\t2026-01-02
            @@ -1,3 +1,2 @@
            --- x
            -++ y
            +++ z
             end
            --- /dev/null
            +++ b/dir/new
            @@ -0,0 +1 @@
            +new
            --- a/gone
            +++ /dev/null
            @@ -1 +0,0 @@
            -gone

            """

        try await repository.apply(patch: patch)

        #expect(try read("c.lua", in: peer) == "++ z\nend\n")
        #expect(try await peer.git("status", "--porcelain") == " M c.lua\n D gone\n?? dir/new")
    }

    @Test(
        "What isn't a patch, is empty, or leads out of the tree is refused",
        arguments: [
            "Sorry, I can't.\n", "",
            "--- /dev/null\n+++ b/../outside\n@@ -0,0 +1 @@\n+x\n",
            "--- /dev/null\n+++ b/.git/hooks/post-commit\n@@ -0,0 +1 @@\n+x\n",
        ])
    func badPatchIsRefused(patch: String) async throws {
        let (peer, repository) = try await both()

        let error = await #expect(throws: GitError.self) {
            try await repository.apply(patch: patch)
        }

        guard case .patch = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await peer.git("status", "--porcelain") == "")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/outside"))
    }
}
