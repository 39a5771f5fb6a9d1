/// What models cost, for agents that tell their tokens and not their price.
public struct PriceTable: Sendable, Hashable {
    /// Prices of a million tokens each.
    public struct Price: Sendable, Hashable {
        public var input: Money
        public var cachedInput: Money
        public var cacheWrites: Money
        /// Reasoning included.
        public var output: Money

        public init(
            input: Money, cachedInput: Money? = nil, cacheWrites: Money? = nil, output: Money
        ) {
            self.input = input
            self.cachedInput = cachedInput ?? input
            self.cacheWrites = cacheWrites ?? input
            self.output = output
        }
    }

    /// By the model's name, lower case.
    public var prices: [String: Price]
    /// The day they were looked up: "2026-11-20".
    public var lookedUp: String

    public init(_ prices: [String: Price] = [:], lookedUp: String = "") {
        self.prices = prices
        self.lookedUp = lookedUp
    }

    /// Reads `{looked_up: 2026-11-20, models: {NAME: {input: 3, cached: 0.30, cache_write: 3.75,
    /// output: 15}}}`: US dollars for a million tokens.
    public init(_ reader: SettingsReader) {
        self.init(lookedUp: reader.text("looked_up") ?? "")
        if let models = reader.map("models", of: "models") {
            for name in models.keys {
                guard let model = models.map(name, of: "models.\(name)") else { continue }
                prices[name.lowercased()] = Self.price(model, name)
                model.finish()
            }
            models.finish()
        }
        reader.finish()
    }

    private static func price(_ reader: SettingsReader, _ name: String) -> Price? {
        func money(_ key: String) -> Money? {
            guard let text = reader.text(key) else { return nil }
            if let money = Money(text) { return money }
            reader.mistake(
                "\"\(key)\" is an amount such as 2.50, not \"\(text)\"",
                at: reader.location(of: key))
            return nil
        }
        let (input, cached, writes, output) = (
            money("input"), money("cached"), money("cache_write"), money("output")
        )
        guard let input, let output else {
            reader.mistake("\"\(name)\" needs \"input\" and \"output\"", at: reader.location)
            return nil
        }
        return Price(input: input, cachedInput: cached, cacheWrites: writes, output: output)
    }

    /// These prices, and those of `base` for models that aren't here.
    public func over(_ base: PriceTable) -> PriceTable {
        PriceTable(
            base.prices.merging(prices) { _, own in own },
            lookedUp: lookedUp.isEmpty ? base.lookedUp : lookedUp)
    }

    /// What a usage cost; `nil` when the model isn't known.
    public func cost(of usage: Usage, model: String?) -> Money? {
        guard let model, let price = price(of: model) else { return nil }
        let plain = max(0, usage.input - usage.cachedInput - usage.cacheWrites)
        let parts = [
            (plain, price.input), (usage.cachedInput, price.cachedInput),
            (usage.cacheWrites, price.cacheWrites), (usage.output, price.output),
        ]
        let cost = parts.reduce(0.0) { $0 + Double($1.0) * Double($1.1.microdollars) / 1_000_000 }
        return Money(microdollars: Int64(cost.rounded()))
    }

    /// The price of a model by its name, with a provider before it ("anthropic/…") or a date behind
    /// it ("…-20250929") or without.
    private func price(of model: String) -> Price? {
        let name = model.lowercased().split(separator: "/").last.map(String.init) ?? ""
        if let price = prices[name] { return price }
        let nearest = prices.keys.filter { known in
            guard name.hasPrefix(known) else { return false }
            let rest = name.dropFirst(known.count)
            // Not "-5", which is another model.
            let date = rest.dropFirst().filter { $0 != "-" }
            return rest == "[1m]" || rest.first == ":"
                || ("-@".contains(rest.first ?? " ") && date.count >= 6
                    && date.allSatisfy(\.isNumber))
        }.max { $0.count < $1.count }
        return nearest.flatMap { prices[$0] }
    }
}
