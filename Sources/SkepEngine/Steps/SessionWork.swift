internal import Logging
internal import SkepCore
internal import SkepQueue

/// An agent's session as part of a step: started, or adopted from an attempt whose worker is gone;
/// watched to its end; closed in a way that the next attempt understands.
struct SessionWork: Sendable {
    let context: StepContext
    /// Whether what it leaves in the workspace is worth keeping when it is stopped.
    let keepsWork: Bool
    /// The session that the next one goes on with, in its workspace as it was left.
    private(set) var resumed: SessionRecord?

    init(context: StepContext, keepsWork: Bool) {
        self.context = context
        self.keepsWork = keepsWork
        resumed = context.job.resumable(keepsWork: keepsWork)
    }

    /// Lends the workspace: that of the session that is to be adopted or gone on with, else one made
    /// ready at `base`.
    ///
    /// - Parameter body: Gets the work as it is to be done there.
    func inWorkspace(
        at base: CommitID, _ body: (SessionWork, Workspace) async throws -> StepOutcome
    ) async throws -> StepOutcome {
        let request = WorkspaceRequest(
            run: context.run.id, repository: context.run.issue.repository, base: base,
            branch: context.run.branch, author: context.agent.definition.author,
            resumes: (context.job.openSession ?? resumed)?.workspacePath,
            keepsIgnored: context.workflow.keepsIgnored, keeps: context.keptFolders)
        do {
            return try await context.parts.workspaces.withWorkspace(request) {
                try await body(self, $0)
            }
        } catch let error as WorkspaceGone {
            if let session = context.job.openSession {
                return try await abandon(session, because: error)
            }
            guard resumed != nil else { throw error }
            var anew = self
            anew.resumed = nil
            return try await anew.inWorkspace(at: base, body)
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
    /// - Parameters:
    ///   - announcement: Posted when a session is started, not when one is adopted.
    ///   - answer: How the agent goes on with a session that ended with a question.
    ///   - judge: Called before anything is done with the workspace.
    func run(
        _ prompt: String, on issue: Issue, in workspace: Workspace, from base: CommitID,
        announcing announcement: NewReport? = nil, answer: Resumption? = nil,
        judge: @escaping @Sendable (Leavings) async throws -> StepOutcome
    ) async throws -> StepOutcome {
        let budget = BudgetWatch(
            context.agent.definition,
            try await context.budgets(besides: context.job.openSession?.id),
            prices: context.parts.prices)
        if context.job.openSession == nil {
            if let failure = budget.exhausted { return StepOutcome(StepOutcome.Way(failure)) }
            if let failed = try await SetUp(context)?.makeReady(workspace) { return failed }
        }
        let record = try await record(workspace, base, announcement)
        let setUp = try await SetUp(context)?.environment(withFiles: keepsWork)
        let watch = SessionWatch(context, record, budget, in: workspace)
        let goesOn = resumed.map(Self.resumePrompt)
        let mail = try await mail()
        let assignment = Assignment(
            session: record.id, run: context.run.id, issue: issue,
            prompt: PromptTemplate.joined([prompt, goesOn, mail]),
            resumes: resumed?.facts.vendorSession ?? answer?.vendorSession,
            resumePrompt: (goesOn ?? answer?.prompt).map { PromptTemplate.joined([$0, mail]) },
            isReadOnly: context.definition.isReadOnly, environment: setUp?.values ?? [:],
            secrets: setUp?.secrets ?? [:],
            watch: { await watch.take($0) }, tick: { await watch.tick(printed: $0) },
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
            throw await interrupted(assignment, watch, workspace)
        }
        context.logger.info(
            "Session ended",
            metadata: [
                LogKeys.session: "\(record.id)", LogKeys.outcome: "\(result.ending)",
            ])
        // The session is over and its work is there: a cancellation doesn't undo that.
        return try await uncancelled {
            let screen = try await context.secretScreen()
            var outcome = try await judge(
                Leavings(
                    result: result,
                    document: await OutputDocument.read(in: workspace, screen), screen: screen))
            if outcome.tail.isEmpty { outcome.tail = result.tail }
            outcome.session = await watch.closing(result)
            outcome.account = AccountVerdict(result, of: context.agent.definition.provider)
            return outcome
        }
    }

    /// What an agent is told that goes on with its session.
    private static func resumePrompt(_ session: SessionRecord) -> String {
        let why = session.facts.failure.map { " (\($0.type.words))" } ?? ""
        return """
            Your session was interrupted\(why). The working tree is as you left it. Go on with the \
            task where you were, and finish it.
            """
    }

    /// What people said to the agent's sessions before this one that it hasn't heard: since the newest
    /// that had its prompt, in which all stood that was said before.
    private func mail() async throws -> String? {
        let agent = context.agent
        let ended = try await context.parts.store.history(of: context.run.id).sessions.filter {
            $0.agent == agent.definition.name && $0.endedAt != nil
        }
        var texts: [String] = []
        for session in ended.reversed() {
            do {
                let unheard = try await agent.unheard(in: session.id)
                texts = unheard.texts + texts
                if unheard.wasPrompted { break }
            } catch {
                // A log that is damaged keeps no work back.
                context.logger.warning(
                    "Can't read what was said to a session",
                    metadata: [
                        LogKeys.session: "\(session.id)", LogKeys.error: "\(error)",
                    ])
            }
        }
        guard !texts.isEmpty else { return nil }
        return "This was said to you, and you haven't heard it yet:\n\n"
            + texts.joined(separator: "\n\n")
    }

    private func record(_ workspace: Workspace, _ base: CommitID, _ announcement: NewReport?)
        async throws -> SessionRecord
    {
        if let open = context.job.openSession {
            // Whoever stopped it may not have come to end it.
            if open.stop != nil { try await context.agent.stop(open.id) }
            return open
        }
        let record = try await context.parts.store.openSession(
            context.lease.token, agent: context.agent.definition.name,
            workspacePath: workspace.path, base: base)
        if let announcement {
            try await context.parts.store.report([announcement], by: context.lease.token)
        }
        return record
    }

    /// Saves what a stopped session left; one that goes on keeps its workspace as it is.
    private func interrupted(
        _ assignment: Assignment, _ watch: SessionWatch, _ workspace: Workspace
    ) async -> SessionInterrupted {
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
                    closing: await watch.closing(result),
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
