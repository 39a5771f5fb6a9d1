import Foundation
import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import skep

/// What `skep check` says of sandboxes, on machines that a script plays.
@Suite("The sandbox's line of \"skep check\"")
struct SandboxFindingTests {
    private let fixture = Fixture()

    /// A host whose trial says this.
    private func host(_ lines: String) throws -> String {
        let path = "\(fixture.path)/bin/skep-host"
        try fixture.write("bin/skep-host", "#!/bin/sh\ncat <<'END'\n\(lines)\nEND\n")
        chmod(path, 0o755)
        return path
    }

    private func agent(_ level: SandboxLevel, isRequired: Bool) -> AgentDefinition {
        AgentDefinition(
            name: "mender", adapter: "command",
            sandbox: SandboxPolicy(level: level, isRequired: isRequired),
            location: SettingsLocation(source: "test"))
    }

    @Test("A machine that has everything is well, and no agent is kept from starting")
    func complete() async throws {
        let finding = await SandboxFinding(
            host: try host("sandbox isolated\nmeasure mount namespace\nmeasure landlock 7"))

        #expect(finding.diagnosis.verdict == .ok)
        #expect(finding.diagnosis.text == "isolated (mount namespace, landlock 7)")
        #expect(finding.obstacle(to: agent(.isolated, isRequired: true)) == nil)
    }

    @Test("What is missing is named, with what to do, and keeps those from starting who need it")
    func missing() async throws {
        let finding = await SandboxFinding(
            host: try host("sandbox none\nmeasure seccomp\nmissing namespaces: not permitted"))

        #expect(finding.diagnosis.verdict == .warn)
        #expect(
            finding.diagnosis.text == "none (seccomp); missing: namespaces: not permitted")
        #expect(finding.diagnosis.advice?.isEmpty == false)
        let obstacle = try #require(finding.obstacle(to: agent(.readOnly, isRequired: true)))
        #expect(obstacle.verdict == .warn)
        #expect(
            obstacle.text == "Its sandbox, read-only, can't be had here: namespaces: not permitted."
        )
        #expect(finding.obstacle(to: agent(.readOnly, isRequired: false)) == nil)
        #expect(finding.obstacle(to: agent(.none, isRequired: true)) == nil)
    }

    @Test("Landlock alone keeps nobody from starting: it stands behind the mounts")
    func withoutLandlock() async throws {
        let finding = await SandboxFinding(
            host: try host("sandbox isolated\nmissing landlock: too old a kernel"))

        #expect(finding.diagnosis.verdict == .warn)
        #expect(
            finding.diagnosis.advice
                == "A newer kernel has it; what is in force is kept all the same.")
        #expect(finding.obstacle(to: agent(.isolated, isRequired: true)) == nil)
    }

    @Test("A host that can't be asked is a warning, and says nothing of agents")
    func noHost() async throws {
        for path in ["/no/such/host", try host("what?")] {
            let finding = await SandboxFinding(host: path)

            #expect(finding.diagnosis.verdict == .warn)
            #expect(finding.report == nil)
            #expect(finding.obstacle(to: agent(.isolated, isRequired: true)) == nil)
        }
    }

    @Test("An agent is shown with what its own level has in force, not with the machine's best")
    func shown() async throws {
        _ = try host("sandbox isolated\nmeasure network namespace")
        try fixture.write(
            "bin/skep-host",
            "#!/bin/sh\necho \"sandbox ${2:-isolated}\"; echo \"measure of ${2:-isolated}\"\n")
        try fixture.write("skep.yaml", Fixture.tracker)
        for level in ["none", "workspace-write", "isolated"] {
            try fixture.write(
                "agents/\(level).md",
                "---\nname: \(level)\nadapter: command\ncommand: [sh]\n"
                    + "sandbox: {level: \(level), read: [~/data]}\n---\n")
        }
        let layers = ConfigurationLayers(
            fixture.surroundings(userID: geteuid()), file: nil, flags: [:])
        let house = try House.read(
            layers, agentsRunAs: .user(allowRoot: true),
            program: SelfProgram(path: "\(fixture.path)/bin/skep"))

        var facts: [String: String] = [:]
        var settings: [String: String] = [:]
        for agent in house.agents {
            let picture = await AgentPicture(
                agent, try AgentsAtWork(house),
                sandbox: SandboxReport(level: .isolated, measures: ["network namespace"]),
                AgentFileLines(agent.definition, layers))
            let name = agent.definition.name.rawValue
            facts[name] = picture.facts.first { $0.name == "sandbox" }?.value
            for setting in picture.settings where setting.key.hasPrefix("sandbox.") {
                settings["\(name) \(setting.key)"] = setting.value
            }
        }

        #expect(
            facts == [
                "none": "none", "workspace-write": "workspace-write: of workspace-write",
                "isolated": "isolated: of isolated",
            ])
        #expect(settings["isolated sandbox.read"] == "~/data")
        #expect(settings["isolated sandbox.endpoints"] == "-")
        #expect(settings["workspace-write sandbox.endpoints"] == "the whole network")
    }

    @Test("An agent whose required level can't be had is told of by check and by list")
    func wholeCheck() async throws {
        _ = try host("sandbox none\nmissing namespaces: not permitted")
        try fixture.write("skep.yaml", Fixture.tracker)
        try fixture.write(
            "agents/mender.md",
            "---\nname: mender\nadapter: command\ncommand: [sh, -c, 'true']\nsandbox: isolated\n---\n"
        )
        let surroundings = fixture.surroundings(userID: geteuid())
        let house = try House.read(
            ConfigurationLayers(surroundings, file: nil, flags: [:]),
            agentsRunAs: .user(allowRoot: true),
            program: SelfProgram(path: "\(fixture.path)/bin/skep"))
        let console = Console(colour: .never, json: true, environment: [:])

        let findings = await Doctor(house: house, console: console).examine { _ in }

        func finding(_ subject: String) -> Diagnosis? { findings.first { $0.subject == subject } }
        #expect(finding("sandbox")?.text == "none; missing: namespaces: not permitted")
        #expect(
            finding("agent mender")?.text
                == "Its sandbox, isolated, can't be had here: namespaces: not permitted.")
        let probe = await SandboxFinding(host: house.agentHouse.host)
        let listed = ListedAgent(
            try #require(house.agents.map(\.definition).first { $0.name == "mender" }), nil,
            sandbox: probe.report, problem: nil)
        #expect(listed.problem == "no sandbox isolated: namespaces: not permitted")
    }
}
