import GRDB
import SkepCore

/// What git says of a pull request, as its pages need it.
struct PullGlance: Sendable {
    let loaded: LoadedPull
    let commitCount: Int

    init(_ visit: Visit) async throws {
        let loaded = try await visit.call.loadPull()
        self.loaded = loaded
        commitCount =
            visit.call.forge.hasGit
            ? try await loaded.bare.countCommits("\(loaded.mergeBase)..\(loaded.state.head)") : 0
    }
}

/// A pull request's commits and its difference.
enum PullPage {
    /// Commits that are shown of one pull request.
    private static let shownCommits = 250

    @Sendable static func commits(_ visit: Visit) async throws -> Answer {
        let glance = try await PullGlance(visit)
        let loaded = glance.loaded
        var commits: [GitCommit] = []
        if visit.call.forge.hasGit {
            commits = try await loaded.bare.commits(
                "\(loaded.mergeBase)..\(loaded.state.head)", limit: shownCommits)
        }
        let shown = commits
        return try await page(visit, glance, "pullcommits", tab: "onPullCommits") { models in
            [
                "commits": shown.reversed().map { CommitPage.row($0, models) },
                "hasCommits": !shown.isEmpty,
            ]
        }
    }

    @Sendable static func files(_ visit: Visit) async throws -> Answer {
        let glance = try await PullGlance(visit)
        let loaded = glance.loaded
        var diff = Diff("")
        if visit.call.forge.hasGit {
            diff = Diff(try await loaded.bare.diff(from: loaded.mergeBase, to: loaded.state.head))
        }
        let shown = diff
        return try await page(visit, glance, "pullfiles", tab: "onPullFiles") { models in
            let notes = try LineNotes(models, loaded.issue, head: loaded.state.head)
            return shown.model(
                textURL: "\(models.base)/pulls/\(loaded.issue.number).diff", notes: notes)
        }
    }

    private static func page(
        _ visit: Visit, _ glance: PullGlance, _ template: String, tab: String,
        _ body: @Sendable @escaping (PageModels) throws -> PageRenderer.Model
    ) async throws -> Answer {
        try await visit.read { db in
            let (issue, pull) = try visit.call.pull(db, in: glance.loaded.repository)
            let models = PageModels(db, glance.loaded.repository, visit)
            let model = try ConversationPage.head(models, issue, pull)
                .adding(try head(models, issue, pull, glance, tab: tab))
                .adding(try body(models))
            return visit.page(
                template, title: "\(issue.title) · #\(issue.number)", crumbs: models.crumbs, model)
        }
    }

    /// What stands above all pages of a pull request, beside what stands above an issue.
    static func head(
        _ models: PageModels, _ issue: IssueRow, _ pull: PullRow, _ glance: PullGlance, tab: String
    ) throws -> PageRenderer.Model {
        let facts = glance.loaded.state.facts
        let actor = try UserRow.find(models.db, id: pull.mergedBy ?? issue.authorId)
        var model: PageRenderer.Model = [
            "actor": actor.name, "wants": pull.isMerged ? "merged" : "wants to merge",
            "headBranch": pull.headBranch,
            "baseBranch": pull.baseBranch, "commitCount": glance.commitCount,
            "fileCount": facts?.changedFiles ?? 0, "additions": facts?.additions ?? 0,
            "deletions": facts?.deletions ?? 0, tab: true,
            "changesText": ForgePages.count(facts?.changedFiles ?? 0, "changed file"),
        ]
        if glance.loaded.state.isHeadThere {
            model["headURL"] = PageAddress.code("branch", pull.headBranch, base: models.base)
        }
        return model
    }
}

/// Whether and how a pull request can be merged, and what was said of its head.
struct MergeBox {
    typealias Model = PageRenderer.Model

    private let models: PageModels
    private let issue: IssueRow
    private let pull: PullRow
    private let state: PullState

    init(_ models: PageModels, _ issue: IssueRow, _ pull: PullRow, _ glance: PullGlance) {
        self.models = models
        self.issue = issue
        self.pull = pull
        state = glance.loaded.state
    }

