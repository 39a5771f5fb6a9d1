import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Setting up a working tree")
struct SetUpTests {
    private let setup = RepositorySetup(
        commands: ["npm ci"], inputs: ["package-lock.json"], cache: ["node_modules"])

    @Test("Commands run before the session and before checks, and not again for the same inputs")
    func once() async throws {
        try await Swarm.with(setup: setup) { swarm in
            swarm.workspaces.change {
                $0.files = ["package-lock.json": "1", "node_modules/there": ""]
                $0.collections = [Collection(head: .sample("a"), notes: [])]
            }
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(swarm.commands.lines == ["npm ci", "make test"])
            #expect(
                swarm.workspaces.change { $0.requests }.allSatisfy { $0.keeps == ["node_modules"] })
        }
    }

    @Test("What the commands made is made again when its folder is gone")
    func cacheGone() async throws {
        try await Swarm.with(setup: setup) { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
            }
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            _ = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(swarm.commands.lines == ["npm ci", "npm ci", "make test"])
        }
    }

    @Test("A reviewer finds the working tree set up, to try what it looks at")
    func reviewer() async throws {
        let workflow = Workflow.reviewed(by: ["bob"], rounds: 1)
        try await Swarm.with(endings: [], workflows: [workflow], setup: setup) { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
            }
            swarm.agents[0].answer(with: [nil])
            swarm.agents[1].answer(with: [#"{"verdict": "approve"}"#])
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            #expect(swarm.commands.lines == ["npm ci", "npm ci"])
        }
    }

    @Test("When a command fails the run has failed, with what it printed, before any session")
    func failing() async throws {
        try await Swarm.with(checks: [.exited(code: 7)], setup: setup) { swarm in
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.run.closing?.detail.contains("`npm ci`: exit status 7") == true)
            #expect(swarm.agents[0].snapshot.prompts.isEmpty)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains("$ npm ci\nwhat npm ci said") == true)
            #expect(try await swarm.store.history(of: run).sessions.isEmpty)
        }
    }

    @Test("A mistake in a set-up is told")
    func mistakes() {
        let mistakes = SettingsMistakes()
        let place = SettingsLocation(source: "skep.yaml", line: 4)
        let path = SettingsNode(.text("../up"), at: place)
        let list = SettingsNode(.list([path]), at: place)
        let node = SettingsNode(
            .map([SettingsNode.Entry(key: "cache", keyLocation: place, value: list)]), at: place)

        _ = RepositorySetup(SettingsReader(node, of: "\"setup\"", mistakes: mistakes))

        #expect(mistakes.all.count == 2)
        #expect(
            mistakes.all.contains {
                $0.message == "\"cache\" holds paths below the working tree, not \"../up\""
            })
    }

    @Test("A file of variables is read as it stands, and nothing in it is expanded")
    func environmentFile() throws {
        let text = "# note\nexport A=1\r\nB='x y'\n\nC=$A `id`\nD=a=b\nE=\n"

        let variables = try EnvironmentFile.variables(in: text, of: "/etc/env")

        #expect(variables == ["A": "1", "B": "x y", "C": "$A `id`", "D": "a=b", "E": ""])
        #expect(throws: EnvironmentFileError.notAVariable(path: "/etc/env", line: 2)) {
            try EnvironmentFile.variables(in: "A=1\nsecret stuff", of: "/etc/env")
        }
    }

    @Test(
        "Values that stand in any code aren't kept out of it",
        arguments: [
            "localhost", "development", "true", "12345678901", "5432", "db.example.org:5432",
            "127.0.0.1:11434", "http://localhost:3000", "https://api.example.org/graph",
            "/var/lib/data1",
            "./build/out", "~/cache/x", "1024.5", "a1b2c3d",
        ])
    func plainValues(value: String) {
        #expect(!EnvironmentFile.isSecret(value))
    }

    @Test(
        "Others are",
        arguments: [
            "sk-3f9a7c5e1d", "hunter2-hunter2", "correct-horse-battery", "Passw0rd!",
            "3f9a7c5e1d0b",
            "postgres://user:pw@localhost/db", "https://hooks.example.org/T0/B1", "abc def ghi",
        ])
    func secretValues(value: String) {
        #expect(EnvironmentFile.isSecret(value))
    }
}
