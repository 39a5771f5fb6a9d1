internal import GRDB
internal import SkepCore
internal import SkepQueue

/// Reads runs from their rows.
enum RunRow {
    static let columns = """
        run.id, run.repository, run.issue_number, run.issue_title, run.agent, run.workflow,
        run.branch, run.continues_branch, run.cause, run.priority, run.base_commit,
        run.base_branch, run.head_commit, run.pull_number, run.pull_url, run.opened_at_ms,
        run.cancel_reason, run.outcome, run.closed_at_ms, run.closing_detail,
        (SELECT step_job.findings
           FROM step_job
          WHERE step_job.run = run.id
          ORDER BY step_job.job
          LIMIT 1) AS asked
        """

    static func fetch(_ id: RunID, _ database: Database) throws -> Run? {
        try Row.fetchOne(
            database, sql: "SELECT \(columns) FROM run WHERE id = ?", arguments: [id.rawValue]
        ).map(run)
    }

    static func run(_ row: Row) throws -> Run {
        Run(
            id: RunID(rawValue: row["id"]), issue: try row.reference(),
            issueTitle: row["issue_title"], agent: AgentName(rawValue: row["agent"]),
            workflow: WorkflowName(rawValue: row["workflow"]),
            branch: BranchName(rawValue: row["branch"]), cause: row["cause"],
            base: (row["base_commit"] as String?).flatMap(CommitID.init(rawValue:)),
            baseBranch: (row["base_branch"] as String?).map(BranchName.init(rawValue:)),
            head: (row["head_commit"] as String?).flatMap(CommitID.init(rawValue:)),
            pullRequest: (row["pull_number"] as Int?).map {
                PullRequestLink(number: $0, url: row["pull_url"])
            },
            openedAt: Timestamp(milliseconds: row["opened_at_ms"]),
            closing: (row["outcome"] as String?).flatMap(RunClosing.Outcome.init(rawValue:)).map {
                RunClosing(
                    outcome: $0, at: Timestamp(milliseconds: row["closed_at_ms"]),
                    detail: row["closing_detail"])
            },
            cancelReason: row["cancel_reason"], continuesBranch: row["continues_branch"],
            priority: row["priority"], asked: row["asked"])
    }

    static func currentJob(_ row: Row) -> CurrentJob? {
        guard let id = row["job_id"] as Int64?, let word = row["job_state"] as String?,
            let state = Job.State(rawValue: word)
        else { return nil }
        return CurrentJob(
            id: JobID(rawValue: id), step: StepName(rawValue: row["job_step"]), state: state,
            notBefore: Timestamp(milliseconds: row["job_not_before_ms"]),
            reason: row["job_reason"], attempt: row["job_attempt"], failures: row["job_failures"],
            isHeld: row["job_is_held"])
    }

    static func summary(_ row: Row) throws -> RunSummary {
        let run = try run(row)
        let job = currentJob(row)
        var state = RunState(closing: run.closing, job: job, asksPerson: row["asks_person"])
        if let pause = placeAwaited(row), case .waiting(_, .some) = state {
            state = .waiting(reason: pause.words, until: nil)
        }
        return RunSummary(
            run: run, state: state,
            job: job?.id, step: job?.step, attempt: job?.attempt ?? 0, failures: job?.failures ?? 0,
            waitsFor: (row["waits_for"] as String?).map(ProviderAccount.init(rawValue:)),
            isParked: row["is_parked"])
    }

    /// The account of which it waits for a place, as that is now: it may have been parked when the
    /// job began to wait.
    private static func placeAwaited(_ row: Row) -> AccountPause? {
        guard let account = row["waits_for"] as String?, !(row["is_parked"] as Bool),
            let places = row["account_places"] as Int?
        else { return nil }
        let sessions: Int = row["account_sessions"]
        guard sessions >= places else { return nil }
        return .full(ProviderAccount(rawValue: account), sessions: sessions, places: places)
    }
}

/// Reads sessions from their rows.
enum SessionRow {
    static let columns = """
        id, run, job, attempt, agent, started_at_ms, workspace_path, base_commit, ended_at_ms,
        ending, output_bytes, vendor_session, model, input_tokens, cached_input_tokens,
        cache_write_tokens, output_tokens, reasoning_tokens, cost_microdollars, failure, sandbox,
        stop
        """

    static func session(_ row: Row) throws -> SessionRecord {
        SessionRecord(
            id: SessionID(rawValue: row["id"]), run: RunID(rawValue: row["run"]),
            job: JobID(rawValue: row["job"]), attempt: row["attempt"],
            agent: AgentName(rawValue: row["agent"]),
            startedAt: Timestamp(milliseconds: row["started_at_ms"]),
            workspacePath: row["workspace_path"],
            base: (row["base_commit"] as String?).flatMap(CommitID.init(rawValue:)),
            endedAt: row.time("ended_at_ms"), ending: row["ending"],
            outputBytes: row["output_bytes"],
            facts: SessionFacts(
                vendorSession: row["vendor_session"], model: row["model"], usage: usage(row),
                failure: try (row["failure"] as String?).map {
                    try JSONColumn.read(AgentFailure.self, from: $0)
                },
                sandbox: try (row["sandbox"] as String?).map {
                    try JSONColumn.read(SandboxReport.self, from: $0)
                }), stop: (row["stop"] as String?).flatMap(SessionStop.init(rawValue:)))
    }

    /// `nil` where the agent didn't tell.
    static func usage(_ row: Row) -> Usage? {
        guard let input = row["input_tokens"] as Int64?,
            let output = row["output_tokens"] as Int64?
        else { return nil }
        return Usage(
            input: input, cachedInput: row["cached_input_tokens"] ?? 0,
            cacheWrites: row["cache_write_tokens"] ?? 0, output: output,
            reasoning: row["reasoning_tokens"] ?? 0,
            cost: (row["cost_microdollars"] as Int64?).map(Money.init(microdollars:)))
    }
}

/// Reads reports from their rows.
enum ReportRow {
    static let columns = """
        report.id, report.run, report.repository, report.issue_number, report.topic, report.body,
        report.content, report.created_at_ms, report.posted_at_ms, report.comment_url
        """

    static func report(_ row: Row) throws -> Report {
        Report(
            id: ReportID(rawValue: row["id"]),
            run: (row["run"] as Int64?).map(RunID.init(rawValue:)), issue: try row.reference(),
            topic: row["topic"], body: row["body"], content: try row.json("content"),
            createdAt: Timestamp(milliseconds: row["created_at_ms"]),
            postedAt: row.time("posted_at_ms"), commentURL: row.address("comment_url"))
    }
}
