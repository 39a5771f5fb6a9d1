internal import SkepCore

/// Holds a session to its agent's budgets: a warning once for each, then its end.
struct BudgetWatch {
    private let agent: AgentDefinition
    /// With what other sessions have used by now.
    var scopes: [BudgetScope]
    private let prices: PriceTable
    private var model: String?
    /// What the session has used so far, with its cost where that is known.
    private(set) var usage = Usage()
    private var warned: Set<BudgetScope.Kind> = []

    init(_ agent: AgentDefinition, _ scopes: [BudgetScope], prices: PriceTable) {
        self.agent = agent
        self.scopes = scopes
        self.prices = prices
    }

    /// What is used up now.
    var exhausted: AgentFailure? {
        // What a person has to raise first: waiting for tomorrow wouldn't help then.
        scopes.first { $0.share(with: usage) >= 1 }?.failure(of: agent.name, with: usage)
    }

    /// - Parameter warn: Gets a sentence for people.
    mutating func take(
        _ event: SessionEvent.Kind, warn: (String) async -> Void
    ) async -> AgentFailure? {
        switch event {
        case .began(let start): model = start.model ?? model
        case .usage(let told):
            usage = told
            usage.cost = told.cost ?? prices.cost(of: told, model: model)
            if let exhausted { return exhausted }
            let level = Double(agent.budgets.warnsAtPercent) / 100
            for scope in scopes where scope.share(with: usage) >= level {
                guard warned.insert(scope.kind).inserted else { continue }
                let percent = Int(scope.share(with: usage) * 100)
                await warn("agent \(agent.name) has used \(percent) % of \(scope.words)")
            }
        default: break
        }
        return nil
    }
}
