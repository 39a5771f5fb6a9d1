import SkepAgents
import SkepCore
import SkepQueue
import Testing

@testable import skep

@Suite struct AgentOutputGoldenTests {
    @Test("Agents as a table and as JSON")
    func list() throws {
        try expectGolden(Samples.text(ListedAgent.table(Samples.agents)), "agent-list.txt")
        try expectGolden(JSON.list(Samples.agents.map(\.json)).document(), "agent-list.json")
    }

    @Test("One agent with what is in force, and the lines it comes from")
    func show() async throws {
        let text = """
            name: claude
            adapter: claude-code
            sandbox: {level: isolated}
            budgets: {day: {usd: "5.00"}}
            """
        let settings = YAML.read(text, source: "agents/claude.md", into: SettingsMistakes())
        let picture = await AgentPicture(
            KnownAgent(definition: Samples.claude), Samples.listed(Samples.claude),
            AgentFileLines(settings: settings))
        let facts = picture.facts.compactMap { fact in fact.value.map { "\(fact.name): \($0)\n" } }

        try expectGolden(
            facts.joined() + "\n" + Samples.text(picture.table), "agent-show.txt")
        try expectGolden(picture.json.document(), "agent-show.json")
    }

    @Test("A trial's report as a table and as JSON")
    func trial() throws {
        try expectGolden(Samples.text(Samples.trial.table), "agent-test.txt")
        try expectGolden(Samples.trial.json.document(), "agent-test.json")
        #expect(!Samples.trial.isGood)
    }

    @Test("What is tried again says how often", arguments: [true, false])
    func triedAgain(resumes: Bool) {
        let words = FailureType.Remedy.retry(resumes: resumes).words

        #expect(words.hasSuffix("until its step's \"failures\" are used up."))
    }

    @Test("A session's events as lines for people, the open ones at the end")
    func events() throws {
        var lines = EventLines(on: Terminal(descriptor: 1, .never, [:]))
        let text = Samples.sessionEvents.flatMap { lines.take($0) } + lines.finish()

        try expectGolden(text.map { $0 + "\n" }.joined(), "run-log-events.txt")
    }

    @Test("A session's events as JSON lines, each with the members of its kind")
    func eventLines() throws {
        let lines = Samples.sessionEvents.map {
            SessionEvent(at: goldenNow, kind: $0).json(of: SessionID(rawValue: 7)).line() + "\n"
        }

        try expectGolden(lines.joined(), "run-log-events.jsonl")
    }

    @Test("A parked account is a warning that says how it is tried at once")
    func parked() throws {
        let hold = try #require(Samples.atWork.holds[Samples.claude.provider])
        let finding = Diagnosis(hold, local: LocalTime(named: "UTC"))

        #expect(finding.subject == "account claude-max")
        #expect(
            finding.text
                == "It is parked until Mon 2026-09-21 16:00, out of quota: "
                + "You've hit your limit · resets 4pm")
        #expect(
            finding.advice == "\"skep agent resume claude-max\" has it tried at once.")
    }

    @Test(
        "The last line keeps its hint, and loses of what stands before",
        arguments: [
            (80, "▸ Bash: make test · 10 tokens · Ctrl-C leaves"),
            (40, "▸ Bash: make test · 10 … · Ctrl-C leaves"), (20, "Ctrl-C leaves"),
            (8, "Ctrl-C …"),
        ])
    func lastLine(width: Int, text: String) {
        #expect(
            AttachScreen.line("▸ Bash: make test · 10 tokens", "Ctrl-C leaves", width: width)
                == text)
    }
}
