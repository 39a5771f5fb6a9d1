public import SkepCore

/// What can be known of an agent on this machine without starting a session.
public protocol InspectableAgent: Agent {
    /// The word that its adapter looks for: a name, or a path.
    var programName: String { get }
    /// Its file; `nil` when there is none.
    var programPath: String? { get }
    /// What `program --version` prints first, in its sandbox and with an empty home; `nil` when it prints
    /// nothing within five seconds. An adapter for any program doesn't ask.
    func version() async -> String?
    /// Which of its budgets can't hold, why, and what can: "usd can't hold it …"; `nil`: they can, as
    /// far as that is known.
    func looseBudgets(_ prices: PriceTable) -> String?
    /// Whether a secret's value is there. Its value is never shown.
    func hasSecret(_ name: String) async -> Bool
    /// The files of the operator's home that it needs, and whether they are there.
    var logins: [(path: String, isThere: Bool)] { get }
    /// What a session that works would have in force here, found by trying it; `nil` when it can't
    /// be tried.
    func sandbox() async -> SandboxReport?
}

extension HostedAgent: InspectableAgent {
    var programName: String { adapter.program }

    var programPath: String? { try? program(in: plainEnvironment(house.loginHome)) }

    func hasSecret(_ name: String) async -> Bool {
        guard let source = definition.secrets[name] else { return false }
        return (try? await house.value(of: source))?.isEmpty == false
    }

    var logins: [(path: String, isThere: Bool)] {
        definition.home.needed.map { ("~/" + $0, FileStatus.exists(house.loginHome + "/" + $0)) }
    }

    func looseBudgets(_ prices: PriceTable) -> String? {
        let budgets = [definition.budgets.run, definition.budgets.issue, definition.budgets.day]
        let hasMoney = budgets.contains { $0.money != nil }
        if !adapter.tellsUsage, hasMoney || budgets.contains(where: { $0.tokens != nil }) {
            return "usd and tokens can't hold it, since it doesn't tell what it uses; minutes and "
                + "output_mb can"
        }
        guard hasMoney, let model = adapter.model, prices.cost(of: Usage(), model: model) == nil
        else { return nil }
        return "usd can't hold it unless it tells its cost: model \"\(model)\" has no price in "
            + "prices.yaml; tokens can"
    }

    func sandbox() async -> SandboxReport? {
        guard let level = definition.sandbox.level(isReadOnly: false) else {
            return SandboxReport(level: .none, measures: [])
        }
        return try? await SandboxProbe(host: house.host, level: level, user: house.user).report
    }
}
