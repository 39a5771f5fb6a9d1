import Foundation
import Logging
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import skep

@Suite("A login that an agent renewed")
struct LeftLoginTests {
    @Test("It is the operator's login when its run is cleaned up, though its worker was killed")
    func takenBack() async throws {
        let fixture = Fixture()
        let origin = try await TestRepository.makeBare(
            at: fixture.path + "/origin.git", files: ["README": "Hello\n"])
        try fixture.write("skep.yaml", "state: \(fixture.path)/state\n")
        try fixture.write(
            "agents/bee.md",
            """
            ---
            name: bee
            adapter: command
            home: {login: [.bee/login]}
            command: ["true"]
            ---
            """)
        try fixture.write("home/.bee/login", "old")
        try FileManager.default.createDirectory(
            atPath: fixture.path + "/state", withIntermediateDirectories: true)
        let house = try House.read(
            fixture.layers(), program: SelfProgram(path: "/opt/skep/bin/skep"))
        let workspaces = Assembly(house, logger: Logger(label: "test")).workspaces
        let name = try #require(RepositoryName("ada/engine"))
        let head = try await workspaces.refresh(name, from: GitAccess(remote: origin.path))
        let run = RunID(rawValue: 1)
        let request = WorkspaceRequest(
            run: run, repository: name, base: head.commit, branch: "bee/issue-1",
            author: CommitAuthor(name: "bee", email: "bee@example.org"))
        try await workspaces.withWorkspace(request) { workspace in
            let folder = URL(filePath: workspace.homePath + "/.bee")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
            try Data("new".utf8).write(to: folder.appending(path: "login"))
        }

        try await workspaces.release(run: run, of: name)

        let login = try Data(contentsOf: URL(filePath: fixture.path + "/home/.bee/login"))
        #expect(String(decoding: login, as: UTF8.self) == "new")
    }
}
