import Foundation
import Subprocess
import Testing

@testable import SkepAgents

@Suite("What the agents' user runs", .enabled(if: geteuid() == 0, "needs root"))
struct OtherUserTests {
    private let house: AgentHouse

    init() throws {
        var house = try CommandFixture().house
        house.user = AgentUser(name: "nobody", uid: 65534, gid: 65533, home: "/")
        self.house = house
    }

    private func whoRuns() async throws -> String {
        let words = house.byAgentsUser(["sh", "-c", "echo $(id -u) $(id -g) $(id -G)"])
        let result = try await run(
            .name("sh"), arguments: Arguments(["-c", "exec \"$@\"", "sh"] + words), input: .none,
            output: .string(limit: 4096), error: .discarded)
        return result.standardOutput
    }

    @Test("It is that user, in no further group")
    func isTheUser() async throws {
        #expect(try await whoRuns() == "65534 65533 65533\n")
    }

    @Test("It begins however many threads begin meanwhile")
    func beginsBesideThreads() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
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
                let who = try await whoRuns()
                #expect(!who.isEmpty)
                if who.isEmpty { break }
            }
            group.cancelAll()
        }
    }
}
