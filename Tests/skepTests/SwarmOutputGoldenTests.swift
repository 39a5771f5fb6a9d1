import SkepCore
import SkepQueue
import Testing

@testable import SkepEngine
@testable import skep

@Suite struct SwarmOutputGoldenTests {
    @Test("The status of the house as JSON")
    func status() throws {
        try expectGolden(try Samples.picture.json.document(), "status.json")
    }

    @Test("The sections of the status as tables")
    func board() throws {
        let board = StatusBoard(
            picture: try Samples.picture, now: goldenNow, local: LocalTime(named: "UTC"))
        let text = board.sections.map { "\n\($0.title)\n" + Samples.text($0.table) }.joined()

        try expectGolden(text, "status.txt")
    }

    @Test("A burn-down with its plan as tables and as JSON")
    func burndown() throws {
        let ended = Samples.burndown(
            .ended, ended: Samples.ago(60), url: "https://git.example.org/ada/engine/issues/50")

        try expectGolden(
            Samples.text([ended, Samples.burndown()].table(goldenNow)) + "\n"
                + Samples.text(Samples.plan.table()),
            "burndown.txt")
        try expectGolden(
            ended.detailedJSON(Samples.plan, report: "# Burn-down 3").document(), "burndown.json")
    }

    @Test("How far a burn-down is")
    func count() {
        let count = BurndownCount(Samples.plan, openRuns: [RunID(rawValue: 90)])

        #expect(count.words == "1 of 4, 1 at work")
        #expect(count.bar(width: 8) == "██░░░░░░")
        #expect(BurndownCount([], openRuns: []).bar(width: 3) == "░░░")
    }

    @Test("Events as lines for people and as JSON lines")
    func events() throws {
        let terminal = Terminal(descriptor: 1, .never, [:])
        let events = Samples.events.reversed()
        let lines = events.map {
            $0.sentence(on: terminal, now: goldenNow, local: LocalTime(named: "UTC"))
        }

        try expectGolden(lines.joined(separator: "\n") + "\n", "events.txt")
        try expectGolden(events.map { $0.json.line() + "\n" }.joined(), "events.jsonl")
    }

    @Test("Schedules as a table and as JSON")
    func schedules() throws {
        let schedules = try Samples.schedules

        try expectGolden(
            Samples.text(schedules.table(goldenNow, LocalTime(named: "UTC"))), "schedule-list.txt")
        try expectGolden(JSON.list(schedules.map(\.json)).document(), "schedule-list.json")
    }

    @Test("Why an issue is worked on, as JSON")
    func why() throws {
        try expectGolden(SwarmSamples.explanation.json.document(), "why.json")
    }

    @Test("What is retired, and what would be, as JSON")
    func retirements() throws {
        try expectGolden(
            JSON.list([SwarmSamples.candidates.json, SwarmSamples.retirement.json]).document(),
            "retire.json")
    }

    @Test("A demand that waits is told with its gates")
    func dispatched() throws {
        let outcome = DispatchOutcome(
            issue: Samples.issue(20),
            dispatched: Dispatched(agent: "codex", answer: .waiting(Samples.waiting[0].gates)))

        try expectGolden(outcome.sentence + "\n", "dispatch-waiting.txt")
        try expectGolden(JSON.list([outcome.json]).document(), "dispatch.json")
    }

    @Test("Workflows as a table, and one whole as JSON")
    func workflows() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/claude.md", "---\nname: claude\nadapter: patch\n---\n")
        try fixture.write("agents/codex.md", "---\nname: codex\nadapter: patch\n---\n")
        try fixture.write("workflows/fix.md", SwarmSamples.workflow)
        try fixture.write("workflows/night.md", SwarmSamples.nightWorkflow)
        let house = try House.read(
            fixture.layers(), program: SelfProgram(path: "/opt/skep/bin/skep"))
        let text = Samples.text(house.workflows.table)

        try expectGolden(text.split(separator: fixture.path + "/").joined(), "workflow-list.txt")
        let documents = JSON.list(house.workflows.map(\.detailedJSON)).document()
        try expectGolden(
            documents.split(separator: fixture.path + "/").joined(), "workflow-show.json")
        #expect(throws: UsageError.self) { try house.requireSteps(in: "night") }
        try house.requireSteps(in: "fix")
        try house.requireSteps(in: nil)
    }

    @Test("What several agents made of one issue, compared")
    func compared() throws {
        let compared = SwarmSamples.compared

        try expectGolden(Samples.text(compared.table(goldenNow)), "branch-compare.txt")
        try expectGolden(JSON.list(compared.map(\.json)).document(), "branch-compare.json")
        #expect(
            ComparedBranch.sharedPaths(compared + compared) == [
                "Sources/Engine.swift", "Tests/EngineTests.swift",
            ])
    }
}

