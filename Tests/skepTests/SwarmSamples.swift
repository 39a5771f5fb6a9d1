import SkepCore
import SkepEngine
import SkepQueue

@testable import skep

/// What a swarm at work looks like, for golden files.
extension Samples {
    static func issue(_ number: Int, _ repository: String = "ada/engine") -> IssueReference {
        IssueReference(repository: RepositoryName(repository)!, number: number)
    }

    /// A run over an issue of its own.
    static func busy(
        _ id: Int64, _ agent: AgentName, _ state: RunState, title: String = "It stalls on Tuesdays",
        step: StepName = "work", opened seconds: Int = 900, failures: Int = 0,
        closing: RunClosing? = nil
    ) -> RunSummary {
        RunSummary(
            run: Run(
                id: RunID(rawValue: id), issue: issue(Int(id)), issueTitle: title, agent: agent,
                workflow: "fix", branch: BranchName(rawValue: "\(agent)/issue-\(id)"),
                cause: "burndown:3", base: nil, baseBranch: "main", head: nil, pullRequest: nil,
                openedAt: ago(seconds), closing: closing, continuesBranch: false),
            state: state, job: JobID(rawValue: id + 1000), step: step, attempt: failures + 1,
            failures: failures)
    }

    static let hostile = "Red \u{1B}[31m \u{1B}]0;owned\u{7} and \u{202E}backwards, 漢字 and 🐝"

    static let pullRequests = [
        PublishedPullRequest(
            reference: issue(41), issue: issue(12), run: RunID(rawValue: 88), agent: "claude",
            branch: "claude/issue-12", url: "https://git.example.org/ada/engine/pulls/41",
            state: .open, head: CommitID(rawValue: String(repeating: "b", count: 40)),
            isMergeable: false, verdict: .changesRequested, checks: .failure, rounds: 2,
            seenAt: ago(40)),
        PublishedPullRequest(
            reference: issue(40), issue: issue(11), run: RunID(rawValue: 87), agent: "codex",
            branch: "codex/issue-11", url: "https://git.example.org/ada/engine/pulls/40",
            state: .open, head: nil, isMergeable: nil, verdict: nil, checks: nil, rounds: 0,
            seenAt: ago(50)),
    ]

    static let question = Question(
        run: RunID(rawValue: 92), issue: issue(92), agent: "kimi",
        text: "Which of the two formats should it be?\nBoth are used.", askedAt: ago(120),
        asked: ["ada", "bob"], commentURL: "https://git.example.org/ada/engine/issues/92#7")

    static let waiting = [
        WaitingTrigger(
            id: TriggerID(rawValue: 7),
            demand: TriggerDemand(
                NewTrigger(issue: issue(20), agent: "codex", cause: .label("agent/codex")),
                workflow: "fix", askedBy: "ada", priority: 20),
            cause: "label:agent/codex", seenAt: ago(700),
            gates: [
                ShutGate(
                    .dependencies, what: "It depends on ada/engine#19, which is open.",
                    opens: "when ada/engine#19 is closed"),
                ShutGate(
                    .hours, what: "The workflow runs at other hours.", opens: "at 22:00 UTC",
                    at: goldenNow + .seconds(7200)),
            ])
    ]

    static func burndown(
        _ state: Burndown.State = .running, ended: Timestamp? = nil, url: String? = nil
    ) -> Burndown {
        Burndown(
            id: BurndownID(rawValue: 3),
            settings: BurndownSettings(
                workflow: "fix", repositories: [issue(1).repository], labels: ["ready"],
                agents: ["claude", "codex"], maxIssues: 4, maxMinutes: 600, concurrency: 2,
                atEnd: .stop, reportTo: .comment(issue(1))),
            startedAt: ago(7200), until: goldenNow + .seconds(25_000),
            cause: "command:1789992800000",
            state: state, closingReason: state == .running ? nil : "its window closed",
            endedAt: ended, reportURL: url)
    }

    static let plan: [BurndownItem] = [
        item(1, 90, "claude", .started, run: 90), item(2, 60, "codex", .started, run: 60),
        item(3, 93, "claude", .planned), item(4, 20, "codex", .planned),
        item(5, 8, nil, .skipped, reason: "It carries skep/hold."),
        item(6, 9, nil, .skipped, reason: "The plan is full."),
    ]

