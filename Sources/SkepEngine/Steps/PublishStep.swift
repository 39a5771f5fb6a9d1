internal import SkepCore
internal import SkepQueue

/// Pushes the run's head to its branch and opens the pull request. May be repeated.
struct PublishStep: Step {
    static let kind: StepKind = "publish"
    /// It gets work off this machine; then the run's workspaces can go.
    static let fillsDisk = false

    func run(_ context: StepContext) async throws -> StepOutcome {
        let run = context.run
        guard let head = run.head, let base = run.base, let target = run.baseBranch else {
            return StepOutcome(
                .fail(Failure(kind: "defect", message: "there is nothing to publish")))
        }
        let history = try await context.parts.store.history(of: run.id)
        if let failure = missing(at: head, history, context) { return StepOutcome(.fail(failure)) }
        // Looked at when they were made; but secrets change, and nothing can be taken back from here.
        if let leak = try await context.leak(from: base, to: head) {
            return StepOutcome(.giveUp(leak))
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
        let passed = Passed(history.checks, at: head)
        let reviews = reviews(at: head, history, context)
        let title = IssueTitle.harmless(run.issueTitle)
        let pullRequest = try await context.parts.tracker.openPullRequest(
            NewPullRequest(
                repository: repository, title: "\(title) (#\(run.issue.number))",
                body: ReportText.pullRequestBody(
                    issue: run.issue.number, agent: run.agent, run: run.id, comparison: comparison,
                    passed: passed.commands, tests: passed.tests, reviews: reviews,
                    notes: history.notes), head: branch, base: target))
        let link = PullRequestLink(number: pullRequest.number, url: pullRequest.url)
        let place = IssueReference(repository: repository, number: link.number)

        var outcome = StepOutcome(.close(.published, detail: "pull request #\(link.number)"))
        outcome.pullRequest = link
        outcome.branch = branch
        outcome.reports = [
            ReportText.published(
                agent: run.agent, pullRequest: link, branch: branch, comparison: comparison,
                isNew: !run.continuesBranch, answers: run.answersFeedback, passed: passed.commands,
                tests: passed.tests,
                reviews: reviews, notes: history.notes)
        ]
        outcome.reports += Self.eachRound(of: history.reviews).map {
            ReportText.review($0, of: place)
        }
        if !passed.commands.isEmpty {
            outcome.reports.append(
                ReportText.checksPassed(
                    passed.commands, tests: passed.tests, at: head, on: place))
        }
        return outcome
    }

    /// The commands that passed at a commit, with what their newest reports of tests say.
    private struct Passed {
        var commands: [String] = []
        var tests: [String: TestCounts] = [:]

        init(_ checks: [CheckResult], at head: CommitID) {
            for check in checks where check.commit == head && check.hasPassed {
                if !commands.contains(check.command) { commands.append(check.command) }
                tests[check.command] = check.tests
            }
        }
    }

    /// What the workflow demands of this commit and it doesn't have.
    private func missing(at head: CommitID, _ history: RunHistory, _ context: StepContext)
        -> Failure?
    {
        let checks = missingChecks(at: head, history, context.workflow)
        guard checks.isEmpty else {
            return Failure(
                kind: "unchecked",
                message: "not passed at commit \(head.short): " + checks.joined(separator: ", "))
        }
        let reviewers = missingReviews(at: head, history, context)
        guard reviewers.isEmpty else {
            return Failure(
                kind: "unreviewed",
                message: "not approved at commit \(head.short) by "
                    + reviewers.map(\.rawValue).joined(separator: ", "))
        }
        return nil
    }

    /// Reviewers who have said nothing of this commit, or that it has to be changed, unless the
    /// workflow publishes after the last round all the same.
    private func missingReviews(
        at head: CommitID, _ history: RunHistory, _ context: StepContext
    ) -> [AgentName] {
        context.workflow.steps.flatMap { step in
            step.reviewers(besides: context.run.agent).filter { name in
                let newest = history.reviews.last { $0.reviewer == name && $0.commit == head }
                guard let newest else { return true }
                return newest.verdict == .changesRequested
                    && step.onOutcome[StepDefinition.atCap] == nil
            }
        }
    }

    /// What each reviewer said last in each round, in the order in which it was said: the last word
    /// on the pull request is the last one said.
    private static func eachRound(of reviews: [ReviewRecord]) -> [ReviewRecord] {
        reviews.enumerated().filter { index, review in
            !reviews[(index + 1)...].contains {
                $0.reviewer == review.reviewer && $0.round == review.round
            }
        }.map(\.element)
    }

    /// The newest review by each reviewer of this commit.
    private func reviews(at head: CommitID, _ history: RunHistory, _ context: StepContext)
        -> [ReviewRecord]
    {
        let reviews = history.reviews.filter { $0.commit == head }
        return reviews.map(\.reviewer).removingRepeats().compactMap { name in
            reviews.last { $0.reviewer == name }
        }
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

extension Run {
    /// Whether it goes on with a pull request because of what was said of it.
    var answersFeedback: Bool {
        if case .feedback? = TriggerCause(cause) { true } else { false }
    }
}
