extension RunSummary {
    /// What a person can do to have a waiting run go on; `nil`: it goes on by itself, or what it waits
    /// for says it already.
    ///
    /// - Parameter question: What its agent asks.
    public func advice(_ question: Question?) -> String? {
        guard case .waiting(_, let until) = state else { return nil }
        if let question { return question.advice }
        guard until != nil else { return nil }
        let command = isParked ? waitsFor?.resumeCommand : nil
        return "\(command ?? "\"skep run resume \(run.id)\"") has it tried at once"
    }
}

extension Question {
    /// "maria, olaf are asked; a comment at https://… answers it".
    public var advice: String {
        let people = asked.map(\.rawValue).joined(separator: ", ")
        let asks = people.isEmpty ? "" : "\(people) \(asked.count == 1 ? "is" : "are") asked; "
        return asks + (commentURL.map { "a comment after \($0)" } ?? "a comment on \(issue)")
            + " answers it"
    }
}

extension ProviderAccount {
    /// What an operator enters once the account works again.
    public var resumeCommand: String { "\"skep agent resume \(rawValue)\"" }
}
