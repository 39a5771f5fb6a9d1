import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("What an agent's program says of its version")
struct VersionTests {
    private let fixture: CommandFixture
    private let program: String

    init() throws {
        fixture = try CommandFixture()
        program = fixture.folder.path + "/tool"
    }

    private func version(_ script: String, adapter: String = "acp") async throws -> String? {
        _ = try fixture.folder.write("#!/bin/sh\n" + script, to: "tool", mode: 0o755)
        let agent = try fixture.agent([
            ("adapter", .text(adapter)), ("command", CommandFixture.list([program])),
        ])
        return try await #require(agent as? any InspectableAgent).version()
    }

    @Test("The first line it prints, whatever it complains of, in a home that is empty")
    func firstLine() async throws {
        let script = """
            echo 1 warning >&2
            echo "tool 1.2.3 $1 $(ls -A ~ | wc -l)"
            echo 4.5.6
            """

        #expect(try await version(script) == "tool 1.2.3 --version 0")
        #expect(try await version("echo tool") == nil)
        #expect(try await version("echo 1.2.3; exit 1") == nil)
    }

    @Test("A program that works instead is shut in, and ends with all it began")
    func worksInstead() async throws {
        let marker = AgentHouse.marker("left")
        let script = """
            export SKEP_TEST_LEFT=\(marker)
            setsid sh -c 'exec tail -f /dev/null' >/dev/null 2>&1 &
            echo bad 2>/dev/null >\(fixture.folder.path)/outside
            echo 1.2.3
            """

        #expect(try await version(script) == "1.2.3")

        #if os(Linux)
            let left = ProcessTable.all().filter { entry in
                ProcessTable.environment(of: entry.pid).contains {
                    $0.elementsEqual("SKEP_TEST_LEFT=\(marker)".utf8)
                }
            }
            #expect(left.isEmpty)
            #expect(access(fixture.folder.path + "/outside", F_OK) != 0)
        #endif
    }

    @Test("A program of any kind isn't run for it")
    func anyProgram() async throws {
        #expect(
            try await version(
                "echo ran >\(fixture.workspace.path)/ran; echo 1.2.3", adapter: "command")
                == nil)
        #expect(access(fixture.workspace.path + "/ran", F_OK) != 0)
    }
}
