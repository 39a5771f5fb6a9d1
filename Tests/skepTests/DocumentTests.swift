import ArgumentParser
import Foundation
import SkepCore
import Testing

@testable import skep

/// docs/commands.md is written from the program's own help (`SKEP_GOLDEN=write`), the other two are
/// compared with what the program knows.
@Suite struct DocumentGoldenTests {
    private func document(_ name: String) throws -> String {
        try String(contentsOfFile: "\(repositoryFolder)/docs/\(name)", encoding: .utf8)
    }

    @Test("docs/commands.md has every command with its options")
    func commands() throws {
        let path = "\(repositoryFolder)/docs/commands.md"
        let text = CommandPages.text
        if ProcessInfo.processInfo.environment["SKEP_GOLDEN"] == "write" {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        #expect(try document("commands.md") == text, "SKEP_GOLDEN=write writes docs/commands.md")
    }

    @Test("docs/configuration.md has every key with its variable and its default")
    func configuration() throws {
        let text = try document("configuration.md")

        for key in ConfigurationKey.all {
            let standard = key.standard.map { "`\($0)`" } ?? "none"
            let row = "| `\(key.path)` | \(standard) | \(key.meaning) |"
            #expect(text.contains(row), "missing: \(row)")
        }
        let known = Set(
            ConfigurationKey.all.map(\.variable) + ["SKEP_CONFIG", "SKEP_TOKEN", "SKEP_PORT_"])
        let named = text.matches(of: /SKEP_[A-Z_]+/).map { String($0.output) }
        #expect(named.filter { !known.contains($0) } == [])
    }

    @Test("The workflow of docs/write-a-workflow.md is understood, and all its places are there")
    func workflow() throws {
        let text = try document("write-a-workflow.md")
        let example = try #require(text.firstMatch(of: /```markdown\n([\s\S]*?)```/)).output.1
        let places = text.matches(of: /{{ [a-z.]+ }}/).map { String($0.output) }
        let fixture = Fixture()
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/claude.md", "---\nname: claude\nadapter: patch\n---\n")
        try fixture.write(
            "workflows/fix.md", example + "\n" + Set(places).sorted().joined(separator: "\n"))

        #expect(fixture.complaint() == nil)
    }

    @Test("The agents of docs/write-an-agent.md are understood")
    func agents() throws {
        let text = try document("write-an-agent.md")
        let whole = try #require(text.firstMatch(of: /```markdown\n([\s\S]*?)```/)).output.1
        let lines = try #require(text.firstMatch(of: /```yaml\n(adapter: json-lines[\s\S]*?)```/))
        let servers = try #require(text.firstMatch(of: /```yaml\n(mcp:[\s\S]*?)```/)).output.1
        let prices = try #require(text.firstMatch(of: /```yaml\n(looked_up:[\s\S]*?)```/)).output.1
        let fixture = Fixture()
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/mender.md", String(whole))
        try fixture.write(
            "agents/lines.md", "---\nname: lines\n\(lines.output.1)\(servers)---\n")
        try fixture.write(
            "workflows/x.md", "---\nname: x\nsteps: [{name: w, kind: agent}]\n---\nDo.")
        try fixture.write("config/skep/prices.yaml", String(prices))

        #expect(fixture.complaint() == nil)
    }

    @Test("docs/json-output.md has every field that is printed")
    func fields() async throws {
        let text = try document("json-output.md")
        let agent = await AgentPicture(
            KnownAgent(definition: Samples.claude), Samples.listed(Samples.claude),
            AgentFileLines(settings: nil))
        let documents: [JSON] = [
            Samples.jobDetails.json, .list(Samples.statuses.map(\.json)), Samples.runDetails.json,
            .list(Samples.runs.map(\.json)),
            .list(Samples.branches.map { $0.detailedJSON(Samples.runDetails.history) }),
            try Samples.picture.json, .list(Samples.events.map(\.json)),
            Samples.burndown().detailedJSON(Samples.plan, report: nil),
            .list(try Samples.schedules.map(\.json)),
            .list(try House.read(Fixture().layers()).workflows.map(\.detailedJSON)),
            SwarmSamples.explanation.json, SwarmSamples.candidates.json,
            SwarmSamples.retirement.json, .list(SwarmSamples.compared.map(\.json)),
            .list(Samples.agents.map(\.json)), agent.json, Samples.trial.json,
            .list(
                Samples.sessionEvents.map {
                    SessionEvent(at: goldenNow, kind: $0).json(of: SessionID(rawValue: 7))
                }), Exit.json(of: UsageError("x")),
            Diagnosis("x", .ok, "x").json,
            SettingInForce(key: "x", value: nil, source: "x").json,
            Installation.Item(kind: "file", name: "x", isNew: true).json,
        ]

        var fields: Set<String> = []
        for document in documents { Self.collect(document, &fields) }

        for field in fields.sorted() { #expect(text.contains("`\(field)`"), "missing: \(field)") }
    }

    private static func collect(_ document: JSON, _ fields: inout Set<String>) {
        switch document {
        case .object(let members):
            for member in members {
                fields.insert(member.key)
                collect(member.value, &fields)
            }
        case .list(let items): items.forEach { collect($0, &fields) }
        default: break
        }
    }

    @Test("Every command has an example, and its first line is no sentence")
    func style() {
        for command in CommandPages.all {
            let configuration = command.type.configuration
            #expect(!configuration.abstract.hasSuffix("."), "\(command.name)")
            #expect(
                configuration.discussion.contains("Example: ") || command.name == "skep",
                "\(command.name) has no example")
        }
    }
}

/// The program's help, as a page.
enum CommandPages {
    struct Command {
        let name: String
        let type: any ParsableCommand.Type
    }

