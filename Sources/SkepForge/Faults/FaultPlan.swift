/// Faults that a server has on purpose, for trying out clients.
///
/// Whether a request is hit follows from the seed and from how many requests came before it, so
/// that the same requests in the same order fail in the same way.
public struct FaultPlan: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The write is done, and its answer is 500.
        case errorAfterWrite = "500-after-write"
        /// 502; nothing was done.
        case badGateway = "502"
        /// 429 with `Retry-After: 1`; nothing was done.
        case tooMany = "429"
        /// 307 to the same place; nothing was done.
        case redirect
        /// The answer comes late.
        case slow
        /// The connection ends in the middle of the answer's body. What was asked for is done.
        case cut
        /// A list's page brings the one before it once more.
        case repeatPage = "repeat-page"
    }

    /// How often a rule strikes.
    public enum Amount: Sendable, Equatable {
        /// 0 to 1, of the requests that it is for.
        case rate(Double)
        /// The first so many requests that it is for.
        case first(Int)
    }

    public struct Rule: Sendable, Equatable {
        public let kind: Kind
        public let amount: Amount
        /// "POST" and the like; any if `nil`.
        public var method: String?
        /// Of the path below /api/v1, with "*" for any text in a segment and "**" for any text;
        /// any path if `nil`.
        public var path: String?

        public init(_ kind: Kind, _ amount: Amount, method: String? = nil, path: String? = nil) {
            self.kind = kind
            self.amount = amount
            self.method = method
            self.path = path
        }
    }

    public var rules: [Rule]
    public var seed: UInt64
    /// How late a slow answer comes. 1 s by default.
    public var delay: Duration

    public init(_ rules: [Rule] = [], seed: UInt64 = 1, delay: Duration = .seconds(1)) {
        self.rules = rules
        self.seed = seed
        self.delay = delay
    }

    /// Reads a plan such as "500-after-write=0.05,cut=2x@POST:repos/*/*/issues,seed=7".
    ///
    /// A fault has a rate from 0 to 1, or a count with an "x" behind it; a method, a path or both
    /// may follow after "@". "slow-ms" is the delay in milliseconds.
    ///
    /// - Throws: `ForgeError.invalidFault`, naming the part.
    public init(parsing text: String) throws(ForgeError) {
        self.init()
        for part in text.split(separator: ",") {
            let part = String(part.filter { $0 != " " })
            guard let equals = part.firstIndex(of: "=") else { throw .invalidFault(part) }
            let name = String(part[..<equals])
            let value = part[part.index(after: equals)...]
            switch name {
            case "seed":
                guard let number = UInt64(value) else { throw .invalidFault(part) }
                seed = number
            case "slow-ms":
                guard let number = Int(value), (0...600_000).contains(number) else {
                    throw .invalidFault(part)
                }
                delay = .milliseconds(number)
            default:
                guard let kind = Kind(rawValue: name), let rule = Rule(kind, parsing: value) else {
                    throw .invalidFault(part)
                }
                rules.append(rule)
            }
        }
    }
}

extension FaultPlan.Rule {
    fileprivate init?(_ kind: FaultPlan.Kind, parsing text: Substring) {
        let halves = text.split(separator: "@", maxSplits: 1)
        guard let amount = halves.first else { return nil }
        if amount.hasSuffix("x") {
            guard let count = Int(amount.dropLast()), count >= 0 else { return nil }
            self.init(kind, .first(count))
        } else {
            guard let rate = Double(amount), (0...1).contains(rate) else { return nil }
            self.init(kind, .rate(rate))
        }
        guard halves.count > 1 else { return }
        let place = halves[1]
        if let colon = place.firstIndex(of: ":") {
            method = place[..<colon].uppercased()
            let rest = place[place.index(after: colon)...]
            path = rest.isEmpty ? nil : String(rest)
        } else {
            path = String(place)
        }
    }
}
