@testable import SkepAgents
import SkepCore
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A patch in an issue")
struct PatchTests {
    private let folder = TemporaryFolder()

    private static let diff = """
        --- a/greeting.txt
        +++ b/greeting.txt
        @@ -1,3 +1,3 @@
         one
        -two
        +zwei

        """

    /// The third line is empty context, as it is in the file.
    private func repository() async throws -> String {
        let path = folder.make("tree")
        _ = try folder.write("one\ntwo\n\n", to: "tree/greeting.txt")
        try await git(["init", "-q", path])
        try await git(["-C", path, "add", "."])
        try await git([
            "-C", path, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "x",
        ])
        return path
    }

    private func git(_ arguments: [String]) async throws {
        let fixture = HostFixture()
        var request = fixture.request("true")
        request.program = "/usr/bin/git"
        request.arguments = ["git"] + arguments
        request.environment["HOME"] = fixture.work
        let record = try await fixture.run(request)
        let complaint = try fixture.text(.error)
        try #require(record.how == .exited(code: 0), "\(complaint)")
    }

    private func read(_ path: String) throws -> String {
        String(decoding: try #require(try Files.read(path)), as: UTF8.self)
    }

    @Test(
        "A fenced diff is applied, with CR LF as browsers send it, too", arguments: ["\n", "\r\n"])
    func appliesFencedDiff(lineEnd: String) async throws {
        let tree = try await repository()
        let issue = "Please change:\n\n```diff\n\(Self.diff)\n```\n\nThanks!\n"
        let text = issue.split(separator: "\n", omittingEmptySubsequences: false)
            .joined(separator: lineEnd)

        let changed = try await PatchApplier.apply(issueText: text, inWorkTree: tree)

        #expect(changed == ["greeting.txt"])
        #expect(try read(tree + "/greeting.txt") == "one\nzwei\n\n")
    }

    @Test("Several files in several blocks are applied together: changed, made and deleted")
    func appliesSeveralBlocks() async throws {
        let tree = try await repository()
        let text = """
            1. First

               ```patch
               --- a/greeting.txt
               +++ /dev/null
               @@ -1,3 +0,0 @@
               -one
               -two
               -
               ```

            And this, bare:

            diff --git a/dir/new file.txt b/dir/new file.txt
            new file mode 100755
            --- /dev/null
            +++ b/dir/new file.txt
            @@ -0,0 +1 @@
            +hello
            That's all.
            """

        let changed = try await PatchApplier.apply(issueText: text, inWorkTree: tree)

        #expect(changed == ["dir/new file.txt", "greeting.txt"])
        #expect(try read(tree + "/dir/new file.txt") == "hello\n")
        #expect(try Files.read(tree + "/greeting.txt") == nil)
    }

    @Test("The adapter calls Skep itself with the issue's own text, in the workspace")
    func callsSkep() async throws {
        var fixture = try CommandFixture()
        let own = try fixture.folder.write("echo \"$1\"; pwd; cat \"$2\"", to: "skep")
        fixture.house.selfCommand = ["/bin/sh", own]
        let agent = try fixture.agent([("adapter", .text("patch"))])

        let (result, output) = try await fixture.run(
            agent, fixture.assignment(prompt: "no diff", body: Self.diff))

        #expect(result.ending == .exited(code: 0))
        #expect(output == "apply-patch\n\(fixture.workspace.path)\n" + Self.diff)
    }

    @Test("An issue without a patch is told", arguments: ["", "Fix it", "```swift\n- a\n+ b\n```"])
    func tellsMissingPatch(text: String) async throws {
        await #expect(throws: PatchError.noPatch) {
            try await PatchApplier.apply(issueText: text, inWorkTree: folder.path)
        }
    }

    @Test("A patch that doesn't fit changes nothing and names file and hunk")
    func tellsMisfit() async throws {
        let tree = try await repository()
        let text = "```diff\n" + Self.diff.replacing("two", with: "three") + "\n```"

        let error = await #expect(throws: PatchError.self) {
            try await PatchApplier.apply(issueText: text, inWorkTree: tree)
        }
        #expect(error?.why?.contains("\"greeting.txt\" @@ -1,3 +1,3 @@") == true)
        #expect(try read(tree + "/greeting.txt") == "one\ntwo\n\n")
    }

    @Test(
        "A path outside of the tree or in git's own folder is refused",
        arguments: [
            "../outside", "/etc/passwd", "a/../../b", ".git/config", "sub/.GIT/hooks/x",
            ".git\u{200C}/config", "git~1/config", "a//b", ".git./x",
        ])
    func refusesPath(path: String) async throws {
        let tree = try await repository()
        let text = """
            ```diff
            --- /dev/null
            +++ b/\(path)
            @@ -0,0 +1 @@
            +x
            ```
            """

        let error = await #expect(throws: PatchError.self) {
            try await PatchApplier.apply(issueText: text, inWorkTree: tree)
        }
        guard case .refusedPath = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("A path through a symbolic link is refused")
    func refusesLink() async throws {
        let tree = try await repository()
        symlink(folder.make("elsewhere"), tree + "/link")
        let text = "```diff\n--- /dev/null\n+++ b/link/x\n@@ -0,0 +1 @@\n+x\n```"

        await #expect(
            throws: PatchError.refusedPath(
                "link/x", reason: "\"link\" is a symbolic link there.")
        ) {
            try await PatchApplier.apply(issueText: text, inWorkTree: tree)
        }
    }

    @Test(
        "A block that isn't a whole diff is refused",
        arguments: [
            "just words", "--- a/x\n+++ b/x\n", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one",
            "--- a/x\n+++ b/x\n@@ bad @@\n+x", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n?",
        ])
    func refusesBrokenDiff(block: String) async throws {
        let error = await #expect(throws: PatchError.self) {
            try await PatchApplier.apply(
                issueText: "```diff\n\(block)\n```", inWorkTree: folder.path)
        }
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
