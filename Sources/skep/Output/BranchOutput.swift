import SkepCore
import SkepQueue

/// A branch that a run has made, with what lies on it.
struct MadeBranch {
    let summary: RunSummary
    /// `nil` where there are no commits, or the repository can't be read.
    let comparison: CommitComparison?
    let problem: (any Error)?
    /// What `comparison` is of, where the run has no commits that count.
    var kept: KeptWork?

    /// What a person has to know who is shown that.
    var remark: String? {
        kept.map {
            "Run \(summary.run.id) has no result. This is what is kept of it, "
                + "\($0.reference)."
        }
    }

    private var members: [JSON.Member] {
        let object = JSON.object([
            "branch": .name(summary.run.branch),
            "repository": .text(summary.run.issue.repository.description),
            "issue": .text(summary.run.issue.description),
            "agent": .name(summary.run.agent),
            "run_id": .id(summary.run.id),
            "run_state": .text(summary.state.word),
            "base": .name(summary.run.base),
            "head": .name(kept?.commit ?? summary.run.head),
            "kept": .optional(kept?.reference),
            "commits": .number(comparison?.commits.count),
            "files_changed": .number(comparison?.filesChanged),
            "insertions": .number(comparison?.insertions),
            "deletions": .number(comparison?.deletions),
            "pull_request": summary.run.pullRequest?.json ?? .null,
        ])
        guard case .object(let members) = object else { return [] }
        return members
    }

    var json: JSON { .object(members) }

    func detailedJSON(_ history: RunHistory) -> JSON {
        .object(
            members + [
                .init(key: "paths", value: .list((comparison?.paths ?? []).map { .text($0) })),
                .init(
                    key: "commit_list",
                    value: .list((comparison?.commits ?? []).map(\.json))),
                .init(key: "reviews", value: .list(history.reviews.map(\.json))),
                .init(key: "questions", value: .list(history.questions.map(\.json))),
            ])
    }

    /// "+12 -3"
    var change: String {
        comparison.map { "+\($0.insertions) -\($0.deletions)" } ?? "-"
    }

    func show(on console: Console, now: Timestamp) {
        let run = summary.run
        console.show([
            ("branch", kept == nil ? run.branch.rawValue : nil),
            ("kept as", kept?.reference),
            ("issue", "\(run.issue)  \(PlainText.line(run.issueTitle))"),
            ("run", "\(run.id), \(summary.state.words(now))"),
            ("base", summary.shownBase),
            ("head", (kept?.commit ?? run.head)?.short),
            ("changes", comparison.map { "\(Phrase.count($0.filesChanged, "file")), \(change)" }),
            ("pull request", run.pullRequest?.url),
        ])
        guard let comparison else { return }
        console.heading("Commits")
        var table = Table([
            .fixed("COMMIT"), .fixed("WHEN"), .flexible("AUTHOR"), .flexible("SUMMARY"),
        ])
        for commit in comparison.commits {
            table.add([
                commit.id.short, TimeText.relative(commit.at, to: now), commit.author.name,
                commit.summary,
            ])
        }
        console.show(table)
        console.heading("Files")
        for path in comparison.paths { console.output.line(PlainText.line(path)) }
    }
}

extension CommitComparison.Commit {
    var json: JSON {
        .object([
            "id": .name(id),
            "summary": .text(summary),
            "author_name": .text(author.name),
            "author_email": .text(author.email),
            "at": .time(at),
        ])
    }
}

extension [MadeBranch] {
    var table: Table {
        var table = Table([
            .flexible("BRANCH"), .flexible("ISSUE"), .fixed("RUN"), .fixed("STATE"),
            .fixed("COMMITS"), .fixed("FILES"), .fixed("CHANGE"), .fixed("PULL"),
        ])
        for branch in self {
            table.add([
                branch.summary.run.branch.rawValue, branch.summary.run.issue.description,
                "\(branch.summary.run.id)", branch.summary.state.word,
                branch.comparison.map { "\($0.commits.count)" } ?? "-",
                branch.comparison.map { "\($0.filesChanged)" } ?? "-", branch.change,
                branch.summary.run.pullRequest.map { "#\($0.number)" } ?? "-",
            ])
        }
        return table
    }
}