enum SwarmSamples {
    static let explanation = Explanation(
        issue: Samples.issue(12), title: "It stalls on Tuesdays", isOpen: true,
        asks: [
            Explanation.Ask(
                agent: "codex", cause: "label:agent/codex", askedBy: "ada", priority: 20,
                seenAt: Samples.ago(700), gates: Samples.waiting[0].gates, answeredBy: nil,
                answer: nil),
            Explanation.Ask(
                agent: "claude", cause: "command:25a0", askedBy: nil, priority: 0,
                seenAt: Samples.ago(900), gates: [], answeredBy: RunID(rawValue: 90),
                answer: "working (work)"),
        ],
        work: [
            Explanation.Work(
                run: RunID(rawValue: 90), agent: "claude", state: "queued", words: "queued",
                job: JobID(rawValue: 1042),
                obstacles: [
                    .queuePaused("steps"),
                    .keyFull(
                        "agent:claude", limit: 2,
                        running: [JobID(rawValue: 1040), JobID(rawValue: 1041)]),
                    .behind(2),
                ], placesTakenBy: [RunID(rawValue: 88), RunID(rawValue: 89)])
        ], pullRequests: Samples.pullRequests, nobody: [])

    static var candidates: Retirer.Candidates {
        var candidates = Retirer.Candidates()
        candidates.issues = [
            Issue(
                reference: Samples.issue(4), title: "Nobody asked", body: "", isOpen: true,
                labels: [], assignees: [], author: "ada", isPullRequest: false,
                createdAt: Samples.ago(90_000_000), updatedAt: Samples.ago(80_000_000), url: "")
        ]
        candidates.skipped = [
            .init(issue: Samples.issue(5), title: "Kept", reason: "It carries the label skep/keep.")
        ]
        return candidates
    }

    static let retirement = Retirement(
        id: RetirementID(rawValue: 2), reason: "Nobody has met it since 2.0.",
        label: "resolution/retired", at: Samples.ago(3600),
        items: [.init(issue: Samples.issue(4), title: "Nobody asked", isReopened: true)])

    static let workflow = """
        ---
        name: fix
        agents: {by: [label, comment], default: claude}
        select: {labels: [ready]}
        schedule: {every_minutes: 360}
        hours: {from: "22:00", to: "06:00", days: [mon, tue], time_zone: Europe/Berlin}
        choose: {by: codex}
        steps:
          - {name: work, kind: agent}
          - {name: checks, kind: commands, run: [make test], on: {failed: work}, rounds: 3}
          - {name: review, kind: review, by: [codex, claude], count: 1, on: {changes_requested: work}}
          - {name: publish, kind: publish}
        ---
        Resolve issue {{ issue.number }}.
        """

    static let nightWorkflow = """
        ---
        name: night
        schedule: {cron: "0 22 * * 1-5", time_zone: Europe/Berlin, missed: run_once}
        burndown: {workflow: fix, labels: [ready], agents: [claude], until: "06:00", max_issues: 20}
        ---
        """

    static let compared = Samples.branches.map { branch in
        ComparedBranch(
            made: branch,
            history: RunHistory(
                attempts: [], sessions: Samples.runDetails.history.sessions,
                checks: [
                    CheckResult(
                        commit: CommitID(rawValue: String(repeating: "b", count: 40))!,
                        command: "make test", hasPassed: true, ending: "exit status 0",
                        duration: .milliseconds(4200),
                        tests: TestCounts(
                            passed: 212, failed: 1, skipped: 3, failedNames: ["It stalls"]))
                ],
                reviews: [review], questions: [], notes: [], reports: []),
            pullRequest: branch.comparison == nil ? nil : Samples.pullRequests[0])
    }

    static let review = ReviewRecord(
        reviewer: "codex", commit: CommitID(rawValue: String(repeating: "b", count: 40))!, round: 1,
        verdict: .changesRequested, summary: "One case is missing.",
        findings: [
            Finding(path: "Sources/Engine.swift", line: 12, message: "Empty input stalls as well."),
            Finding(message: "No test."),
        ])

    static let answered = AnsweredQuestion(
        question: Samples.question, answer: "The first.", answeredBy: "ada",
        answeredAt: Samples.ago(60))
}
