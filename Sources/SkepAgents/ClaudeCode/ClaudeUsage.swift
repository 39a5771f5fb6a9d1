import SkepCore

/// Adds up what a session used.
///
/// A result tells of its own turn in `model_usage_since_last_result` (all models, the cheap one of its
/// side calls too) and in `usage` (older versions have only that); `modelUsage` and `total_cost_usd`
/// go on counting when a session is resumed, and aren't read.
struct ClaudeUsage: Sendable {
    /// Of the turns that have ended.
    private var ended = Usage()
    /// What the answers of this turn have told so far. How much the model wrote they tell only where
    /// they are told in pieces, with the last one.
    private var running = Usage()
    private var answers: [String: Usage] = [:]

    var sum: Usage { ended + running }

    /// True: it tells something new.
    ///
    /// - Parameter answer: Its message's id. Its blocks come one by one, and each says the same.
    mutating func take(_ figures: JSONValue?, of answer: String?) -> Bool {
        guard let answer else { return false }
        let known = answers[answer] ?? Usage()
        let more = Self.usage(figures).since(known)
        guard more.tokens > 0 else { return false }
        answers[answer] = known + more
        running = running + more
        return true
    }

    mutating func take(result: JSONValue) {
        running = Usage()
        answers = [:]
        let models = result["model_usage_since_last_result"].object ?? [:]
        if models.isEmpty {
            ended = ended + Self.usage(result["usage"])
        } else {
            for model in models.values { ended = ended + Self.modelUsage(model) }
        }
    }

    /// As Anthropic's API counts: what was read from a cache, or written to it, stands beside the rest.
    private static func usage(_ usage: JSONValue?) -> Usage {
        let cached = usage["cache_read_input_tokens"].count
        let written = usage["cache_creation_input_tokens"].count
        return Usage(
            input: usage["input_tokens"].count + cached + written, cachedInput: cached,
            cacheWrites: written, output: usage["output_tokens"].count,
            reasoning: usage["output_tokens_details"]["thinking_tokens"].count)
    }

    private static func modelUsage(_ usage: JSONValue?) -> Usage {
        let cached = usage["cacheReadInputTokens"].count
        let written = usage["cacheCreationInputTokens"].count
        return Usage(
            input: usage["inputTokens"].count + cached + written, cachedInput: cached,
            cacheWrites: written, output: usage["outputTokens"].count,
            reasoning: usage["thinkingTokens"].count, cost: usage["costUSD"].money)
    }
}
