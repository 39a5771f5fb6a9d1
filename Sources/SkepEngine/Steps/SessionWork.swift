internal import Logging
internal import SkepCore
internal import SkepQueue

/// An agent's session as part of a step: started, or adopted from an attempt whose worker is gone;
/// watched to its end; closed in a way that the next attempt understands.
struct SessionWork: Sendable {
    let context: StepContext
    /// Whether what it leaves in the workspace is worth keeping when it is stopped.
    let keepsWork: Bool

    /// Lends the workspace: that of the session that is to be adopted, else one made ready at
    /// `base`.
    func inWorkspace(
        at base: CommitID, _ body: (Workspace) async throws -> StepOutcome
    ) async throws -> StepOutcome {
        let request = WorkspaceRequest(
            run: context.run.id, repository: context.run.issue.repository, base: base,
            branch: context.run.branch, author: context.agent.definition.author,
            resumes: context.job.openSession?.workspacePath,
            keepsIgnored: context.workflow.keepsIgnored)
        do {
            return try await context.parts.workspaces.withWorkspace(request, body)
        } catch let error as WorkspaceGone {
            guard let session = context.job.openSession else { throw error }
            return try await abandon(session, because: error)
        }
    }

    /// Gives up a session whose workspace is no longer there. What it had committed before may be
    /// in the mirror.
    private func abandon(_ session: SessionRecord, because error: WorkspaceGone) async throws
        -> StepOutcome
    {
        try await context.parts.sessions.end(session.id)
        var outcome = StepOutcome(.retry(Failure(kind: "workspace_gone", message: error.what)))
        outcome.session = SessionClosing(
            id: session.id, ending: "\(SessionResult.Ending.lost)", outputBytes: 0)
        outcome.notes = ["\(error.what) Look for refs/skep/run-\(context.run.id)/ in the mirror."]
        return outcome
    }

    /// Has the session do what the prompt says, and gives its end to `judge`, whose outcome gets
    /// the session's closing.
    ///
    /// - Parameter announcement: Posted when a session is started, not when one is adopted.
    func run(
        _ prompt: String, on issue: Issue, in workspace: Workspace, from base: CommitID,
        announcing announcement: NewReport? = nil,
        judge: @escaping @Sendable (SessionResult) async throws -> StepOutcome
    ) async throws -> StepOutcome {
        let record = try await record(workspace, base, announcement)
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
            throw await interrupted(assignment, workspace)
        }
        context.logger.info(
            "Session ended",
            metadata: [
                LogKeys.session: "\(record.id)", LogKeys.outcome: "\(result.ending)",
            ])
        // The session is over and its work is there: a cancellation doesn't undo that.
        return try await uncancelled {
            var outcome = try await judge(result)
            if outcome.tail.isEmpty { outcome.tail = result.tail }
            outcome.session = SessionClosing(
                id: record.id, ending: "\(result.ending)", outputBytes: result.outputBytes)
            return outcome
        }
    }

    private func record(_ workspace: Workspace, _ base: CommitID, _ announcement: NewReport?)
        async throws -> SessionRecord
    {
        if let open = context.job.openSession { return open }
        let record = try await context.parts.store.openSession(
            context.lease.token, agent: context.agent.definition.name,
            workspacePath: workspace.path, base: base)
        if let announcement {
            try await context.parts.store.report([announcement], by: context.lease.token)
        }
        return record
    }

    /// Saves what a stopped session left; one that goes on keeps its workspace as it is.
    private func interrupted(_ assignment: Assignment, _ workspace: Workspace) async
        -> SessionInterrupted
    {
        guard context.ending() == .stop else {
            return SessionInterrupted(closing: nil, notes: [])
        }
        do {
            return try await uncancelled {
                let result = try await context.agent.withSession(assignment, in: workspace) {
                    try await $0.result()
                }
                let saved =
                    keepsWork
                    ? try await context.parts.workspaces.rescue(workspace, reason: "stopped") : nil
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
}

extension SessionResult.Ending {
    /// What a session that didn't come to its own good end means for its step; `nil` when it did.
    var setback: StepOutcome.Way? {
        switch self {
        case .exited(code: 0): nil
        case .startFailed(let why):
            .fail(Failure(kind: "start_failed", message: "it couldn't be started: \(why)"))
        // Stopped by somebody else: this worker would not be here.
        case .exited, .signalled, .timedOut, .outputLimit, .silent, .overLimit, .stopped, .lost:
            .retry(Failure(kind: "session", message: "\(self)"))
        }
    }
}
