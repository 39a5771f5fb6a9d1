import ArgumentParser
import SkepCore

/// Issues as people write them: "12", "#12", "owner/name#12", or the address of their page.
enum IssueArgument {
    /// Whether it names no repository.
    static func needsRepository(_ text: String) -> Bool {
        !text.contains("/")
    }

    /// Reads an issue.
    ///
    /// - Parameter repository: What a bare number means; `nil` where that can't be known.
    static func parse(_ text: String, in repository: RepositoryName?) throws -> IssueReference {
        if let issue = IssueReference(text, in: repository) { return issue }
        if let issue = fromAddress(text) { return issue }
        if needsRepository(text), repository == nil, isNumber(text) {
            throw UsageError(
                "Which repository is issue \"\(text)\" in?",
                why: "There isn't exactly one repository in the configuration.",
                advice: "Write it as owner/name#\(text.drop { $0 == "#" }).")
        }
        throw UsageError(
            "\"\(text)\" isn't an issue.", advice: "Write 12, #12 or owner/name#12.")
    }

    private static func isNumber(_ text: String) -> Bool {
        Int(text.hasPrefix("#") ? text.dropFirst() : text[...]).map { $0 > 0 } ?? false
    }

    /// "https://tracker.example/owner/name/issues/12".
    private static func fromAddress(_ text: String) -> IssueReference? {
        guard text.hasPrefix("https://") || text.hasPrefix("http://") else { return nil }
        let parts = text.split(separator: "/").map(String.init)
        guard parts.count >= 5, parts[parts.count - 2] == "issues",
            let number = Int(parts.last ?? ""),
            number > 0,
            let repository = RepositoryName(parts[parts.count - 4] + "/" + parts[parts.count - 3])
        else { return nil }
        return IssueReference(repository: repository, number: number)
    }

    /// The repository a bare number means, from a configuration that may have other mistakes.
    static func onlyRepository(_ layers: ConfigurationLayers) throws -> RepositoryName? {
        let mistakes = SettingsMistakes()
        let tree = layers.merged(into: mistakes)
        let configuration = Configuration(tree, of: layers, into: mistakes)
        try mistakes.check()
        return configuration.onlyRepository
    }
}
