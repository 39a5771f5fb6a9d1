internal import SkepCore

/// Holds a session to its agent's budgets: a warning once for each, then its end. Of the session's own
/// limits it only warns: its host holds it to them.
struct BudgetWatch {
    private let agent: AgentDefinition
    /// With what other sessions have used by now.
    var scopes: [BudgetScope]
    /// What the session has used so far.
    private(set) var meter: UsageMeter
    /// How long the session has run.
    private var time = Duration.zero
    /// What it has printed, in bytes.
    private(set) var printed: Int64 = 0
    private var warned: Set<String> = []

    init(_ agent: AgentDefinition, _ scopes: [BudgetScope], prices: PriceTable) {
        self.agent = agent
        self.scopes = scopes
        meter = UsageMeter(prices)
    }

    /// What is used up now.
    var exhausted: AgentFailure? {
        // What a person has to raise first: waiting for tomorrow wouldn't help then.
        scopes.first { $0.share(with: own) >= 1 }?.failure(of: agent.name, with: own)
    }

    private var own: UsageSum {
        UsageSum(usage: meter.usage, time: time, outputBytes: printed)
    }

    /// - Parameters:
    ///   - time: How long the session had run then.
    ///   - warn: Gets a sentence for people.
    mutating func take(
        _ event: SessionEvent.Kind, after time: Duration = .zero, warn: (String) async -> Void
    ) async -> AgentFailure? {
        switch event {
        case .began(let start):
            meter.take(start)
            return nil
        case .usage(let told):
            meter.take(told)
            await tellOfUnknownCost(warn)
            return await judge(after: time, warn)
        default: return nil
        }
    }

    /// Looks at a session that may say nothing.
    ///
    /// - Parameters:
    ///   - time: How long it has run.
    ///   - printed: In bytes.
    mutating func look(
        after time: Duration, printed: Int64, warn: (String) async -> Void
    ) async -> AgentFailure? {
        self.printed = max(self.printed, printed)
        let limits = agent.limits
        await tell(
            time / limits.time, of: "its time (\(limits.timeKey))", warn)
        await tell(
            Double(printed) / Double(limits.outputBytes), of: "its output (limits.output_mb)", warn)
        return await judge(after: time, warn)
    }

    private mutating func judge(after time: Duration, _ warn: (String) async -> Void) async
        -> AgentFailure?
    {
        self.time = max(self.time, time)
        if let exhausted { return exhausted }
        for scope in scopes { await tell(scope.share(with: own), of: scope.words, warn) }
        return nil
    }

    /// Says once that a budget of money can't hold.
    private mutating func tellOfUnknownCost(_ warn: (String) async -> Void) async {
        let limits = scopes.compactMap { scope in
            scope.budget.money.map { "\($0) for \(scope.kind.words)" }
        }
        guard !limits.isEmpty, meter.usage.tokens > 0, meter.usage.cost == nil,
            warned.insert("its cost").inserted
        else { return }
        let price = meter.model.map { "model \"\($0)\" has no price in prices.yaml" }
        await warn(
            "agent \(agent.name) isn't held to \(limits.joined(separator: " and ")): it hasn't told its "
                + "cost, and \(price ?? "its model isn't known"); a budget of tokens holds it")
    }

    /// Warns of something once, when enough of it is used; of what is used up its end tells.
    private mutating func tell(
        _ share: Double, of what: String, _ warn: (String) async -> Void
    ) async {
        guard share < 1, share * 100 >= Double(agent.budgets.warnsAtPercent),
            warned.insert(what).inserted
        else { return }
        await warn("agent \(agent.name) has used \(Int(share * 100)) % of \(what)")
    }
}
