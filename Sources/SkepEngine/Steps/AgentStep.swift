internal import Logging
internal import SkepCore
internal import SkepQueue

/// Has the agent work on the issue, and makes commits of what it changed.
struct AgentStep: Step {
    static let kind: StepKind = "agent"

    static func read(_ reader: SettingsReader) -> StepSettings { StepSettings() }

    func run(_ context: StepContext) async throws -> StepOutcome {
        let issue = try await context.parts.tracker.issue(context.run.issue)
        let start = try await startingPoint(context)
        let request = WorkspaceRequest(
            run: context.run.id, repository: context.run.issue.repository, base: start,
            branch: context.run.branch, author: context.agent.definition.author,
            resumes: context.job.openSession?.workspacePath,
            keepsIgnored: context.workflow.keepsIgnored)
        do {
            return try await context.parts.workspaces.withWorkspace(request) { workspace in
                try await work(on: issue, in: workspace, from: start, context)
            }
        } catch let error as WorkspaceGone {
            guard let session = context.job.openSession else { throw error }
            return try await abandon(session, because: error, context)
        }
    }

    /// Gives up a session whose workspace is no longer there. What it had committed before may be
    /// in the mirror.
    private func abandon(
        _ session: SessionRecord, because error: WorkspaceGone, _ context: StepContext
    ) async throws -> StepOutcome {
        try await context.parts.sessions.end(session.id)
        var outcome = StepOutcome(.retry(Failure(kind: "workspace_gone", message: error.what)))
        outcome.session = SessionClosing(
            id: session.id, ending: "\(SessionResult.Ending.lost)", outputBytes: 0)
        outcome.notes = ["\(error.what) Look for refs/skep/run-\(context.run.id)/ in the mirror."]
        return outcome
    }

    /// Where the attempt begins: where an adopted session began, at what the run has made so far,
    /// or at the head of the default branch as it is now.
    private func startingPoint(_ context: StepContext) async throws -> CommitID {
        let run = context.run
        let repository = run.issue.repository
        if let base = context.job.openSession?.base { return base }
        let access = try await context.parts.tracker.gitAccess(to: repository)
        let newest = try await context.parts.workspaces.refresh(repository, from: access)
        if let head = run.head { return head }
        var base = newest.commit
        if run.continuesBranch,
            let published = try await context.parts.workspaces.remoteHead(
                of: run.branch, in: repository, access: access)
        {
            base = published
        }
        try await context.parts.store.recordBase(
            base, of: newest.branch, for: context.lease.token)
        return base
    }

    private func work(
        on issue: Issue, in workspace: Workspace, from start: CommitID, _ context: StepContext
    ) async throws -> StepOutcome {
        let prompt = try await prompt(for: issue, context)
        let record: SessionRecord
        if let open = context.job.openSession {
            record = open
        } else {
            record = try await context.parts.store.openSession(
                context.lease.token, agent: context.run.agent, workspacePath: workspace.path,
                base: start)
            try await context.parts.store.report(
                [ReportText.working(agent: context.run.agent, branch: context.run.branch)],
                by: context.lease.token)
        }
        let assignment = Assignment(
            session: record.id, run: context.run.id, issue: issue, prompt: prompt,
            ending: context.ending)

        let result: SessionResult
        do {
            result = try await context.agent.withSession(assignment, in: workspace) { session in
                if session.isAdopted {
                    context.logger.notice(
                        "Adopted session", metadata: [LogKeys.session: "\(record.id)"])
                }
                return try await session.result()
            }
        } catch {
            // Only what was ended as it should be: an error says that something may still run.
            guard Task.isCancelled, error is CancellationError else { throw error }
            throw await interrupted(assignment, workspace, context)
        }
        context.logger.info(
            "Session ended",
            metadata: [
                LogKeys.session: "\(record.id)", LogKeys.outcome: "\(result.ending)",
            ])
        // The session is over and its work is there: a cancellation doesn't undo that.
        return try await uncancelled {
            try await judge(result, of: record.id, on: issue, in: workspace, context)
        }
    }

