internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func pullRequests(matching filter: PullRequestFilter) async throws
        -> [PublishedPullRequest]
    {
        var conditions = ["TRUE"]
        var arguments: StatementArguments = []
        if let repository = filter.repository {
            conditions.append("pull_request.repository = ?")
            arguments += [repository.description]
        }
        if let issue = filter.issue {
            conditions.append("run.repository = ? AND run.issue_number = ?")
            arguments += [issue.repository.description, issue.number]
        }
        if let reference = filter.reference {
            conditions.append("pull_request.repository = ? AND pull_request.number = ?")
            arguments += [reference.repository.description, reference.number]
        }
        if filter.states == [.open] {
            conditions.append("pull_request.state = 'open'")
        } else if !filter.states.isEmpty {
            conditions.append("pull_request.state IN (SELECT value FROM json_each(?))")
            arguments += [try JSONColumn.text(filter.states.map(\.rawValue))]
        }
        arguments += [max(filter.limit, 0)]
        let sql = PullRequestRow.query(where: conditions.joined(separator: " AND "))
        return try await queue.read { [arguments] database in
            try Row.fetchAll(database, sql: sql, arguments: arguments)
                .map(PullRequestRow.pullRequest)
        }
    }

    public func note(_ pullRequest: PublishedPullRequest) async throws {
        try await queue.write { try SwarmTransaction($0).note(pullRequest) }
    }
}

extension SwarmTransaction {
    /// Makes the row of a pull request that a run opened, or renews that of one it pushed to.
    func publish(_ link: PullRequestLink, from branch: BranchName, at head: CommitID?, of run: Run)
        throws
    {
        let reference = IssueReference(repository: run.issue.repository, number: link.number)
        let before = try pullRequest(reference)
        // What was found out about another head says nothing of this one.
        try execute(
            """
            INSERT INTO pull_request
              (repository, number, run, branch, url, state, head_commit, opened_at_ms, seen_at_ms)
            VALUES (:repository, :number, :run, :branch, :url, 'open', :head, :now, :now)
                ON CONFLICT (repository, number) DO UPDATE
                    SET run = excluded.run, branch = excluded.branch, url = excluded.url,
                        state = excluded.state, head_commit = excluded.head_commit,
                        is_mergeable = CASE WHEN head_commit IS excluded.head_commit
                                            THEN is_mergeable END,
                        checks = CASE WHEN head_commit IS excluded.head_commit THEN checks END,
                        seen_at_ms = excluded.seen_at_ms
            """,
            [
                "repository": reference.repository.description, "number": reference.number,
                "run": run.id.rawValue, "branch": branch.rawValue, "url": link.url,
                "head": head?.rawValue, "now": now,
            ])
        let what = before == nil ? "opened" : "pushed to"
        try add(.pullRequest, of: run, "\(what) pull request #\(link.number): \(link.url)")
    }

    fileprivate func note(_ seen: PublishedPullRequest) throws {
        guard let before = try pullRequest(seen.reference) else { return }
        try execute(
            """
            UPDATE pull_request
               SET state = ?, head_commit = ?, is_mergeable = ?, verdict = ?, checks = ?,
                   seen_at_ms = ?
             WHERE repository = ? AND number = ?
            """,
            [
                seen.state.rawValue, seen.head?.rawValue, seen.isMergeable,
                seen.verdict?.rawValue, seen.checks?.rawValue, seen.seenAt.milliseconds,
                seen.reference.repository.description, seen.reference.number,
            ])
        let news = PullRequestRow.news(of: seen, since: before)
        guard !news.isEmpty else { return }
        try add(
            .pullRequest, of: run(before.run),
            "pull request #\(seen.reference.number): \(news.joined(separator: ", "))")
    }

    private func pullRequest(_ reference: IssueReference) throws -> PublishedPullRequest? {
        try fetchRow(
            PullRequestRow.query(where: "pull_request.repository = ? AND pull_request.number = ?"),
            [reference.repository.description, reference.number, 1]
        ).map(PullRequestRow.pullRequest)
    }
}

/// Reads pull requests from their rows, joined with their run's.
enum PullRequestRow {
    /// How often one went back to its agent is the number of demands about it that runs answered;
    /// ';' is what follows ':'. Served by run_trigger_answered.
    ///
    /// - Parameter condition: The last argument is the limit.
    static func query(where condition: String) -> String {
        """
        SELECT pull_request.*, run.repository AS issue_repository, run.issue_number, run.agent,
               (SELECT COUNT(*)
                  FROM run_trigger
                 WHERE run_trigger.repository = pull_request.repository
                   AND run_trigger.cause >= 'feedback:' || pull_request.number || ':'
                   AND run_trigger.cause < 'feedback:' || pull_request.number || ';'
                   AND run_trigger.run IS NOT NULL) AS rounds
          FROM pull_request
          JOIN run ON run.id = pull_request.run
         WHERE \(condition)
         ORDER BY pull_request.id DESC
         LIMIT ?
        """
    }

    static func pullRequest(_ row: Row) throws -> PublishedPullRequest {
        PublishedPullRequest(
            reference: try row.reference("repository", "number"),
            issue: try row.reference("issue_repository"), run: RunID(rawValue: row["run"]),
            agent: AgentName(rawValue: row["agent"]), branch: BranchName(rawValue: row["branch"]),
            url: row["url"], state: try row.word("state"),
            head: (row["head_commit"] as String?).flatMap(CommitID.init(rawValue:)),
            isMergeable: row["is_mergeable"],
            verdict: (row["verdict"] as String?).flatMap(Verdict.init(rawValue:)),
            checks: (row["checks"] as String?).flatMap(CommitStatus.State.init(rawValue:)),
            rounds: row["rounds"], seenAt: Timestamp(milliseconds: row["seen_at_ms"]))
    }

    /// What changed, in words; empty when nothing did that anybody waits for.
    static func news(of seen: PublishedPullRequest, since before: PublishedPullRequest) -> [String]
    {
        var news: [String] = []
        if seen.state != before.state {
            news.append(seen.state == .open ? "reopened" : seen.state.rawValue)
        }
        if seen.verdict != before.verdict {
            switch seen.verdict {
            case .approved: news.append("approved")
            case .changesRequested: news.append("changes requested")
            case .commented: news.append("commented")
            case nil: news.append("no verdict counts any more")
            }
        }
        if let checks = seen.checks, checks != before.checks {
            news.append("checks: \(checks.rawValue)")
        }
        // Until a tracker has found out, it says nothing.
        switch (before.isMergeable, seen.isMergeable) {
        case (true?, false?), (nil, false?): news.append("can't be merged as it is")
        case (false?, true?): news.append("can be merged again")
        default: break
        }
        return news
    }
}
