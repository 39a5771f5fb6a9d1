/// Tells of a value below zero; the parser takes it for an option, and misses a value.
enum NegativeValue {
    /// - Returns: `nil` when there is none in the arguments.
    static func mistake(_ arguments: [String]) -> UsageError? {
        let options = arguments.prefix { $0 != "--" }
        // No option of Skep's begins with a digit.
        guard let value = options.first(where: { $0.starts(with: /-[0-9]/) }) else { return nil }
        return UsageError(
            "\"\(value)\" can't stand there.",
            why: "Numbers and lengths of time aren't below zero.",
            advice: "A priority may be, after \"--\": \"skep queue priority 1042 -- -5\".")
    }
}
