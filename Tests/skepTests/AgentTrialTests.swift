import Foundation
import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import skep

@Suite("An agent's trial")
struct AgentTrialTests {
    /// Has an agent tried in a folder that is gone afterwards.
    private func report(
        _ file: String, clock: any Clock = SystemClock(),
        while body: (TrialFolder) async throws -> Void = { _ in }
    ) async throws -> TrialReport {
        let path = try TrialFolder.make()
        defer { TrialFolder.remove(path) }
        let programs = SelfProgram.current().folder
        let house = AgentHouse(
            sessions: TrialFolder.sessions(in: path), host: programs + "/skep-host",
            environment: ["PATH": "/usr/bin:/bin"], operatorHome: path + "/operator",
            allowsRoot: true, selfCommand: [programs + "/skep"], grace: .seconds(1))
        let mistakes = SettingsMistakes()
        let front = try #require(FrontMatter(file, source: "agents/bee.md", into: mistakes))
        let agent = AgentCatalog(house).agent(
            front.settings, instructions: front.body, mistakes: mistakes)
        try mistakes.check()
        let folder = try TrialFolder(path, of: house)
        let trial = AgentTrial(
            agent: try #require(agent), folder: folder, house: house,
            workspace: try await folder.workspace(), limit: .seconds(60), isQuick: false,
            clock: clock, tell: { _ in })
        async let report = trial.run()
        try await body(folder)
        return try await report
    }

    @Test("Of one that is too slow it says what its session told until then, and tries its sandbox")
    func slowAgent() async throws {
        let clock = ManualClock()
        let file = """
            ---
            name: bee
            adapter: json-lines
            command:
              - sh
              - -c
              - |
                echo '{"input": 700, "output": 30}'
                touch at-work
                exec tail -f /dev/null
            events:
              usage: {input: input, output: output}
            ---
            """

        let report = try await report(file, clock: clock) { folder in
            try await eventually("it is at work") { folder.text(of: "at-work") != nil }
            clock.advance(by: .seconds(60))
        }

        let texts = Dictionary(
            report.findings.map { ($0.name, $0.text) }, uniquingKeysWith: { $1 })
        #expect(texts["protocol"]?.contains("it wasn't through after 1 min") == true)
        #expect(report.usage?.output == 30)
        #expect(report.sandbox.map { texts["sandbox"]?.hasPrefix($0.words) } == true)
        #expect(texts["outside"]?.contains("write inside") == true)
        #expect(report.failure == nil)
        #expect(!report.isGood)
    }

    @Test("One that applies patches is given a patch")
    func patch() async throws {
        let preset = try #require(
            EmbeddedDefaults.files(in: "agents").first { $0.name == "patch.md" })

        let report = try await report(preset.text)

        #expect(report.isGood, "\(report.findings)")
    }
}
