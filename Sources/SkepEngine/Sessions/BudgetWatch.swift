internal import SkepCore

/// Holds a session to its agent's budgets: a warning once for each, then its end. Of the session's own
/// limits it only warns: its host holds it to them.
struct BudgetWatch {
    private let agent: AgentDefinition
    /// With what other sessions have used by now.
    var scopes: [BudgetScope]
    private let prices: PriceTable
    private var model: String?
    /// What the session has used so far, with its cost where that is known.
    private(set) var usage = Usage()
    /// What the cost was told for that was told last: turns that have ended.
    private var settled = Usage()
    /// How long the session has run.
    private var time = Duration.zero
    private var warned: Set<String> = []

    init(_ agent: AgentDefinition, _ scopes: [BudgetScope], prices: PriceTable) {
        self.agent = agent
        self.scopes = scopes
        self.prices = prices
    }

    /// What is used up now.
    var exhausted: AgentFailure? {
        // What a person has to raise first: waiting for tomorrow wouldn't help then.
        scopes.first { $0.share(with: own) >= 1 }?.failure(of: agent.name, with: own)
    }

    private var own: UsageSum { UsageSum(usage: usage, time: time) }

    /// - Parameters:
    ///   - time: How long the session had run then.
    ///   - warn: Gets a sentence for people.
    mutating func take(
        _ event: SessionEvent.Kind, after time: Duration = .zero, warn: (String) async -> Void
    ) async -> AgentFailure? {
        switch event {
        case .began(let start):
            model = start.model ?? model
            return nil
        case .usage(let told):
            usage = told
            usage.cost = cost(of: told)
            return await judge(after: time, warn)
        default: return nil
        }
    }

    /// What is told, and for what isn't covered by that, the price of its model.
    private mutating func cost(of told: Usage) -> Money? {
        guard let cost = told.cost else { return prices.cost(of: told, model: model) }
        // One that doesn't grow with the tokens is of the turns that have ended.
        if cost != settled.cost || cost == .zero { settled = told }
        return cost + (prices.cost(of: told.since(settled), model: model) ?? .zero)
    }

    /// Looks at a session that may say nothing.
    ///
    /// - Parameters:
    ///   - time: How long it has run.
    ///   - printed: In bytes.
    mutating func look(
        after time: Duration, printed: Int64, warn: (String) async -> Void
    ) async -> AgentFailure? {
        let limits = agent.limits
        await tell(
            time / limits.time, of: "its time (limits.minutes)", warn)
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

    /// Warns of something once, when enough of it is used.
    private mutating func tell(
        _ share: Double, of what: String, _ warn: (String) async -> Void
    ) async {
        guard share * 100 >= Double(agent.budgets.warnsAtPercent), warned.insert(what).inserted
        else { return }
        await warn("agent \(agent.name) has used \(Int(share * 100)) % of \(what)")
    }
}