    private static func item(
        _ position: Int, _ number: Int, _ agent: AgentName?, _ decision: BurndownItem.Decision,
        reason: String? = nil, run: Int64? = nil
    ) -> BurndownItem {
        BurndownItem(
            issue: issue(number), title: "Issue \(number)", position: position, agent: agent,
            decision: decision, reason: reason, run: run.map(RunID.init(rawValue:)))
    }

    static func event(
        _ id: Int64, _ kind: SwarmEvent.Kind, _ text: String, run: Int64? = nil,
        agent: AgentName? = nil, ago seconds: Int = 60
    ) -> SwarmEvent {
        SwarmEvent(
            id: EventID(rawValue: id), at: ago(seconds), kind: kind,
            issue: run.map { issue(Int($0)) }, run: run.map(RunID.init(rawValue:)), agent: agent,
            text: text)
    }

    /// The newest first.
    static let events = [
        event(
            104, .trouble, "work is tried again: exit status 1", run: 90, agent: "claude", ago: 30),
        event(103, .pullRequest, "opened pull request #41", run: 88, agent: "claude", ago: 60),
        event(102, .burndown, "burn-down 3 has begun", ago: 7200),
        event(101, .asked, "asked by \u{1B}[2Jada", run: 20, agent: "codex", ago: 90_000),
    ]

    static var schedules: [ScheduleStatus] {
        get throws {
            let cron = ScheduleTiming.cron(
                try CronExpression("0 22 * * 1-5"), timeZone: try ScheduleTimeZone("Europe/Berlin"))
            return [
                ScheduleStatus(
                    schedule: Schedule("burndown", cron, kind: "tick"), owner: "workflows",
                    isPaused: false, lastTickAt: ago(65_000),
                    nextTickAt: goldenNow + .seconds(20_800),
                    lastJob: .init(id: JobID(rawValue: 900), state: .succeeded), skipped: 1,
                    lastSkip: .missed),
                ScheduleStatus(
                    schedule: Schedule(
                        "sweep", .every(.seconds(6 * 3600), since: Timestamp(milliseconds: 0)),
                        kind: "tick"), owner: "workflows", isPaused: true, lastTickAt: nil,
                    nextTickAt: nil, lastJob: nil, skipped: 0, lastSkip: nil),
            ]
        }
    }

    static let failedRun = busy(
        86, "grok", .failed,
        closing: RunClosing(outcome: .failed, at: ago(400), detail: "The checks never passed."))

    static var picture: StatusPicture {
        get throws {
            StatusPicture(
                state: StateFolder(path: "/srv/skep"),
                server: ServeLock.Holder(processID: 4711, startedAt: ago(3600), isReady: true),
                queues: statuses,
                open: [
                    busy(93, "gemini", .queued, title: "Sort the shelves", opened: 20),
                    busy(
                        92, "kimi", .waiting(reason: "a person's answer", until: nil),
                        title: "Two formats", opened: 3000),
                    busy(
                        91, "grok",
                        .waiting(reason: "rate limit", until: goldenNow + .seconds(200))),
                    busy(90, "claude", .working(step: "work"), title: hostile, failures: 1),
                    busy(
                        89, "codex", .working(step: "review"), title: "Say why it stalls",
                        step: "review"),
                ],
                attemptsSince: [RunID(rawValue: 90): ago(75), RunID(rawValue: 89): ago(5)],
                obstacles: [RunID(rawValue: 93): [.queuePaused("steps"), .behind(3)]],
                waiting: waiting, pullRequests: pullRequests, questions: [question],
                burndowns: [(burndown(), plan)], failed: [failedRun],
                troubles: [events[0], event(99, .trouble, "The tracker is slow", ago: 4000)],
                dead: [jobs[3]], schedules: try schedules, events: events)
        }
    }

    /// Far more than fits anywhere.
    static var crowd: StatusPicture {
        get throws {
            var picture = try picture
            picture.open = (1...60).reversed().map { number in
                let step: StepName = number % 3 == 0 ? "checks" : "work"
                return busy(
                    Int64(number), number % 2 == 0 ? "claude" : "codex", .working(step: step),
                    title: "Backlog \(number): 漢字 are two columns wide, each of them", step: step,
                    opened: number * 97)
            }
            picture.pullRequests = (1...12).map { number in
                var pull = pullRequests[number % 2]
                pull.rounds = number % 3
                return pull
            }
            return picture
        }
    }
}
