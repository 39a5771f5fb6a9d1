@testable import SkepAgents
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Files of a workspace for agents")
struct WorkspaceFilesTests {
    private let folder = TemporaryFolder()
    private let tree: String
    private let files: WorkspaceFiles

    init() throws {
        tree = folder.make("tree")
        _ = folder.make("tree/sub")
        _ = folder.make("tree/.git")
        _ = try folder.write("secret", to: "outside.txt")
        _ = try folder.write("one\ntwo\n", to: "tree/a.txt", mode: 0o640)
        files = WorkspaceFiles(root: tree, owner: nil)
    }

    @Test("Links within the workspace are followed, those that leave it aren't")
    func followsLinksInside() throws {
        symlink("../a.txt", tree + "/sub/near")
        symlink(tree + "/a.txt", tree + "/sub/absolute")
        symlink("../../outside.txt", tree + "/sub/far")
        symlink("/etc", tree + "/etc")
        symlink("loop", tree + "/loop")

        #expect(try files.read(tree + "/sub/near") == "one\ntwo\n")
        #expect(try files.read(tree + "/sub/absolute") == "one\ntwo\n")
        for path in [
            "/sub/far", "/etc/passwd", "/../outside.txt", "/sub/../../outside.txt", "/loop",
        ] {
            #expect(throws: ACPError.self) { try files.read(tree + path) }
            #expect(throws: ACPError.self) { try files.write("x", to: tree + path, draft: ".d") }
        }
        #expect(throws: ACPError.self) { try files.read("a.txt") }
        #expect(throws: ACPError.self) { try files.read(tree + "2/a.txt") }
    }

    @Test("What isn't a file is refused, and isn't waited for")
    func refusesOthers() {
        mkfifo(tree + "/pipe", 0o600)

        #expect(throws: ACPError.self) { try files.read(tree + "/pipe") }
        #expect(throws: ACPError.self) { try files.read(tree + "/sub") }
        #expect(throws: ACPError.self) { try files.read(tree) }
        #expect(throws: ACPError.self) { try files.write("x", to: tree + "/pipe", draft: ".d") }
        #expect(throws: ACPError.self) { try files.write("x", to: tree, draft: ".d") }
    }

    @Test("A file that isn't there has the protocol's code for it")
    func tellsMissing() {
        #expect {
            try files.read(tree + "/missing")
        } throws: {
            ($0 as? ACPError)?.code == -32002
        }
    }

    @Test("A written file keeps its mode; a new one gets its folders")
    func writes() throws {
        try files.write("new\n", to: tree + "/a.txt", draft: ".d")
        try files.write("deep\n", to: tree + "/x/y/z.txt", draft: ".d")

        var status = stat()
        stat(tree + "/a.txt", &status)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(try files.read(tree + "/a.txt") == "new\n")
        #expect(try files.read(tree + "/x/y/z.txt") == "deep\n")
        #expect(!FileStatus.exists(tree + "/.d"))
    }

    @Test("Git's own folder isn't written, by whatever way")
    func keepsGitAway() throws {
        symlink(".git", tree + "/innocent")

        for path in ["/.git/config", "/innocent/config", "/sub/../.git/hooks/pre-commit"] {
            #expect(throws: ACPError.self) { try files.write("x", to: tree + path, draft: ".d") }
        }
        #expect(FileStatus.names(in: tree + "/.git").isEmpty)
    }
}
