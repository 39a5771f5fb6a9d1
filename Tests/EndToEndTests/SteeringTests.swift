import Foundation
import Testing

extension EndToEnd {
    /// A run whose agent is stopped by hand, and let go on.
    @Suite("Steering", .serialized)
    struct SteeringTests {
        private static let program = URL(filePath: #filePath)
            .appending(path: "../Fixtures/steered_agent.py").standardizedFileURL.path

        private static let steered = """
            ---
            name: steered
            adapter: acp
            command: [python3, "\(program)"]
            sandbox: none
            ---
            Do what the issue says.
            """

        @Test(
            "A stopped agent is asked in its protocol, its use counts, and it hears what it missed")
        func stopped() async throws {
            try await House.with(agents: ["steered": Self.steered]) { house in
                let issue = try await house.tracker.open("Long", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "steered")
                try await wait(for: "the agent to be at work", seeing: { house.logs }) {
                    house.hasFile("told.txt")
                }

                let said = try await house.skep("run", "say", "1", "Remember the milk.")
                #expect(said.contains("hears it"), "\(said)")
                let log = try await house.skep("run", "log", "1", "--events")
                #expect(log.contains("waits to be told: Remember the milk."), "\(log)")
                let stopped = try await house.skep("run", "stop", "1")
                #expect(stopped.contains("Run 1 is stopped;"), "\(stopped)")
                try await wait(for: "its work to be saved", seeing: { house.logs }) {
                    !(try await house.skep("run", "show", "1")).contains("not saved yet")
                }
                let shown = try await house.skep("run", "show", "1")
                #expect(shown.contains("520"), "\(shown)")

                try await house.skep("run", "resume", "1")
                let run = try #require(try await house.settled(1).first)
                #expect(run.state == "published")
                let head = try #require(run.head)
                let told = try #require(try await house.published("told.txt", at: head))
                let prompts = told.split(separator: "\n----\n")
                #expect(prompts.count == 2, "\(told)")
                #expect(prompts.last?.hasPrefix("Your session was interrupted") == true, "\(told)")
                #expect(prompts.last?.hasSuffix("\n\nRemember the milk.") == true, "\(told)")
            }
        }

        @Test("A stopped agent that has no session of its own goes on with what it had made")
        func withoutSession() async throws {
            let ticking = Texts.script(
                "ticking",
                """
                cat >/dev/null
                echo tick >> ticks.txt
                [ "$(wc -l < ticks.txt)" -gt 1 ] || exec sleep 600
                """, settings: "sandbox: none")
            try await House.with(agents: ["ticking": ticking]) { house in
                let issue = try await house.tracker.open("Tick", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "ticking")
                try await wait(for: "the first tick", seeing: { house.logs }) {
                    house.file("ticks.txt") == "tick\n"
                }

                try await house.skep("run", "stop", "1")
                try await house.skep("run", "resume", "1")

                let run = try #require(try await house.settled(1).first)
                #expect(run.state == "published")
                let head = try #require(run.head)
                #expect(try await house.published("ticks.txt", at: head) == "tick\ntick\n")
            }
        }

        @Test("An agent that begins anew can take over what the attempt before it left")
        func takesOver() async throws {
            let failing = Texts.script(
                "failing",
                #"""
                cat > "$HOME/prompt"
                commits=$(sed -n 's/.*`git log -p \(HEAD[.0-9a-f]*\)`.*/\1/p' "$HOME/prompt")
                if [ -z "$commits" ]; then
                    echo first > first.txt; git add first.txt; git commit -qm First
                    echo second > second.txt
                    exit 3
                fi
                git cherry-pick "$commits"
                """#)
            try await House.with(
                agents: ["failing": failing], workflow: Texts.workflow(failures: 2)
            ) { house in
                let issue = try await house.tracker.open("Fail", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "failing")

                let run = try #require(try await house.settled(1).first)
                #expect(run.state == "published", "\(run.detail)\n\(house.logs)")
                let head = try #require(run.head)
                #expect(try await house.published("first.txt", at: head) == "first\n")
                #expect(try await house.published("second.txt", at: head) == "second\n")
            }
        }
    }
}
