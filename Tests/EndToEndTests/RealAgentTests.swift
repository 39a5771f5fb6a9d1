import Foundation
import Testing

extension EndToEnd {
    /// Codex and Claude as they come from PyPI, against a model of ours on loopback.
    @Suite("Real agents", .serialized)
    struct RealAgentTests {
        @Test("codex and claude each write a file, which becomes a branch and a pull request")
        func codexAndClaudeWriteFiles() async throws {
            let folder = "/tmp/skep-e2e-\(ProcessInfo.processInfo.processIdentifier)-model"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let model = try ChildProcess(
                try Programs.system("python3"),
                [try Programs.fixture("model_endpoint.py"), folder + "/address"], in: folder,
                environment: ["PATH": "/usr/bin:/bin"], output: folder + "/log")
            do {
                try await letThemWork(try await address(of: model, in: folder))
                await model.stop()
            } catch {
                await model.stop()
                throw error
            }
        }

        private func address(of model: ChildProcess, in folder: String) async throws -> String {
            try await wait(
                for: "the model to listen", within: .seconds(120), seeing: { model.text }
            ) {
                FileManager.default.fileExists(atPath: folder + "/address")
            }
            return try String(contentsOfFile: folder + "/address", encoding: .utf8)
        }

        /// With the files of theirs that Skep brings along.
        private func letThemWork(_ model: String) async throws {
            let peers = try Programs.peers("codex", "claude")
            let own = "home: {mode: own}"
            let codex = try Programs.shipped("agents/codex.md")
            let claude = try Programs.shipped("agents/claude.md")
            #expect(codex.contains(own))
            let agents = [
                // As the file's own comment says: another endpoint goes into a config.toml.
                "codex": codex.replacing(
                    own, with: "home: {mode: own, link: [.codex/config.toml]}"),
                "claude": claude,
            ]
            let environment = [
                "PATH": peers + ":/usr/local/bin:/usr/bin:/bin", "CODEX_API_KEY": "not-a-secret",
                "ANTHROPIC_API_KEY": "not-a-secret", "ANTHROPIC_BASE_URL": model, "IS_SANDBOX": "1",
            ]
            try await House.with(agents: agents, environment: environment) { house in
                try house.write(
                    "home/.codex/config.toml",
                    """
                    model = "scripted"
                    model_provider = "here"

                    [model_providers.here]
                    name = "here"
                    base_url = "\(model)/v1"
                    env_key = "CODEX_API_KEY"
                    wire_api = "responses"
                    """)
                var issues: [String: Int] = [:]
                for agent in ["codex", "claude"] {
                    issues[agent] = try await house.tracker.open(
                        "Notes by \(agent)",
                        body: "Create the file NOTES.md with the line: Written by \(agent).",
                        in: House.repository)
                }
                try await house.serve()

                for (agent, issue) in issues {
                    try await house.skep("dispatch", "\(issue)", "--to", agent)
                }
                let runs = try await house.settled(2, within: .seconds(240))

                let pulls = try await house.tracker.pulls(in: House.repository)
                for run in runs {
                    #expect(run.state == "published", "\(run.agent): \(run.detail)")
                    #expect(run.number == issues[run.agent])
                    let notes = try await house.published("NOTES.md", at: run.branch)
                    #expect(notes == "Written by \(run.agent).\n")
                    let pull = try #require(pulls.first { $0.number == run.pull })
                    #expect(pull.head.sha == run.head)
                    try await expectReports(house, run, ending: "#\(pull.number)")
                }
            }
        }
    }
}
