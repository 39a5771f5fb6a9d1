import Foundation
import SkepTestSupport
import Testing

@testable import SkepAgents

@Suite("What the agents' user runs", .enabled(if: geteuid() == 0, "needs root"))
struct OtherUserTests {
    /// Gone with it.
    private let folder: TemporaryFolder
    private let agent: any InspectableAgent

    init() throws {
        var fixture = try CommandFixture()
        chmod(fixture.folder.path, 0o755)
        fixture.house.user = AgentUser(name: "nobody", uid: 65534, gid: 65533, home: "/")
        let program = try fixture.folder.write(
            "#!/bin/sh\necho \"$(id -u) $(id -g) $(id -G) $PWD\"\n", to: "tool", mode: 0o755)
        let made = try fixture.agent([("command", CommandFixture.list([program]))])
        agent = try #require(made as? any InspectableAgent)
        folder = fixture.folder
    }

    @Test("It is that user, in no further group, and not in a folder of Skep's")
    func isTheUser() async {
        #expect(await agent.version() == "65534 65533 65533 /")
    }

    @Test("It begins however many threads begin meanwhile")
    func beginsBesideThreads() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while !Task.isCancelled {
                        await withCheckedContinuation { continuation in
                            Thread { continuation.resume() }.start()
                        }
                    }
                }
            }
            for _ in 0..<50 {
                let version = await agent.version()
                #expect(version != nil)
                if version == nil { break }
            }
            group.cancelAll()
        }
    }
}
