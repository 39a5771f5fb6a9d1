import Foundation
import SkepAgents
import SkepCore
import Testing

@testable import skep

@Suite("The folder of an agent's trial")
struct TrialFolderTests {
    private func house(user: AgentUser? = nil) -> AgentHouse {
        AgentHouse(
            sessions: "/nowhere", host: SelfProgram.current().folder + "/skep-host",
            environment: [:], operatorHome: "/nowhere", user: user)
    }

    private static let nobody = AgentUser(name: "nobody", uid: 65534, gid: 65534, home: "/")
    /// As root also for another one than ourselves.
    private static let users = geteuid() == 0 ? [nil, nobody] : [nil]

    @Test("Its repository has one commit, and is the workspace's", arguments: users)
    func makesRepository(user: AgentUser?) async throws {
        let path = try TrialFolder.make()
        defer { TrialFolder.remove(path) }
        let folder = try TrialFolder(path, of: house(user: user))

        let workspace = try await folder.workspace()

        #expect(workspace.base.rawValue.count == 40)
        #expect(folder.text(of: "README.md") == "# A place to try an agent\n")
        let head = try FileManager.default.attributesOfItem(
            atPath: "\(folder.repository)/.git/HEAD")
        #expect(head[.ownerAccountID] as? Int == user.map { Int($0.uid) } ?? Int(geteuid()))
    }

    @Test("A git that hangs is ended with what it started, and that is said")
    func endsHangingGit() async throws {
        let path = try TrialFolder.make()
        defer { TrialFolder.remove(path) }
        let folder = try TrialFolder(path, of: house())
        let git = path + "/git"
        try Data("#!/bin/sh\nsleep 600 &\nwait\n".utf8).write(to: URL(fileURLWithPath: git))
        chmod(git, 0o755)

        let error = await #expect(throws: ProgramError.self) {
            try await folder.workspace(git: git, within: .seconds(1))
        }

        #expect(error?.why?.contains("wasn't through after 1 s") == true)
    }
}
