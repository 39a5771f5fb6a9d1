internal import SkepCore

/// Follows what a session says it has used, and knows what that cost. Budgets hold it to the same figures
/// that its row keeps.
struct UsageMeter: Sendable {
    private let prices: PriceTable
    /// As it told it itself.
    private(set) var model: String?
    /// What the session has used so far, with its cost where that is known.
    private(set) var usage = Usage()
    /// What the cost was told for that was told last: turns that have ended.
    private var settled = Usage()

    init(_ prices: PriceTable) {
        self.prices = prices
    }

    mutating func take(_ start: SessionStart) {
        model = start.model ?? model
    }

    mutating func take(_ told: Usage) {
        usage = told
        usage.cost = cost(of: told)
    }

    /// What a session used that is over; `nil`: it didn't say.
    func usage(of result: SessionResult) -> Usage? {
        guard let told = result.usage else { return nil }
        var meter = self
        if let start = result.start { meter.take(start) }
        meter.take(told)
        return meter.usage
    }

    /// What is told, and for what isn't covered by that, the price of its model.
    private mutating func cost(of told: Usage) -> Money? {
        guard let cost = told.cost else { return prices.cost(of: told, model: model) }
        // One that doesn't grow with the tokens is of the turns that have ended.
        if cost != settled.cost || cost == .zero { settled = told }
        return cost + (prices.cost(of: told.since(settled), model: model) ?? .zero)
    }
}