    /// Saves what a stopped session left; one that goes on keeps its workspace as it is.
    private func interrupted(
        _ assignment: Assignment, _ workspace: Workspace, _ context: StepContext
    ) async -> SessionInterrupted {
        guard context.ending() == .stop else {
            return SessionInterrupted(closing: nil, notes: [])
        }
        do {
            return try await uncancelled {
                let result = try await context.agent.withSession(assignment, in: workspace) {
                    try await $0.result()
                }
                let saved = try await context.parts.workspaces.rescue(
                    workspace, reason: "stopped")
                return SessionInterrupted(
                    closing: SessionClosing(
                        id: assignment.session, ending: "\(result.ending)",
                        outputBytes: result.outputBytes),
                    notes: saved.map { ["What it had done when it was stopped is kept at \($0)."] }
                        ?? [])
            }
        } catch {
            context.logger.error(
                "Can't save work of stopped session", metadata: [LogKeys.error: "\(error)"])
            // Left open, so that the next attempt, or the reaper, finds the workspace untouched.
            return SessionInterrupted(closing: nil, notes: [])
        }
    }

    /// Turns a session's end and what it left into the step's outcome.
    private func judge(
        _ result: SessionResult, of session: SessionID, on issue: Issue, in workspace: Workspace,
        _ context: StepContext
    ) async throws -> StepOutcome {
        let agent = context.agent.definition
        let collection = try await context.parts.workspaces.collect(
            workspace, attempt: context.job.attempt, message: message(for: issue, context),
            author: agent.author)

        var outcome: StepOutcome
        switch result.ending {
        case .exited(code: 0):
            if collection.head != nil {
                outcome = StepOutcome(.done)
                outcome.head = collection.head
            } else if context.run.head != nil {
                // Sent back, and it has nothing to add: the next step sees the same commit again.
                outcome = StepOutcome(.done)
            } else {
                outcome = StepOutcome(.close(.noChanges, detail: "the agent changed nothing"))
                outcome.reports = [
                    ReportText.noChanges(
                        agent: agent.name, notes: collection.notes, tail: result.tail)
                ]
            }
        case .startFailed(let why):
            outcome = StepOutcome(
                .fail(Failure(kind: "start_failed", message: "it couldn't be started: \(why)")))
        // Stopped by somebody else: this worker would not be here.
        case .exited, .signalled, .timedOut, .outputLimit, .silent, .stopped, .lost:
            outcome = StepOutcome(.retry(Failure(kind: "session", message: "\(result.ending)")))
        }
        if let head = collection.head, outcome.head == nil {
            outcome.kept =
                "commit \(head.short) (refs/skep/run-\(context.run.id)/attempt-"
                + "\(context.job.attempt) in the mirror)"
        }
        outcome.tail = result.tail
        outcome.notes = collection.notes
        outcome.session = SessionClosing(
            id: session, ending: "\(result.ending)", outputBytes: result.outputBytes)
        return outcome
    }

    private func message(for issue: Issue, _ context: StepContext) -> String {
        let title = issue.title.split(whereSeparator: \.isNewline).joined(separator: " ")
        return "\(title)\n\nIssue #\(issue.reference.number), run \(context.run.id).\n"
    }

    private func prompt(for issue: Issue, _ context: StepContext) async throws -> String {
        var discussion = ""
        if context.workflow.prompt.uses("issue.comments") {
            discussion = try await context.parts.tracker.comments(on: issue.reference)
                .filter { !CommentMarker.isInAny($0.body) }
                .map { "\($0.author) wrote:\n\($0.body)" }
                .joined(separator: "\n\n")
        }
        let task = context.workflow.prompt.filled(
            with: PromptTemplate.values(
                issue: issue, discussion: discussion, run: context.run,
                agent: context.agent.definition))
        return [context.agent.definition.instructions, task, context.job.findings.map(Self.mend)]
            .compactMap { $0 }
            .filter { !$0.isEmpty }
            .joined(separator: "\n\n")
    }

    private static func mend(_ findings: String) -> String {
        "Your changes so far are in the working tree. They were checked, and this was found; "
            + "mend it:\n\n" + findings
    }
}

/// The names that may stand in a workflow's prompt.
enum PromptTemplate {
    static let names: Set<String> = [
        "issue.number", "issue.title", "issue.body", "issue.url", "issue.author", "issue.labels",
        "issue.comments", "repository", "branch", "agent.name", "run.id",
    ]

    static func values(issue: Issue, discussion: String, run: Run, agent: AgentDefinition)
        -> [String: String]
    {
        [
            "issue.number": String(issue.reference.number),
            "issue.title": issue.title,
            "issue.body": issue.body,
            "issue.url": issue.url,
            "issue.author": issue.author.rawValue,
            "issue.labels": issue.labels.joined(separator: ", "),
            "issue.comments": discussion,
            "repository": issue.reference.repository.description,
            "branch": run.branch.rawValue,
            "agent.name": agent.name.rawValue,
            "run.id": run.id.description,
        ]
    }
}
