public import SkepCore
public import SkepQueue

/// Plans and begins burn-downs. What is begun is kept going by `BurndownKeeper`.
public struct Burndowns: Sendable {
    private let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// Plans a burn-down and writes it down, once for each cause.
    ///
    /// - Parameters:
    ///   - settings: Without repositories: all that are configured. Without agents: the workflow's
    ///     default one.
    ///   - until: When nothing more is started; `nil`: when the plan is done.
    ///   - cause: "tick:burndown:1790000000000", "command:3fa2".
    /// - Returns: Its number, also when the cause began one before.
    /// - Throws: `BurndownError` and `EngineError` when it isn't begun; what the tracker and the
    ///   store throw.
    public func start(_ settings: BurndownSettings, until: Timestamp?, cause: String) async throws
        -> BurndownID
    {
        if let before = try await begun(by: cause) { return before }
        let (settings, workflow) = try completed(settings)
        try check(workflow, until: until)
        let repositories = Set(settings.repositories)
        for other in try await parts.store.burndowns(openOnly: true, limit: Self.many) {
            if let common = other.settings.repositories.first(where: repositories.contains) {
                throw BurndownError.stillRunning(other.id, common)
            }
        }
        let plan = try await plan(settings, workflow)
        if !plan.contains(where: { $0.decision == .planned }), let first = plan.first {
            throw BurndownError.nothingToStart(
                skipped: plan.count, firstReason: "\(first.issue): \(first.reason ?? "")")
        }
        return try await parts.store.open(settings, until: until, cause: cause, plan: plan)
    }

    /// The plan that `start` would write down: those planned, then those skipped, with the reasons.
    ///
    /// - Throws: As `start` does where there is no plan at all: `EngineError`,
    ///   `BurndownError.noRepositories` and `.noIssues`.
    public func dryRun(_ settings: BurndownSettings) async throws -> [BurndownItem] {
        let (settings, workflow) = try completed(settings)
        return try await plan(settings, workflow)
    }

    /// Has a burn-down start nothing more, and end with its report.
    ///
    /// - Parameters:
    ///   - reason: "cancelled by ann".
    ///   - isStopping: Stops its runs as well; else it ends as its settings say.
    /// - Throws: `BurndownError.noSuchBurndown`, `.hasEnded`.
    public func close(_ id: BurndownID, because reason: String, stoppingRuns isStopping: Bool)
        async throws
    {
        guard let (burndown, items) = try await parts.store.burndown(id) else {
            throw BurndownError.noSuchBurndown(id)
        }
        guard burndown.state != .ended else { throw BurndownError.hasEnded(id) }
        try await parts.store.close(id, because: reason)
        guard isStopping else { return }
        let runs = Set(items.compactMap(\.run))
        let filter = RunFilter(openOnly: true, limit: Self.all)
        for run in try await parts.store.runs(matching: filter) where runs.contains(run.run.id) {
            try await Withdrawals(parts: parts).stop(run.run, "its burn-down ends: \(reason)")
        }
    }

    // MARK: What is meant

    private static let many = 1000
    static let all = 100_000

    /// The newest are enough: a cause is tried again within hours.
    private func begun(by cause: String) async throws -> BurndownID? {
        try await parts.store.burndowns(openOnly: false, limit: Self.many)
            .first { $0.cause == cause }?.id
    }

    /// Fills in what the settings leave open.
    private func completed(_ settings: BurndownSettings) throws -> (BurndownSettings, Workflow) {
        let known = parts.workflows.map(\.name)
        // One that only plans for another has nothing to go through.
        let byDefault = WorkflowCatalog.standard(of: parts.workflows)
        guard let workflow = try settings.workflow.map(parts.workflow) ?? byDefault
        else { throw EngineError.noSuchWorkflow(settings.workflow ?? "fix", known: known) }
        var settings = settings
        settings.workflow = workflow.name
        if settings.repositories.isEmpty { settings.repositories = parts.dispatch.repositories }
        settings.repositories = settings.repositories.removingRepeats()
        guard !settings.repositories.isEmpty else { throw BurndownError.noRepositories }
        if settings.agents.isEmpty {
            guard let byDefault = workflow.defaultAgent else {
                throw EngineError.noDefaultAgent(workflow.name)
            }
            settings.agents = [byDefault]
        }
        settings.agents = settings.agents.removingRepeats()
        for name in settings.agents { _ = try parts.agent(name) }
        return (settings, workflow)
    }

    private func check(_ workflow: Workflow, until: Timestamp?) throws {
        guard let until else { return }
        let now = parts.clock.now
        guard until > now else { throw BurndownError.windowClosed(until: until) }
        if let hours = workflow.hours, !hours.contain(now) {
            guard let opening = hours.nextOpening(after: now), opening < until else {
                throw BurndownError.neverOpens(workflow.name, until: until)
            }
        }
    }

    private func plan(_ settings: BurndownSettings, _ workflow: Workflow) async throws
        -> [BurndownItem]
    {
        let plan = try await BurndownPlanner(parts: parts).plan(settings, workflow: workflow)
        guard !plan.isEmpty else {
            throw BurndownError.noIssues(labels: settings.labels, settings.repositories)
        }
        return plan
    }
}
