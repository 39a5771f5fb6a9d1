import ArgumentParser
import SkepAgents
import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct AgentAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Write the file of a new agent, from one that is shipped",
        discussion: """
            Writes agents/NAME.md beside the configuration, and says what is missing before it can \
            start. Without --preset or --from it takes the preset of that name. A file that is there \
            isn't touched.

            Example: skep agent add claude-sonnet --preset claude
            """)

    @Argument(help: "The agent's name.")
    var name: String
    @Option(help: ArgumentHelp("Begin with this shipped agent.", valueName: "name"))
    var preset: String?
    @Option(help: ArgumentHelp("Begin with this agent file.", valueName: "file"))
    var from: String?
    @Flag(help: "Print the file, and write nothing.")
    var dryRun = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard preset == nil || from == nil else {
            throw ValidationError(
                "--preset and --from exclude each other: both say what to begin with")
        }
        guard AgentName(rawValue: name).isValid else {
            throw ValidationError(
                "\"\(name)\" can't be an agent's name: letters, digits, \"-\", \"_\" and \".\" only, "
                    + "at most 40")
        }
    }

    func run() async throws {
        let layers = common.layers()
        let surroundings = layers.surroundings
        let text = AgentFileText.renamed(try source(surroundings), to: name)
        let mistakes = SettingsMistakes()
        let folder = DefinitionFolder(
            "agents",
            named: Configuration(layers.merged(into: mistakes), of: layers, into: mistakes)
                .agentsFolder, layers: layers, mistakes: mistakes)
        try mistakes.check()
        guard let path = folder.path else {
            throw ProgramError(
                .configuration, "There is no folder for agents: those that are built in are used.",
                why: "A file of your own in a new folder would hide them all.",
                advice: "\"skep init\" writes them where they can be changed; then add yours.")
        }
        let file = "\(path)/\(name).md"
        let house = try House.read(layers, agentsRunAs: .userIfThere)
        if let other = house.agents.first(where: { $0.definition.name.rawValue == name }) {
            throw ProgramError(
                .conflict, "There is an agent \"\(name)\" already.",
                why: "It stands in \(other.definition.location.source).",
                advice: "Choose another name, or change that file.")
        }
        let shown = surroundings.shown(file)
        let agent = try read(text, source: shown, house)
        if !dryRun { try Self.write(text, to: file, shown: shown) }
        await tell(agent, text, shown, house.state)
    }

    private func source(_ surroundings: Surroundings) throws -> String {
        if let from {
            let path = surroundings.path(from, in: surroundings.workingFolder)
            do throws(TextFile.Problem) { return try TextFile.read(path) } catch {
                throw ProgramError(
                    .conflict, "Can't read the agent file \"\(from)\".", why: error.sentence)
            }
        }
        let presets = EmbeddedDefaults.files(in: "agents")
        let wanted = preset ?? name
        if let file = presets.first(where: { $0.name == wanted + ".md" }) { return file.text }
        let names = presets.map { String($0.name.dropLast(3)) }
        let meant = nearest(to: wanted, among: names)
        let hint = meant.map { "Did you mean \"\($0)\"? " } ?? ""
        throw UsageError(
            preset == nil
                ? "What is \"\(name)\" to be made from?" : "There is no preset \"\(wanted)\".",
            why: hint + TimeText.thereAre(names),
            advice: "skep agent add \(name) --preset \(meant ?? names.first ?? "claude")")
    }

    /// - Throws: `SettingsError` when it can't be an agent's file.
    private func read(_ text: String, source: String, _ house: House) throws -> any Agent {
        let mistakes = SettingsMistakes()
        let agent = FrontMatter(text, source: source, into: mistakes).flatMap {
            AgentCatalog(house.agentHouse).agent(
                $0.settings, instructions: $0.body, mistakes: mistakes)
        }
        try mistakes.check()
        // Without mistakes there is one.
        guard let agent else { throw SettingsError(mistakes: mistakes.all) }
        return agent
    }

    private static func write(_ text: String, to path: String, shown: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw ProgramError(
                .refused, "Can't write \"\(shown)\".", why: StateFolder.reason(of: error) + ".",
                advice: "Choose another name, or mend the folder's rights.")
        }
    }

    private func tell(
        _ agent: any Agent, _ text: String, _ shown: String, _ state: StateFolder
    ) async {
        let console = common.console()
        let missing = await AgentNeeds(agent).missing
        if console.isJSON {
            return console.show(
                .object([
                    "name": .text(name), "path": .text(shown), "is_written": .boolean(!dryRun),
                    "text": .text(text), "missing": .list(missing.map { .text($0) }),
                ]))
        }
        if dryRun {
            console.output.write(PlainText.lines(text))
        } else {
            console.say("made      \(shown)")
        }
        for what in missing { console.remarks.line("missing   \(PlainText.line(what))") }
        guard !dryRun else { return }
        console.remarks.line("Try it: skep agent test \(name)")
        if ServeLock.holder(state)?.isDemo == false {
            console.remarks.line("The running \"skep serve\" knows it after: skep restart")
        }
    }
}

/// What has to be there before an agent can start.
struct AgentNeeds {
    let agent: any Agent

    init(_ agent: any Agent) { self.agent = agent }

    /// Each a phrase: "the variable ANTHROPIC_API_KEY isn't set".
    var missing: [String] {
        get async {
            guard let known = agent as? any InspectableAgent else { return await problems }
            var missing: [String] = []
            if known.programPath == nil { missing.append("the program \"\(known.programName)\"") }
            for (name, source) in agent.definition.secrets.sorted(by: { $0.key < $1.key })
            where await !known.hasSecret(name) {
                missing.append("the secret \(name), from \(source.words)")
            }
            missing += known.logins.filter { !$0.isThere }.map { "the login file \($0.path)" }
            return missing.isEmpty ? await problems : missing
        }
    }

    private var problems: [String] { get async { await problem.map { [$0] } ?? [] } }

    /// The first thing that its check finds; `nil`: it could start.
    var problem: String? {
        get async {
            do {
                try await agent.check()
                return nil
            } catch {
                return (error as? AgentsError)?.problem ?? Exit.described(error).what
            }
        }
    }
}

extension AgentDefinition.SecretSource {
    /// "the variable ANTHROPIC_API_KEY".
    var words: String {
        switch self {
        case .environment(let name): "the variable \(name)"
        case .file(let path): "the file \(path)"
        case .command(let words): "the command \"\(words.joined(separator: " "))\""
        }
    }
}

/// An agent file's text.
enum AgentFileText {
    /// The same for an agent of another name, whose account on the tracker has that name, too: an
    /// account belongs to one agent.
    static func renamed(_ text: String, to name: String) -> String {
        var isIn = false
        var isDone = false
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.map { line in
            if line.hasPrefix("---") {
                isDone = isIn
                isIn = true
                return line
            }
            guard isIn, !isDone else { return line }
            if line.hasPrefix("name:") { return "name: \(name)" }
            if line.hasPrefix("account: {login: ") { return "account: {login: \(name)}" }
            return line
        }.joined(separator: "\n")
    }
}
