internal import SkepCore
internal import SkepQueue

/// One of an agent's budgets, with what of it other sessions have used, those that run too.
struct BudgetScope: Sendable {
    enum Kind: String, Sendable {
        case run, issue, day

        /// "a run".
        var words: String { self == .issue ? "an issue" : "a \(rawValue)" }
    }

    let kind: Kind
    let budget: Budget
    let used: UsageSum
    /// When there is more of it; `nil`: when a person raises it.
    let renewsAt: Timestamp?

    /// The share of it that is used with `more` added; 1 is all.
    func share(with more: UsageSum = UsageSum()) -> Double {
        let all = used + more
        let tokens = budget.tokens.map { Double(all.usage.tokens) / Double($0) }
        let money = budget.money.map { limit in
            Double(all.usage.cost?.microdollars ?? 0) / Double(max(limit.microdollars, 1))
        }
        let time = budget.time.map { all.time / $0 }
        let output = budget.outputBytes.map { Double(all.outputBytes) / Double($0) }
        return max(tokens ?? 0, money ?? 0, time ?? 0, output ?? 0)
    }

    /// "the budget for a day (2,000,000 tokens, $5.00)".
    var words: String { "the budget for \(kind.words) (\(budget.words))" }

    /// - Parameter more: Used besides.
    func failure(of agent: AgentName, with more: UsageSum) -> AgentFailure {
        let has = budget.words(of: used + more)
        return AgentFailure(
            type: .budget, message: "agent \(agent) has used \(has) of \(words)",
            evidence: [
                FailureEvidence(rule: "budget/\(kind.rawValue)@1", source: "usage", text: has)
            ],
            resetsAt: renewsAt)
    }
}

extension SwarmParts {
    /// The agent's budgets that have a limit, as far as they concern an issue and a run.
    ///
    /// - Parameter session: One whose usage is known otherwise.
    func budgets(
        of agent: AgentDefinition, on issue: IssueReference?, in run: RunID?,
        besides session: SessionID? = nil
    ) async throws -> [BudgetScope] {
        let budgets = agent.budgets
        var scopes: [BudgetScope] = []
        func add(
            _ kind: BudgetScope.Kind, _ budget: Budget, _ scope: UsageScope?,
            renewsAt: Timestamp? = nil
        ) async throws {
            guard !budget.isUnlimited, let scope else { return }
            let used = try await store.usage(of: scope, besides: session, at: clock.now)
            scopes.append(
                BudgetScope(kind: kind, budget: budget, used: used, renewsAt: renewsAt))
        }
        try await add(.run, budgets.run, run.map(UsageScope.run))
        try await add(.issue, budgets.issue, issue.map { .issue($0, agent.name) })
        let day = LocalTime.machine.day(around: clock.now)
        try await add(
            .day, budgets.day, .period(agent.name, from: day.start, to: day.end),
            renewsAt: day.end)
        return scopes
    }
}

extension StepContext {
    /// The budgets that the step's session is held to.
    func budgets(besides session: SessionID?) async throws -> [BudgetScope] {
        try await parts.budgets(
            of: agent.definition, on: run.issue, in: run.id, besides: session)
    }
}
