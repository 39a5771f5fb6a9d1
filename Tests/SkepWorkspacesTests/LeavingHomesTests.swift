import Foundation
import SkepCore
import SkepTestSupport
import Synchronization
import Testing

@testable import SkepWorkspaces

@Suite("What must outlive an agent's home")
struct LeavingHomesTests {
    private final class Keeper: Sendable {
        struct Stuck: Error {}
        let isStuck = Mutex(false)
        let left = Mutex<[String]>([])

        func leave(_ agent: AgentName, _ home: String) throws {
            if isStuck.withLock({ $0 }) { throw Stuck() }
            guard FileManager.default.fileExists(atPath: home + "/login") else { return }
            left.withLock { $0.append("\(agent) \(home.suffix(15))") }
        }
    }

    private let keeper = Keeper()
    private let one = RunID(rawValue: 1)

    private func workspaces(of fixture: WorkspaceFixture) -> LocalWorkspaces {
        LocalWorkspaces(
            stateFolder: fixture.folder.path + "/state", leaveHome: keeper.leave,
            logger: fixture.workspaces.logger)
    }

    /// Returns the home in which run 1 left a login.
    private func leaveLogin(_ fixture: WorkspaceFixture) async throws -> String {
        try await workspaces(of: fixture).withWorkspace(fixture.request(run: 1)) { workspace in
            try await WorkspaceFixture.run("echo new > ../homes/claude/login", in: workspace)
            return workspace.homePath
        }
    }

    @Test("It is taken out when the run is released, whoever led its sessions")
    func takenOutAtRelease() async throws {
        let fixture = try await WorkspaceFixture()
        _ = try await leaveLogin(fixture)

        try await workspaces(of: fixture).release(run: one, of: fixture.name)

        #expect(keeper.left.withLock { $0 } == ["claude /1/homes/claude"])
    }

    @Test("While it can't be taken out the home stays, and the next run has another place")
    func homeStays() async throws {
        let fixture = try await WorkspaceFixture()
        let workspaces = workspaces(of: fixture)
        let home = try await leaveLogin(fixture)
        keeper.isStuck.withLock { $0 = true }

        await #expect(throws: Keeper.Stuck.self) {
            try await workspaces.release(run: one, of: fixture.name)
        }
        try await workspaces.withWorkspace(fixture.request(run: 2)) { workspace in
            #expect(workspace.path.hasSuffix("/2/tree"))
        }

        #expect(FileManager.default.fileExists(atPath: home + "/login"))
        #expect(try await workspaces.reservations().map(\.run).contains(one))

        keeper.isStuck.withLock { $0 = false }
        try await workspaces.release(run: one, of: fixture.name)
        try await workspaces.withWorkspace(fixture.request(run: 3)) { workspace in
            #expect(workspace.path.hasSuffix("/1/tree"))
        }
        #expect(!keeper.left.withLock { $0.isEmpty })
    }

    @Test("A place whose run was never released, or can't be read any more, is left likewise")
    func takenOutAtReuse() async throws {
        let fixture = try await WorkspaceFixture()
        let workspaces = workspaces(of: fixture)
        let home = try await leaveLogin(fixture)
        let state = URL(filePath: home + "/../../state").standardized
        try Data("torn".utf8).write(to: state)

        keeper.isStuck.withLock { $0 = true }
        try await workspaces.withWorkspace(fixture.request(run: 2)) { workspace in
            #expect(workspace.path.hasSuffix("/2/tree"))
        }
        #expect(FileManager.default.fileExists(atPath: home + "/login"))

        keeper.isStuck.withLock { $0 = false }
        try await workspaces.withWorkspace(fixture.request(run: 3)) { workspace in
            #expect(workspace.path.hasSuffix("/1/tree"))
        }
        #expect(keeper.left.withLock { $0 } == ["claude /1/homes/claude"])
    }
}
