import Foundation
import Testing

extension EndToEnd {
    @Suite("Bad input", .serialized)
    struct BadInputTests {
        @Test("An issue of 1 MB reaches its agent whole")
        func hugeIssueReachesAgent() async throws {
            let counter = Texts.script("counter", "wc -c > count.txt")
            try await House.with(agents: ["counter": counter]) { house in
                let body = String(
                    repeating: "a line of the issue, again and again\n", count: 28_000)
                let issue = try await house.tracker.open("Huge", body: body, in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "counter")
                let runs = try await house.settled(1)

                #expect(runs[0].state == "published")
                let text = try #require(
                    try await house.published("count.txt", at: runs[0].branch))
                let count = try #require(Int(text.filter(\.isNumber)))
                #expect(count > body.utf8.count && count < body.utf8.count + 1000)
            }
        }

        @Test("Shell and template code in an issue is text")
        func codeInIssueIsText() async throws {
            let keeper = Texts.script("keeper", "cat > prompt.txt")
            try await House.with(agents: ["keeper": keeper]) { house in
                let title = "$(touch /tmp/skep-e2e-pwned) `id` {{ agent.name }} {{ nothing }}"
                let body =
                    "'; touch /tmp/skep-e2e-pwned; ' {{ issue.body }} <!-- skep:x --> {prompt}"
                let issue = try await house.tracker.open(title, body: body, in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "keeper")
                let runs = try await house.settled(1)

                #expect(runs[0].state == "published", "\(runs[0].detail)")
                let prompt = try await house.published("prompt.txt", at: runs[0].branch)
                #expect(prompt?.contains(title) == true)
                #expect(prompt?.contains(body) == true)
                #expect(!FileManager.default.fileExists(atPath: "/tmp/skep-e2e-pwned"))
            }
        }

        @Test("An agent that prints binary and one that floods harm nobody")
        func binaryAndFlood() async throws {
            let binary = Texts.script(
                "binary", "cat >/dev/null; head -c 100000 /dev/urandom; echo ok > ok.txt")
            let flood = Texts.script(
                "flood", "cat >/dev/null; while :; do head -c 65536 /dev/zero; done",
                settings: "limits: {output_mb: 4}")
            try await House.with(
                agents: ["binary": binary, "flood": flood, "writer": Texts.writer]
            ) { house in
                let issue = try await house.tracker.open("Print", body: "", in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "flood,binary,writer")
                let runs = try await house.settled(3)

                let states = Dictionary(uniqueKeysWithValues: runs.map { ($0.agent, $0.state) })
                #expect(
                    states == ["binary": "published", "flood": "failed", "writer": "published"])
                let flooded = try #require(runs.first { $0.agent == "flood" })
                #expect(flooded.detail.hasPrefix("printed too much: "), "\(flooded.detail)")
                expectNothingTwice(try await house.comments(issue))
                let log = try await house.attempt("run", "log", "\(runs[1].id)")
                #expect(log.status == 0)
            }
        }

        @Test("A missing token is named with its variable, and nothing is started")
        func missingTokenIsNamed() async throws {
            try await House.with(agents: ["writer": Texts.writer]) { house in
                let done = try await house.check(without: ["E2E_TOKEN"])

                #expect(done.status == 78, "\(done.text)")
                #expect(done.text.contains("E2E_TOKEN"))
            }
        }

        @Test("A wrong address is named, and the exit status says that trying later may help")
        func wrongAddressIsNamed() async throws {
            try await House.with(agents: ["writer": Texts.writer]) { house in
                let settings = house.read("skep.yaml")
                    .replacing(house.tracker.url, with: "http://127.0.0.1:9")
                try house.write("skep.yaml", settings)

                let done = try await house.attempt("dispatch", "1", "--to", "writer")

                #expect(done.status == 69, "\(done.text)")
                #expect(done.text.contains("127.0.0.1:9"))
            }
        }

        @Test("An agent whose program isn't installed fails its run, and the others go on")
        func agentNotInstalled() async throws {
            let missing = """
                ---
                name: missing
                adapter: command
                command: [no-such-program-anywhere]
                ---
                Nothing.
                """
            try await House.with(
                agents: ["missing": missing, "writer": Texts.writer]
            ) { house in
                let issue = try await house.tracker.open("Do", body: "", in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "missing,writer")
                let runs = try await house.settled(2)

                let states = Dictionary(uniqueKeysWithValues: runs.map { ($0.agent, $0.state) })
                #expect(states == ["missing": "failed", "writer": "published"])
                let comments = try await house.comments(issue)
                #expect(
                    comments.contains { $0.contains("no-such-program-anywhere") }, "\(comments)")
                let check = try await house.check()
                #expect(check.text.contains("no-such-program-anywhere"), "\(check.text)")
            }
        }

        @Test("An empty repository is said to be empty")
        func emptyRepository() async throws {
            try await House.with(agents: ["writer": Texts.writer], files: nil) { house in
                let issue = try await house.tracker.open("Do", body: "", in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "writer")
                let runs = try await house.settled(1)

                #expect(runs[0].state == "failed")
                #expect(runs[0].detail.contains("empty"), "\(runs[0].detail)")
            }
        }

        @Test("All unknown keys are told at once, with file, line and the nearest known one")
        func unknownKeys() async throws {
            try await House.with(agents: ["writer": Texts.writer]) { house in
                try house.write(
                    "skep.yaml", house.read("skep.yaml") + "repositorys: [a/b]\n")
                try house.write(
                    "agents/writer.md",
                    Texts.writer.replacing("adapter: command", with: "adapter: command\nlimit: {}"))

                let done = try await house.check()

                #expect(done.status == 78, "\(done.text)")
                #expect(done.text.contains("skep.yaml:8"), "\(done.text)")
                #expect(done.text.contains("did you mean \"repositories\""))
                #expect(done.text.contains("agents/writer.md:4"), "\(done.text)")
                #expect(done.text.contains("did you mean \"limits\""))
            }
        }
    }
}
