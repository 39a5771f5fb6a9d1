/// What an agent may do that it asks leave for, by what it is. Everything is allowed by default: it
/// works inside its sandbox, and nobody sits beside it.
public struct PermissionPolicy: Sendable, Hashable {
    public var refused: Set<ToolCall.Purpose>

    public init(refused: Set<ToolCall.Purpose> = []) { self.refused = refused }

    public func allows(_ purpose: ToolCall.Purpose) -> Bool { !refused.contains(purpose) }

    /// Reads `permissions: {refuse: [fetch, delete]}`.
    public init(_ reader: SettingsReader?) {
        self.init()
        guard let reader else { return }
        for word in reader.texts("refuse") ?? [] {
            if let purpose = ToolCall.Purpose(rawValue: word) {
                refused.insert(purpose)
            } else {
                reader.mistake(
                    "\"\(word)\" is nothing that leave is asked for: read, edit, delete, move, "
                        + "search, execute, think, fetch, other",
                    at: reader.location(of: "refuse", word))
            }
        }
        reader.finish()
    }
}

/// How much may be spent before work is stopped. `nil`: as much as it likes.
public struct Budget: Sendable, Hashable, Codable {
    /// Read and written together.
    public var tokens: Int64?
    public var money: Money?
    /// The lengths of all sessions together.
    public var time: Duration?
    /// What they have printed, in bytes.
    public var outputBytes: Int64?

    public init(
        tokens: Int64? = nil, money: Money? = nil, time: Duration? = nil, outputBytes: Int64? = nil
    ) {
        self.tokens = tokens
        self.money = money
        self.time = time
        self.outputBytes = outputBytes
    }

    public var isUnlimited: Bool {
        tokens == nil && money == nil && time == nil && outputBytes == nil
    }

    /// "2,000,000 tokens, $5.00, 90 minutes, 256 MiB of output"; empty: no limit.
    public var words: String {
        Self.words(tokens: tokens, money: money, time: time, outputBytes: outputBytes)
    }

    /// The same of what was used of it.
    public func words(of used: UsageSum) -> String {
        Self.words(
            tokens: tokens.map { _ in used.usage.tokens },
            money: money.map { _ in used.usage.cost ?? .zero }, time: time.map { _ in used.time },
            outputBytes: outputBytes.map { _ in used.outputBytes })
    }

    private static func words(
        tokens: Int64?, money: Money?, time: Duration?, outputBytes: Int64?
    ) -> String {
        [
            tokens.map { Phrase.count($0, "token") }, money.map { "\($0)" },
            time.map { Phrase.count($0.components.seconds / 60, "minute") },
            outputBytes.map { "\(Phrase.grouped(Int($0 >> 20))) MiB of output" },
        ].compactMap(\.self).joined(separator: ", ")
    }
}

/// An agent's budgets: for one run, for all its runs on one issue, and for all it does on one day
/// (in Skep's time zone).
public struct Budgets: Sendable, Hashable {
    public var run: Budget
    public var issue: Budget
    public var day: Budget
    /// The share of a budget, or of a session's time or output, from which a warning is told, in per
    /// cent. 80 by default.
    public var warnsAtPercent: Int

    public init(
        run: Budget = Budget(), issue: Budget = Budget(), day: Budget = Budget(),
        warnsAtPercent: Int = 80
    ) {
        self.run = run
        self.issue = issue
        self.day = day
        self.warnsAtPercent = warnsAtPercent
    }
}

/// A server of tools that an agent is given, by the Model Context Protocol.
public struct ToolServer: Sendable, Hashable {
    public enum Transport: Sendable, Hashable {
        case command([String], environment: [String: String])
        case http(url: String, headers: [String: String])
    }
    public var name: String
    public var transport: Transport

    public init(name: String, transport: Transport) {
        self.name = name
        self.transport = transport
    }
}

/// An account with the provider of a model: what is out of quota together. Agents that share a
/// subscription or a key name the same one.
public struct ProviderAccount: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}
