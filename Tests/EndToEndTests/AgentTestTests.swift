import Foundation
import Testing

extension EndToEnd {
    /// `skep agent test` with the real programs, against a model of ours on loopback.
    @Suite("Agents on trial", .serialized)
    struct AgentTestTests {
        @Test(
            "An agent from PyPI works, tells what it used, goes on, and is stopped with all it started",
            arguments: ["claude", "codex", "grok"])
        func trial(agent: String) async throws {
            _ = try Programs.peers(agent)
            _ = try Programs.host
            let script = Programs.packageFolder + "/Scripts/test-agents"
            let folder = "/tmp/skep-e2e-\(ProcessInfo.processInfo.processIdentifier)-\(agent)"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let skep = try Programs.skep
            var environment = [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
                "HOME": folder,
                "SKEP_PROGRAMS": String(
                    skep.prefix(upTo: skep.lastIndex(of: "/") ?? skep.endIndex)),
            ]
            environment["LD_LIBRARY_PATH"] =
                ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
            let trial = try ChildProcess(
                script, [agent], in: folder, environment: environment, output: folder + "/log")

            let ending = try await trial.end(within: .seconds(600))

            #expect(ending == .exited(0), "\(trial.text)")
            #expect(trial.text.contains("1 of 1 agents work"), "\(trial.text)")
        }
    }
}
