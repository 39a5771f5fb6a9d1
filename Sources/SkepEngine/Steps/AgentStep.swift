internal import Logging
internal import SkepCore
internal import SkepQueue

/// Has the agent work on the issue, and makes commits of what it changed.
struct AgentStep: Step {
    static let kind: StepKind = "agent"
    static let hasSession = true
    static let promptNames: Set<String>? = PromptTemplate.names

    func run(_ context: StepContext) async throws -> StepOutcome {
        let issue = try await context.parts.tracker.issue(context.run.issue)
        let work = SessionWork(context: context, keepsWork: true)
        let start = try await StartingPoint.find(work)
        let history = try await context.parts.store.history(of: context.run.id)
        let prompt = WorkPrompt(issue: issue, target: start.target, history: history)
        return try await work.inWorkspace(at: start.commit) { work, workspace in
            // One that goes on has it in its tree.
            let left = work.resumed == nil ? try await leftBefore(context) : nil
            let text = try await prompt.text(in: workspace, leftBefore: left, context)
            return try await work.run(
                text, on: issue, in: workspace, from: start.commit,
                announcing: ReportText.working(
                    agent: context.run.agent, branch: context.run.branch),
                answer: Resumption(context.job, history)
            ) { left in
                try await judge(left, on: issue, history, in: workspace, context)
            }
        }
    }

    /// What the session before this one left, which ended in a way that has the step begin anew.
    private func leftBefore(_ context: StepContext) async throws -> CommitID? {
        let job = context.job
        guard job.openSession == nil, let last = job.lastSession, let base = last.base,
            last.attempt < job.attempt
        else { return nil }
        return try await context.parts.workspaces.left(
            by: last.attempt..<job.attempt, of: job.run.id, above: base,
            in: job.run.issue.repository)
    }

    /// Turns a session's end and what it left into the step's outcome.
    private func judge(
        _ left: Leavings, on issue: Issue, _ history: RunHistory, in workspace: Workspace,
        _ context: StepContext
    ) async throws -> StepOutcome {
        let agent = context.agent.definition
        let result = left.result
        let collection = try await context.parts.workspaces.collect(
            workspace, attempt: context.job.attempt, message: message(for: issue, context),
            author: agent.author)
        let notes = collection.notes.map(left.screen.redacted)

        var outcome: StepOutcome
        if let leak = try await leak(collection, in: workspace, context) {
            outcome = StepOutcome(.giveUp(leak))
            outcome.kept = kept(collection, context)
        } else if let question = question(left) {
            let people = context.parts.dispatch.asked(on: issue)
            outcome = StepOutcome(.ask(question, of: people))
            outcome.head = collection.head
            outcome.reports = [
                ReportText.asks(
                    agent: agent.name, question: question, of: people,
                    number: history.questions.count + 1)
            ]
        } else if let setback = result.setback {
            outcome = StepOutcome(setback)
            outcome.kept = kept(collection, context)
        } else if collection.isTreeGone {
            // What it had made went with it; that it changed nothing can't be said.
            outcome = StepOutcome(
                .retry(
                    Failure(
                        kind: "tree_gone",
                        message: "its working tree is gone, with whatever it had made there")))
        } else if collection.head != nil || context.run.head != nil {
            // Sent back, it may have nothing to add: the next step sees the same commit again.
            outcome = StepOutcome(.done)
            outcome.head = collection.head
        } else {
            outcome = StepOutcome(.close(.noChanges, detail: "the agent changed nothing"))
            outcome.reports = [
                ReportText.noChanges(agent: agent.name, notes: notes, tail: result.tail)
            ]
        }
        outcome.notes = notes
        return outcome
    }

    private func leak(
        _ collection: Collection, in workspace: Workspace, _ context: StepContext
    ) async throws -> AgentFailure? {
        guard let head = collection.head else { return nil }
        return try await context.leak(from: workspace.base, to: head)
    }

    private func kept(_ collection: Collection, _ context: StepContext) -> String? {
        collection.head.map { head in
            let run = context.run
            let name = "refs/skep/run-\(run.id)/attempt-\(context.job.attempt)"
            // A run that has a head shows that.
            return "commit \(head.short)"
                + (run.head == nil
                    ? " (\(name)); `skep branch diff \(run.id)` shows it"
                    : " (\(name) in the mirror)")
        }
    }

    /// What it asks, in its protocol or in a document it left; most sessions leave none, or another.
    private func question(_ left: Leavings) -> String? {
        let asked = left.result.question.map(left.screen.redacted)
        let text: String?
        switch left.result.failure?.type {
        case nil:
            text = asked ?? (try? left.document.decoded(as: QuestionDocument.self))?.question
        // One that waits for a person is ended, and no worse for that.
        case .stopped: text = asked
        default: text = nil
        }
        guard let text, text.contains(where: { !$0.isWhitespace }) else { return nil }
        return String(text.prefix(QuestionDocument.maxText))
    }

    private func message(for issue: Issue, _ context: StepContext) -> String {
        let title = IssueTitle.harmless(issue.title)
        return "\(title)\n\nIssue #\(issue.reference.number), run \(context.run.id).\n"
    }
}

/// Where an attempt of an agent's work begins.
struct StartingPoint: Sendable {
    let commit: CommitID
    /// The branch that the work is to be merged into.
    let target: BranchName?

    /// Where a session began that is adopted or gone on with, at what the run has made so far, at the
    /// head of the branch that it continues, or at the head of the default branch as it is now.
    static func find(_ work: SessionWork) async throws -> StartingPoint {
        let context = work.context
        let run = context.run
        let repository = run.issue.repository
        if let base = (context.job.openSession ?? work.resumed)?.base {
            return StartingPoint(commit: base, target: run.baseBranch)
        }
        let access = try await context.parts.tracker.gitAccess(to: repository)
        let newest = try await context.parts.workspaces.refresh(repository, from: access)
        if let head = run.head { return StartingPoint(commit: head, target: newest.branch) }
        var base = newest.commit
        if run.continuesBranch,
            let published = try await context.parts.workspaces.remoteHead(
                of: run.branch, in: repository, access: access)
        {
            base = published
        }
        try await context.parts.store.recordBase(base, of: newest.branch, for: context.lease.token)
        return StartingPoint(commit: base, target: newest.branch)
    }
}
