import Foundation
import SkepCore
import Testing

@testable import skep

@Suite("The folder of an agent's trial")
struct TrialFolderTests {
    @Test("Its repository has one commit, and is the workspace's")
    func makesRepository() async throws {
        let path = try TrialFolder.make()
        defer { TrialFolder.remove(path) }
        let folder = try TrialFolder(path, user: nil)

        let workspace = try await folder.workspace()

        #expect(workspace.base.rawValue.count == 40)
        #expect(folder.text(of: "README.md") == "# A place to try an agent\n")
    }

    @Test("A git that hangs is ended with what it started, and that is said")
    func endsHangingGit() async throws {
        let path = try TrialFolder.make()
        defer { TrialFolder.remove(path) }
        let folder = try TrialFolder(path, user: nil)
        let git = path + "/git"
        try Data("#!/bin/sh\nsleep 600 &\nwait\n".utf8).write(to: URL(fileURLWithPath: git))
        chmod(git, 0o755)

        let error = await #expect(throws: ProgramError.self) {
            try await folder.workspace(git: git, within: .seconds(1))
        }

        #expect(error?.why?.contains("wasn't through after 1 s") == true)
    }
}