    func model(_ draft: FormDraft?) throws -> Model {
        let statuses = try StatusRow.newest(
            models.db, repository: models.repository.id, commit: state.head)
        let (kind, text) = try verdict()
        let isReady = kind == "good" || kind == "waiting" && state.facts?.isClean == true
        var model: Model = [
            "mergeClass": kind, "mergeText": text, "hasStatuses": !statuses.isEmpty,
            "statuses": statuses.map(Self.status), "statusText": summary(statuses),
            "statusClass": Self.kind(StatusRow.combined(statuses)),
            "mayMerge": try isReady && issue.isOpen && !issue.isDraft && models.may(.write),
            "headCommit": state.head, "headShort": String(state.head.prefix(10)),
            "mayDeleteBranch": pull.headBranch != models.repository.defaultBranch
                && state.isHeadThere,
            "styles": MergeStyle.allCases.map { style in
                IssueList.choice(style.rawValue, style.text, draft?.form["style"] ?? "merge")
            },
            "reviewers": try reviewers(),
        ]
        model["hasReviewers"] = (model["reviewers"] as? [Model])?.isEmpty == false
        if let advice { model["mergeAdvice"] = advice }
        return model
    }

    private func verdict() throws -> (kind: String, text: String) {
        if let commit = pull.mergeCommit, let merger = pull.mergedBy {
            let name = try UserRow.find(models.db, id: merger).name
            return ("merged", "Merged by \(name) as \(commit.prefix(10))")
        }
        guard issue.isOpen else { return ("closed", "Closed without a merge") }
        guard let facts = state.facts else {
            return ("waiting", "Whether it can be merged isn’t known: git is missing")
        }
        guard facts.isClean else {
            return ("bad", "It conflicts with \(pull.baseBranch)")
        }
        if issue.isDraft { return ("waiting", "It is a draft: work goes on") }
        let wantsChanges = try ReviewRow.verdicts(models.db, issue: issue.id).contains {
            $0.state == .requestChanges && !$0.isDismissed
        }
        return wantsChanges
            ? ("waiting", "It can be merged without conflict, but changes are asked for")
            : ("good", "It can be merged without conflict")
    }

    private var advice: String? {
        guard issue.isOpen, let facts = state.facts else { return nil }
        if !facts.isClean {
            return
                "Merge \(pull.baseBranch) into \(pull.headBranch) or rebase it, and push the branch."
        }
        return issue.isDraft ? "Take “WIP:” from its title when it is done." : nil
    }

    // MARK: What was said of the head

    static func kind(_ state: StatusRow.State) -> String {
        switch state {
        case .success: "good"
        case .failure, .error: "bad"
        case .warning, .pending: "waiting"
        case .skipped: "skipped"
        }
    }

    private func summary(_ statuses: [StatusRow]) -> String {
        let failed = statuses.count { [.failure, .error].contains($0.state) }
        let waiting = statuses.count { $0.state == .pending }
        if failed > 0 { return "\(failed) of \(ForgePages.count(statuses.count, "check")) failed" }
        if waiting > 0 { return "\(ForgePages.count(waiting, "check")) still running" }
        return statuses.count == 1 ? "The check passed" : "All \(statuses.count) checks passed"
    }

    static func status(_ status: StatusRow) -> Model {
        let model: Model = [
            "checkState": status.state.rawValue, "checkClass": kind(status.state),
            "checkName": status.context, "checkText": status.description,
            "checkURL": Markdown.isSafe(status.targetUrl) ? status.targetUrl : "",
        ]
        return model.withoutEmptyTexts
    }

    /// The last word of each reviewer, and who is still asked.
    private func reviewers() throws -> [Model] {
        let rows = try ReviewRow.of(models.db, issue: issue.id)
        var last: [Int64: ReviewRow] = [:]
        for row in rows where row.state != .pending {
            // A comment doesn't take back a verdict.
            if row.state == .comment, let known = last[row.authorId], known.state != .comment {
                continue
            }
            last[row.authorId] = row
        }
        return try last.values.sorted { $0.id < $1.id }.map { row in
            let verdict = ReviewVerdict(row).model
            let model = try models.person(id: row.authorId).adding(verdict)
            let word =
                switch row.state {
                case .requestReview: "Asked"
                case .comment: "Commented"
                default: verdict["verdict"] as? String ?? ""
                }
            return model.adding(["reviewWord": word])
        }
    }
}

extension MergeStyle {
    /// What the merge button's menu says.
    fileprivate var text: String {
        switch self {
        case .merge: "Merge commit"
        case .rebase: "Rebase"
        case .rebaseMerge: "Rebase, then a merge commit"
        case .squash: "Squash into one commit"
        case .fastForwardOnly: "Fast-forward only"
        }
    }
}
