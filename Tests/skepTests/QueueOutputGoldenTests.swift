import SkepCore
import SkepQueue
import SkepStore
import Testing

@testable import skep

@Suite struct QueueOutputGoldenTests {
    @Test("A list of jobs as a table and as JSON")
    func jobs() throws {
        let jobs = Samples.jobs

        try expectGolden(Samples.text(jobs.table(goldenNow)), "queue-list.txt")
        try expectGolden(JSON.list(jobs.map(\.json)).document(), "queue-list.json")
    }

    @Test("The queues' status as a table and as JSON")
    func status() throws {
        let statuses = Samples.statuses

        try expectGolden(
            Samples.text(statuses.table(goldenNow)) + "\n"
                + Samples.text(statuses.keyTable(agents: ["agent:claude"])),
            "queue-status.txt")
        try expectGolden(JSON.list(statuses.map(\.json)).document(), "queue-status.json")
    }

    @Test("Keys at which something goes on stand above those where only a limit is")
    func busyKeys() {
        func status(_ queue: QueueName, _ keys: [QueueStatus.Key]) -> QueueStatus {
            QueueStatus(queue: queue, counts: [:], oldestReadyAt: nil, nextDue: nil, keys: keys)
        }
        let statuses = [
            status(
                "first",
                [
                    .init(key: "a", limit: 1, leased: 0, ready: 0),
                    .init(key: "b", limit: 1, leased: 1, ready: 0),
                ]),
            status("second", [.init(key: "c", limit: nil, leased: 0, ready: 2)]),
        ]

        let lines = statuses.keyTable(agents: nil).lines(width: nil)

        #expect(
            lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                == ["QUEUE KEY", "first b", "second c", "first a"])
    }

    @Test("A job with its failures as JSON")
    func details() throws {
        try expectGolden(Samples.jobDetails.json.document(), "queue-show.json")
    }
}

@Suite struct RunOutputGoldenTests {
    @Test("A list of runs as a table and as JSON")
    func runs() throws {
        try expectGolden(Samples.text(Samples.runs.table(goldenNow), width: 120), "run-list.txt")
        try expectGolden(JSON.list(Samples.runs.map(\.json)).document(), "run-list.json")
    }

    @Test("A run with its history as JSON")
    func details() throws {
        try expectGolden(Samples.runDetails.json.document(), "run-show.json")
    }

    @Test("Reports without a text aren't listed, and what nobody counted isn't said to be nothing")
    func leftOut() {
        let run = Samples.runs[4]
        func report(_ topic: String, _ body: String) -> Report {
            Report(
                id: ReportID(rawValue: 6), run: run.run.id, issue: run.run.issue, topic: topic,
                body: body, createdAt: Samples.ago(60), postedAt: nil, commentURL: nil)
        }
        let lost = SessionRecord(
            id: SessionID(rawValue: 7), run: run.run.id, job: JobID(rawValue: 1042), attempt: 1,
            agent: "aider", startedAt: Samples.ago(90), workspacePath: nil, base: nil,
            endedAt: Samples.ago(60), ending: "lost", outputBytes: 0,
            facts: SessionFacts(failure: AgentFailure(type: .lost, message: "")))
        let details = RunDetails(
            summary: run,
            history: RunHistory(
                attempts: [], sessions: [lost], checks: [], notes: [],
                reports: [report("asked-1", ""), report("result", "It failed.")]))

        let reports = Samples.text(details.reports(goldenNow))
        #expect(!reports.contains("asked-1"))
        #expect(reports.contains("It failed."))
        #expect(!Samples.text(details.history.sessionTable(goldenNow)).contains("0 B"))
    }

    @Test("A run that continues its branch began at that branch; one without commits has none")
    func shownBranches() {
        let link = PullRequestLink(number: 9, url: "https://git.example.org/ada/engine/pulls/9")
        let closing = RunClosing(outcome: .failed, at: Samples.ago(60), detail: "No.")
        func summary(_ run: Run) -> RunSummary { Samples.summary(run, .failed) }

        let continuing = summary(
            Samples.run(1, agent: "claude", closing: closing, pull: link, continues: true))
        #expect(continuing.shownBase == "aaaaaaaaaa of claude/issue-12")
        #expect(continuing.shownBranch == "claude/issue-12")

        let empty = summary(Samples.run(2, agent: "claude", closing: closing))
        #expect(empty.shownBase == "aaaaaaaaaa of main")
        #expect(empty.shownBranch == "-")
    }

    @Test("A dead job isn't told beside the run it made fail")
    func deadJobs() {
        let job = Samples.jobs[3].job
        func dead(of run: Int64) -> ListedJob {
            ListedJob(
                job: job,
                subject: JobSubject(
                    run: RunID(rawValue: run), place: Samples.issue(12), step: "work"))
        }

        let unsaid = StatusReader.unsaid(
            [dead(of: 87), dead(of: 86), ListedJob(job: job, subject: nil)], by: [Samples.runs[4]])

        #expect(unsaid.map(\.subject?.run?.rawValue) == [86, nil])
    }

    @Test("Who asked is said in words")
    func causes() {
        #expect(RunDetails.asker("command:25a0") == "skep dispatch")
        #expect(RunDetails.asker("label:agent/x") == "label agent/x")
        #expect(RunDetails.asker("assignee:x") == "assignment to x")
    }

    @Test("A branch's name means its newest run with commits, and one repository")
    func branchByName() throws {
        let open = Samples.run(93, agent: "claude")
        let runs = [Samples.summary(open, .queued)] + Samples.runs
        #expect(try Branches.newest(of: "claude/issue-12", in: runs)?.run.id.rawValue == 88)
        #expect(try Branches.newest(of: "codex/issue-12", in: runs)?.run.id.rawValue == 91)
        #expect(try Branches.newest(of: "nobody/issue-12", in: runs) == nil)

        let other = Samples.run(
            8, agent: "claude", pull: Samples.runs[3].run.pullRequest, repository: "me/outside")
        let error = #expect(throws: ProgramError.self) {
            try Branches.newest(
                of: "claude/issue-12", in: runs + [Samples.summary(other, .published)])
        }
        #expect(error?.what == "\"claude/issue-12\" is in me/outside and ada/engine.")
        #expect(error?.advice == "Name the run: 8 or 88.")
    }

    @Test("The queues fit in 80 columns, whatever they hold")
    func queueWidth() {
        let full = QueueStatus(
            queue: "reports",
            counts: Dictionary(uniqueKeysWithValues: Job.State.allCases.map { ($0, 1234) }),
            oldestReadyAt: Samples.ago(3000), nextDue: goldenNow + .seconds(3000), keys: [])

        let lines = [full].table(goldenNow).lines(width: nil)
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test("A list of branches as a table and as JSON")
    func branches() throws {
        try expectGolden(Samples.text(Samples.branches.table), "branch-list.txt")
        try expectGolden(
            JSON.list(
                Samples.branches.map { $0.detailedJSON(Samples.runDetails.history) }
            ).document(), "branch-show.json")
    }
}
