/// What a session has used of a model: this session only, whatever it resumed.
///
/// The figures have one meaning for all agents; adapters that are told others convert them. Sources
/// that count a resumed session's earlier turns again are differenced.
public struct Usage: Sendable, Hashable, Codable {
    /// Tokens that the model read, those of its cache included.
    public var input: Int64
    /// Of these, tokens read from a cache.
    public var cachedInput: Int64
    /// Of these, tokens written to a cache.
    public var cacheWrites: Int64
    /// Tokens that the model wrote, its reasoning included.
    public var output: Int64
    /// Of these, reasoning.
    public var reasoning: Int64
    /// What the agent says it cost; `nil` when it doesn't say. Prices of our own come beside it.
    public var cost: Money?

    public init(
        input: Int64 = 0, cachedInput: Int64 = 0, cacheWrites: Int64 = 0, output: Int64 = 0,
        reasoning: Int64 = 0, cost: Money? = nil
    ) {
        self.input = input
        self.cachedInput = cachedInput
        self.cacheWrites = cacheWrites
        self.output = output
        self.reasoning = reasoning
        self.cost = cost
    }

    /// Read and written together.
    public var tokens: Int64 { input + output }

    public static func + (left: Usage, right: Usage) -> Usage {
        var sum = left
        sum.input += right.input
        sum.cachedInput += right.cachedInput
        sum.cacheWrites += right.cacheWrites
        sum.output += right.output
        sum.reasoning += right.reasoning
        if let cost = right.cost { sum.cost = (left.cost ?? .zero) + cost }
        return sum
    }

    /// What was used since an earlier reading of the same, growing figures; never below nothing.
    public func since(_ earlier: Usage) -> Usage {
        func difference(_ key: KeyPath<Usage, Int64>) -> Int64 {
            max(0, self[keyPath: key] - earlier[keyPath: key])
        }
        return Usage(
            input: difference(\.input), cachedInput: difference(\.cachedInput),
            cacheWrites: difference(\.cacheWrites), output: difference(\.output),
            reasoning: difference(\.reasoning),
            cost: cost.map {
                Money(microdollars: max(0, $0.microdollars - (earlier.cost?.microdollars ?? 0)))
            })
    }
}

/// An amount of US dollars, exact to a millionth.
public struct Money: Sendable, Hashable, Comparable, Codable {
    public var microdollars: Int64

    public init(microdollars: Int64) { self.microdollars = microdollars }

    public static let zero = Money(microdollars: 0)

    public static func + (left: Money, right: Money) -> Money {
        Money(microdollars: left.microdollars + right.microdollars)
    }

    public static func < (left: Money, right: Money) -> Bool {
        left.microdollars < right.microdollars
    }

    public init(from decoder: any Decoder) throws {
        microdollars = try decoder.singleValueContainer().decode(Int64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microdollars)
    }
}

extension Money: CustomStringConvertible {
    /// "$1,280.42", and "$0.0042" where cents would say nothing.
    public var description: String {
        let isSmall = microdollars.magnitude < 10_000
        let unit: Int64 = isSmall ? 100 : 10_000
        let digits = isSmall ? 4 : 2
        let rounded = (microdollars + unit / 2) / unit
        let scale: Int64 = isSmall ? 10_000 : 100
        var whole = String(rounded / scale)
        var index = whole.index(whole.endIndex, offsetBy: -3, limitedBy: whole.startIndex)
        while let place = index, place > whole.startIndex {
            whole.insert(",", at: place)
            index = whole.index(place, offsetBy: -3, limitedBy: whole.startIndex)
        }
        let rest = String(rounded % scale)
        return "$\(whole)." + String(repeating: "0", count: max(0, digits - rest.count)) + rest
    }
}
