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
        let start = try await StartingPoint.find(context)
        let history = try await context.parts.store.history(of: context.run.id)
        let prompt = WorkPrompt(issue: issue, target: start.target, history: history)
        let work = SessionWork(context: context, keepsWork: true)
        return try await work.inWorkspace(at: start.commit) { workspace in
            let text = try await prompt.text(in: workspace, context)
            return try await work.run(
                text, on: issue, in: workspace, from: start.commit,
                announcing: ReportText.working(agent: context.run.agent, branch: context.run.branch)
            ) { result in
                try await judge(result, on: issue, history, in: workspace, context)
            }
        }
    }

    /// Turns a session's end and what it left into the step's outcome.
    private func judge(
        _ result: SessionResult, on issue: Issue, _ history: RunHistory, in workspace: Workspace,
        _ context: StepContext
    ) async throws -> StepOutcome {
        let agent = context.agent.definition
        // Read before anything is done with the workspace.
        let output = await OutputDocument.read(in: workspace)
        let collection = try await context.parts.workspaces.collect(
            workspace, attempt: context.job.attempt, message: message(for: issue, context),
            author: agent.author)

        var outcome: StepOutcome
        if let setback = result.ending.setback {
            outcome = StepOutcome(setback)
            if let head = collection.head {
                outcome.kept =
                    "commit \(head.short) (refs/skep/run-\(context.run.id)/attempt-"
                    + "\(context.job.attempt) in the mirror)"
            }
        } else if let question = question(in: output) {
            outcome = StepOutcome(.ask(question))
            outcome.head = collection.head
            outcome.reports = [
                ReportText.asks(
                    agent: agent.name, question: question, of: issue.author,
                    number: history.questions.count + 1)
            ]
        } else if collection.head != nil || context.run.head != nil {
            // Sent back, it may have nothing to add: the next step sees the same commit again.
            outcome = StepOutcome(.done)
            outcome.head = collection.head
        } else {
            outcome = StepOutcome(.close(.noChanges, detail: "the agent changed nothing"))
            outcome.reports = [
                ReportText.noChanges(agent: agent.name, notes: collection.notes, tail: result.tail)
            ]
        }
        outcome.notes = collection.notes
        return outcome
    }

    /// What it asks; most sessions leave nothing there, or something else.
    private func question(in output: OutputDocument) -> String? {
        guard let document = try? output.decoded(as: QuestionDocument.self),
            let question = document.question, question.contains(where: { !$0.isWhitespace })
        else { return nil }
        return String(question.prefix(QuestionDocument.maxText))
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

    /// Where an adopted session began, at what the run has made so far, at the head of the branch
    /// that it continues, or at the head of the default branch as it is now.
    static func find(_ context: StepContext) async throws -> StartingPoint {
        let run = context.run
        let repository = run.issue.repository
        if let base = context.job.openSession?.base {
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