    /// All that are shown, in the order of the help.
    static var all: [Command] { commands(Skep.self, "skep") }

    private static func commands(_ type: any ParsableCommand.Type, _ name: String) -> [Command] {
        let configuration = type.configuration
        let groups = configuration.groupedSubcommands.flatMap(\.subcommands)
        let children = (groups + configuration.ungroupedSubcommands)
            .filter { $0.configuration.shouldDisplay }
        return [Command(name: name, type: type)]
            + children.flatMap { commands($0, name + " " + $0._commandName) }
    }

    static var text: String {
        var text = """
            # Commands

            What `skep help` says, on one page. `skep help queue list` prints a part of it. Every
            command takes `--json`; [json-output.md](json-output.md) has the fields.

            | Exit | Meaning |
            | --- | --- |
            | 0 | done |
            | 1 | it couldn't be done: not found, already so, not in that state, refused |
            | 64 | the command line is wrong |
            | 69 | something outside can't be reached; trying later may help |
            | 70 | a defect in Skep; the message says where to report it |
            | 78 | the configuration is wrong |
            | 130, 143 | interrupted, terminated |

            Completions for the shell: `skep --generate-completion-script bash` (or `zsh`, `fish`).


            """
        for command in all {
            let depth = command.name.split(separator: " ").count
            text += String(repeating: "#", count: min(depth + 1, 4)) + " " + command.name + "\n\n"
            let help = Skep.helpMessage(for: command.type, includeHidden: false, columns: 100)
            text += "```text\n" + withoutEmptyOptions(trimmed(help)) + "\n```\n\n"
        }
        return String(text.dropLast())
    }

    /// Without a heading that has nothing below it.
    private static func withoutEmptyOptions(_ help: String) -> String {
        help.hasSuffix("\nOPTIONS:")
            ? help.dropLast("OPTIONS:".count).trimmingCharacters(in: .newlines)
            : help.replacing("\nOPTIONS:\n\n", with: "\n")
    }

    /// Without blanks at line ends, nor the options that every command has.
    private static func trimmed(_ help: String) -> String {
        help.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("  -h, --help") && !$0.hasPrefix("  --version") }
            .map { line in
                var line = line
                while line.last == " " { line.removeLast() }
                return String(line)
            }
            .joined(separator: "\n")
            .trimmingCharacters(in: .newlines)
    }
}
