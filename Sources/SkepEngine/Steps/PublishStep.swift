internal import SkepCore
internal import SkepQueue

/// Pushes the run's head to its branch and opens the pull request. May be repeated.
struct PublishStep: Step {
    static let kind: StepKind = "publish"

    static func read(_ reader: SettingsReader) -> StepSettings { StepSettings() }

    func run(_ context: StepContext) async throws -> StepOutcome {
        let run = context.run
        guard let head = run.head, let base = run.base, let target = run.baseBranch else {
            return StepOutcome(
                .fail(Failure(kind: "defect", message: "there is nothing to publish")))
        }
        let history = try await context.parts.store.history(of: run.id)
        let missing = missingChecks(at: head, history, context.workflow)
        guard missing.isEmpty else {
            return StepOutcome(
                .fail(
                    Failure(
                        kind: "unchecked",
                        message: "not passed at commit \(head.short): "
                            + missing.joined(separator: ", "))))
        }

        try Task.checkCancellation()
        // From here on it is done to the end: half a publication would be found by nobody.
        return try await uncancelled {
            try await publish(head, over: base, into: target, history, context)
        }
    }

    private func publish(
        _ head: CommitID, over base: CommitID, into target: BranchName, _ history: RunHistory,
        _ context: StepContext
    ) async throws -> StepOutcome {
        let run = context.run
        let repository = run.issue.repository
        let access = try await context.parts.tracker.gitAccess(to: repository)
        let branch = try await push(head, over: base, access, context)
        let comparison = try await context.parts.workspaces.comparison(
            of: head, with: base, in: repository)
        let passed = history.checks.filter { $0.commit == head && $0.hasPassed }.map(\.command)
            .removingRepeats()
        let title = run.issueTitle.split(whereSeparator: \.isNewline).joined(separator: " ")
        let pullRequest = try await context.parts.tracker.openPullRequest(
            NewPullRequest(
                repository: repository, title: "\(title) (#\(run.issue.number))",
                body: ReportText.pullRequestBody(
                    issue: run.issue.number, agent: run.agent, run: run.id, comparison: comparison,
                    passed: passed, notes: history.notes), head: branch, base: target))
        let link = PullRequestLink(number: pullRequest.number, url: pullRequest.url)

        var outcome = StepOutcome(.close(.published, detail: "pull request #\(link.number)"))
        outcome.pullRequest = link
        outcome.branch = branch
        outcome.reports = [
            ReportText.published(
                agent: run.agent, pullRequest: link, branch: branch, comparison: comparison,
                passed: passed, notes: history.notes)
        ]
        return outcome
    }

    /// Commands of the workflow whose newest result at this commit isn't a pass.
    private func missingChecks(at head: CommitID, _ history: RunHistory, _ workflow: Workflow)
        -> [String]
    {
        workflow.steps.flatMap(\.commands).filter { command in
            history.checks.last { $0.commit == head && $0.command == command }?.hasPassed != true
        }
    }

    /// Pushes to the run's branch; where somebody else's commits are on it, to the next free name.
    private func push(
        _ head: CommitID, over base: CommitID, _ access: GitAccess, _ context: StepContext
    ) async throws -> BranchName {
        let repository = context.run.issue.repository
        let workspaces = context.parts.workspaces
        if context.run.continuesBranch {
            try await workspaces.push(
                head, of: repository, to: context.run.branch, replacing: base, access: access)
            return context.run.branch
        }
        for branch in context.run.branch.numbered() {
            let there = try await workspaces.remoteHead(of: branch, in: repository, access: access)
            guard there == nil || there == head else { continue }
            try await workspaces.push(
                head, of: repository, to: branch, replacing: nil, access: access)
            return branch
        }
        throw EngineError.branchesTaken(context.run.branch)
    }
}

extension Array where Element: Hashable {
    func removingRepeats() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
