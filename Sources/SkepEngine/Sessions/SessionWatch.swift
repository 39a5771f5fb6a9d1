internal import Logging
internal import SkepCore
internal import SkepQueue

/// Sees all that a session says, and ends it when it has used up its budget or goes round in
/// circles.
actor SessionWatch {
    private let context: StepContext
    private let session: SessionID
    private var budget: BudgetWatch
    private var progress: ProgressWatch
    private var tree: TreeState
    /// What the session's row says it has used, and how it is confined.
    private var noted: Usage
    private var notedOutput: Int64
    private var notedSandbox: SandboxReport?
    private var notesAgainAt: Duration
    /// When it is looked again what the others have used.
    private var looksAgainAt: Duration
    private let startedAt: Timestamp
    /// What was told before is told again, since the session was adopted.
    private let beginsAt: Timestamp

    /// How long what a session uses may stay unknown to the others that share its budgets: a model
    /// tells of its use every few seconds.
    static let noteInterval = Duration.seconds(1)
    /// The same for a session that says nothing of its use: time can be foreseen.
    static let lookInterval = Duration.seconds(5)

    init(
        _ context: StepContext, _ session: SessionRecord, _ budget: BudgetWatch,
        in workspace: Workspace
    ) {
        self.context = context
        self.session = session.id
        self.budget = budget
        progress = ProgressWatch(limit: context.agent.definition.limits.idleTurns)
        tree = TreeState(workspace.path)
        noted = session.facts.usage ?? Usage()
        notedOutput = session.outputBytes
        notedSandbox = session.facts.sandbox
        notesAgainAt = context.parts.clock.uptime
        looksAgainAt = notesAgainAt + Self.lookInterval
        startedAt = session.startedAt
        beginsAt = context.parts.clock.now
    }

    func take(_ event: SessionEvent) async -> Intervention? {
        // Called by one task, which waits for it: nobody else comes in between.
        let isOld = event.at < beginsAt
        var budget = budget
        let spent = await budget.take(event.kind, after: event.at - startedAt) {
            if !isOld { await warn($0) }
        }
        self.budget = budget
        if let spent { return Intervention(spent) }
        switch event.kind {
        case .usage:
            if await share(), let spent = self.budget.exhausted { return Intervention(spent) }
        case .sandbox(let report): await note(report)
        default: break
        }

        var (progress, tree) = (progress, tree)
        // The tree of then is gone: only what happens from now on can be judged.
        let circles = await progress.take(event.kind, isOld: isOld) {
            let (state, value) = await offPool { [tree] in
                var state = tree
                let value = state.current()
                return (state, value)
            }
            tree = state
            return value
        }
        self.progress = progress
        self.tree = tree
        return circles.map(Intervention.init)
    }

    /// Looks at what can be used up without a word.
    ///
    /// - Parameter printed: In bytes.
    func tick(printed: Int64) async -> Intervention? {
        let clock = context.parts.clock
        // What it told last may have come too soon after what was noted.
        _ = await share()
        if !budget.scopes.isEmpty, clock.uptime >= looksAgainAt {
            looksAgainAt = clock.uptime + Self.lookInterval
            do {
                budget.scopes = try await context.budgets(besides: session)
            } catch {
                context.logger.warning("Can't look at usage", metadata: [LogKeys.error: "\(error)"])
            }
        }
        var budget = budget
        let spent = await budget.look(after: clock.now - startedAt, printed: printed) {
            await warn($0)
        }
        self.budget = budget
        return spent.map(Intervention.init)
    }

    /// Writes down what the session has used, now and then, and looks what the others have. What is
    /// told again to a worker that adopted it is written already.
    ///
    /// - Returns: Whether it looked.
    private func share() async -> Bool {
        let now = context.parts.clock.uptime
        let (usage, printed) = (budget.meter.usage, budget.printed)
        let hasUsed = usage.tokens > noted.tokens
        let hasPrinted =
            printed > notedOutput && budget.scopes.contains { $0.budget.outputBytes != nil }
        guard hasUsed || hasPrinted, now >= notesAgainAt else { return false }
        notesAgainAt = now + Self.noteInterval
        do {
            try await context.parts.store.note(
                hasUsed ? usage : nil, outputBytes: max(printed, notedOutput), of: session,
                with: context.agent.definition.provider, by: context.lease.token)
            (noted, notedOutput) = (hasUsed ? usage : noted, max(printed, notedOutput))
            budget.scopes = try await context.budgets(besides: session)
            return true
        } catch {
            context.logger.warning("Can't note usage", metadata: [LogKeys.error: "\(error)"])
            return false
        }
    }

    private func note(_ sandbox: SandboxReport) async {
        guard sandbox != notedSandbox else { return }
        do {
            try await context.parts.store.note(sandbox, of: session, by: context.lease.token)
            notedSandbox = sandbox
        } catch {
            context.logger.warning("Can't note sandbox", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// What a session's row keeps of its end.
    func closing(_ result: SessionResult) -> SessionClosing {
        SessionClosing(session, result, usage: budget.meter.usage(of: result))
    }

    private func warn(_ text: String) async {
        context.logger.warning(
            "Limit nearly reached, or not held", metadata: [LogKeys.outcome: "\(text)"])
        do {
            try await context.parts.store.record(
                NewSwarmEvent(
                    .trouble, issue: context.run.issue, run: context.run.id,
                    agent: context.agent.definition.name, text: text))
        } catch {
            context.logger.warning("Can't tell event", metadata: [LogKeys.error: "\(error)"])
        }
    }
}
