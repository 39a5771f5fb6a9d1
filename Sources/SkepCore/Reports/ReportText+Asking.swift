internal import SkepQueue

// What Skep says to people who ask, and of what became of pull requests.
extension ReportText {
    /// That a demand is answered: a run was opened.
    public static func started(_ agent: AgentName, for demand: TriggerDemand) -> NewReport {
        switch demand.trigger.cause {
        case .feedback(let number, _):
            NewReport(
                topic: "dispatched",
                body: "🔁 \(agent) takes up what was said of this pull request. Task queued.",
                on: IssueReference(
                    repository: demand.trigger.issue.repository, number: number))
        case .choice(let runs):
            NewReport(
                topic: "dispatched",
                body: "⚖️ \(agent) compares the pull requests of \(count(runs.count, "run")) and "
                    + "chooses one.")
        case .label, .assignee, .selected, .command, .comment, .tick, .burndown:
            dispatched(agent: agent)
        }
    }

    /// Has the issue's label say whether a question waits there.
    ///
    /// - Parameter why: "asked-3", "answered-3": what happened to which question.
    public static func attention(_ why: String) -> NewReport {
        NewReport(topic: why, body: "", content: .attention)
    }

    // MARK: Comments

    /// That a comment was read.
    public static func seen(_ comment: Int64, on place: IssueReference) -> NewReport {
        NewReport(
            topic: "seen-\(comment)", body: "", content: .reaction(.eyes, comment: comment),
            on: place)
    }

    /// The answer to a comment's commands; each line is Markdown.
    public static func reply(_ lines: [String], to comment: Int64, on place: IssueReference)
        -> NewReport
    {
        NewReport(
            topic: "comment-\(comment)", body: harmless(lines.joined(separator: "\n")), on: place)
    }

    /// Said once to each stranger on each issue.
    public static func refused(_ login: LoginName, on place: IssueReference) -> NewReport {
        let name = quotable(login.rawValue)
        return NewReport(
            topic: "stranger-\(name.lowercased())",
            body: "\(name) may not ask agents here: that takes write access to "
                + "\(place.repository), or a place in `dispatch.allowed_users`.",
            on: place)
    }

    /// What a comment comes too late for; said once for each answer.
    ///
    /// - Parameter number: How many questions the run has had answered.
    public static func late(
        after number: Int, to agent: AgentName, run: RunID, on place: IssueReference
    ) -> NewReport {
        NewReport(
            topic: "late-\(run)-\(number)",
            body: harmless(
                "\(agent) has had its answer and goes on with it; comments don't reach it meanwhile. "
                    + "`skep run say \(run) \"…\"` tells it something while it is at work, "
                    + "`/skep stop` stops it."), on: place)
    }

    public static func commandHelp(agents: [AgentName]) -> [String] {
        let example = agents.first?.rawValue ?? "NAME"
        return [
            "Begin a line with one of these:",
            "- `/skep \(example)` has it work on the issue; several names: each for itself",
            "- `/skep stop`, `/skep stop \(example)` stops what runs or waits",
            "- `/skep retry`, `/skep retry \(example)` tries again what failed or was stopped",
            "- `/skep status` tells who works on it, and what came of it",
            "- `/skep why` tells what it waits for",
            "- `/skep pick \(example)` keeps its pull request and closes the others",
            "- `/skep help`",
            "",
            "Agents here: \(agents.map(\.rawValue).joined(separator: ", ")).",
        ]
    }

    /// A word of somebody's, to be quoted within a line: without Markdown, and not long.
    public static func quotable(_ word: String) -> String {
        let plain = oneLine(word).filter { !"`*_[]()<>@#|\\".contains($0) }
        return String(plain.prefix(60))
    }

    // MARK: Pull requests

    /// Closes the pull request of another agent, since one was chosen.
    ///
    /// - Parameter why: "ann chose it".
    public static func notChosen(
        _ pullRequest: PublishedPullRequest, chosen: PublishedPullRequest, why: String
    ) -> NewReport {
        NewReport(
            topic: "not-chosen-\(chosen.reference.number)",
            body: "Closing this: pull request #\(chosen.reference.number) of \(chosen.agent) is "
                + "the one for #\(chosen.issue.number); \(quotable(why)). The branch "
                + "`\(pullRequest.branch)` stays.",
            content: .close(labels: []), on: pullRequest.reference)
    }

    /// Closes the pull request of another agent, since one was merged.
    public static func siblingMerged(
        _ pullRequest: PublishedPullRequest, merged: PublishedPullRequest
    ) -> NewReport {
        NewReport(
            topic: "merged-\(merged.reference.number)",
            body: "Closing this: pull request #\(merged.reference.number) of \(merged.agent) was "
                + "merged for #\(merged.issue.number). The branch `\(pullRequest.branch)` stays.",
            content: .close(labels: []), on: pullRequest.reference)
    }

    /// That a pull request went back to its agent as often as it may.
    public static func roundsUsedUp(_ pullRequest: PublishedPullRequest, rounds: Int) -> NewReport {
        NewReport(
            topic: "rounds-\(rounds)",
            body: "🙋 This went back to \(pullRequest.agent) \(count(rounds, "time")), as often "
                + "as it may. What was said since waits for a person: mend it, merge it, close it, "
                + "or have \(pullRequest.agent) go on with `/skep \(pullRequest.agent)`.",
            on: pullRequest.reference)
    }
}
