import SkepCore
import SkepQueue
import SkepStore

@testable import skep

/// Values that golden files show.
enum Samples {
    static func text(_ table: Table, width: Int? = nil) -> String {
        table.lines(width: width).map { $0 + "\n" }.joined()
    }

    static func ago(_ seconds: Int) -> Timestamp { goldenNow - .seconds(seconds) }

    static func job(
        _ id: Int64, _ state: Job.State, failures: Int = 0, reason: String? = nil,
        key: ConcurrencyKey? = nil
    ) -> Job {
        Job(
            id: JobID(rawValue: id), kind: "step", queue: "steps",
            payload: Array("88".utf8),
            state: state, priority: 0, concurrencyKey: key, uniqueKey: nil, enqueuedAt: ago(600),
            notBefore: state == .scheduled ? goldenNow + .seconds(90) : ago(600),
            readyAt: state == .scheduled ? nil : ago(500),
            leasedAt: state == .leased ? ago(61) : nil,
            finishedAt: state.isFinished ? ago(30) : nil, attempt: failures + 1,
            failures: failures, maxFailures: 3,
            worker: state == .leased ? "w-00000000000000aa" : nil,
            isCancelRequested: false, reason: reason)
    }

    static let jobs = [
        listed(1045, .ready), listed(1044, .leased, key: "agent:claude"),
        listed(1043, .scheduled, failures: 1, reason: "rate limit\u{1B}[2J of the provider"),
        listed(1042, .dead, failures: 3), listed(1041, .succeeded), listed(1040, .cancelled),
    ]

    private static func listed(
        _ id: Int64, _ state: Job.State, failures: Int = 0, reason: String? = nil,
        key: ConcurrencyKey? = nil
    ) -> ListedJob {
        let job = job(id, state, failures: failures, reason: reason, key: key)
        let lastFailure = state == .dead ? "Its time was up." : nil
        return ListedJob(
            job: job,
            subject: JobSubject(
                run: RunID(rawValue: 88), place: issue(12), step: "work", lastFailure: lastFailure))
    }

    static let statuses = [
        QueueStatus(
            queue: "reports", counts: [.succeeded: 12], oldestReadyAt: nil, nextDue: nil, keys: []),
        QueueStatus(
            queue: "steps", counts: [.ready: 3, .leased: 2, .dead: 1], oldestReadyAt: ago(200),
            nextDue: goldenNow + .seconds(90),
            keys: [
                .init(key: "agent:claude", limit: 2, leased: 2, ready: 3),
                .init(key: "agent:codex", limit: nil, leased: 0, ready: 0),
            ]),
    ]

    static let jobDetails = JobDetails(
        listed: jobs[3],
        failures: [
            RecordedFailure(
                attempt: 1, at: ago(400),
                failure: Failure(kind: "timed_out", message: "Its time was up."),
                isCounted: true)
        ], result: nil)

    static func run(
        _ id: Int64, agent: AgentName, closing: RunClosing? = nil, pull: PullRequestLink? = nil,
        repository: String = "ada/engine", continues: Bool = false
    ) -> Run {
        Run(
            id: RunID(rawValue: id),
            issue: IssueReference(repository: RepositoryName(repository)!, number: 12),
            issueTitle: "It stalls\u{7} on Tuesdays", agent: agent, workflow: "fix",
            branch: BranchName(rawValue: "\(agent)/issue-12"), cause: "label:agent/\(agent)",
            base: CommitID(rawValue: String(repeating: "a", count: 40)), baseBranch: "main",
            head: pull == nil ? nil : CommitID(rawValue: String(repeating: "b", count: 40)),
            pullRequest: pull, openedAt: ago(900), closing: closing,
            continuesBranch: continues)
    }

    static func summary(_ run: Run, _ state: RunState) -> RunSummary {
        RunSummary(
            run: run, state: state, job: JobID(rawValue: 1042), step: "work", attempt: 2,
            failures: 1)
    }

    static let runs = [
        summary(run(91, agent: "codex"), .queued),
        summary(run(90, agent: "gemini"), .working(step: "work")),
        summary(
            run(89, agent: "grok"),
            .waiting(reason: "rate limit", until: goldenNow + .seconds(200))),
        summary(
            run(
                88, agent: "claude",
                closing: RunClosing(outcome: .published, at: ago(60), detail: ""),
                pull: PullRequestLink(
                    number: 13, url: "https://git.example.org/ada/engine/pulls/13")), .published),
        summary(
            run(
                87, agent: "aider",
                closing: RunClosing(
                    outcome: .failed, at: ago(70), detail: "The checks never passed.")),
            .failed),
    ]

    static let runDetails = RunDetails(
        summary: runs[3],
        history: RunHistory(
            attempts: [
                AttemptRecord(
                    job: JobID(rawValue: 1042), attempt: 2, step: "work",
                    worker: "w-00000000000000aa", startedAt: ago(500), endedAt: ago(200),
                    outcome: "succeeded", detail: nil)
            ],
            sessions: [
                SessionRecord(
                    id: SessionID(rawValue: 7), run: RunID(rawValue: 88),
                    job: JobID(rawValue: 1042), attempt: 2, agent: "claude", startedAt: ago(499),
                    workspacePath: "/srv/skep/workspaces/3", base: runs[3].run.base,
                    endedAt: ago(201), ending: "exit status 0", outputBytes: 4096,
                    facts: SessionFacts(
                        vendorSession: "5e1f", model: "sonnet", usage: usage, sandbox: sandbox))
            ],
            checks: [
                CheckResult(
                    commit: CommitID(rawValue: String(repeating: "b", count: 40))!,
                    command: "make test", hasPassed: true, ending: "exit status 0",
                    duration: .milliseconds(4200))
            ], reviews: [SwarmSamples.review], questions: [SwarmSamples.answered],
            notes: ["It left files uncommitted; they were committed for it."],
            reports: [
                Report(
                    id: ReportID(rawValue: 5), run: RunID(rawValue: 88), issue: runs[3].run.issue,
                    topic: "dispatched", body: "⚡ Dispatched to claude. Task queued.",
                    createdAt: ago(900), postedAt: ago(899),
                    commentURL: "https://git.example.org/ada/engine/issues/12#issuecomment-3")
            ]))

    static let branches = [
        MadeBranch(
            summary: runs[3],
            comparison: CommitComparison(
                commits: [
                    .init(
                        id: CommitID(rawValue: String(repeating: "b", count: 40))!,
                        summary: "Keep it from stalling",
                        author: CommitAuthor(name: "claude", email: "claude@skep.invalid"),
                        at: ago(210))
                ], filesChanged: 2, insertions: 12, deletions: 3,
                paths: ["Sources/Engine.swift", "Tests/EngineTests.swift"]), problem: nil),
        MadeBranch(summary: runs[4], comparison: nil, problem: nil),
    ]
}
