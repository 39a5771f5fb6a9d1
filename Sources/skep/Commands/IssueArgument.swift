import ArgumentParser
import SkepCore
import SkepTrackers

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Issues as people write them: "12", "#12", "owner/name#12", or the address of their page.
struct IssueArgument {
    /// What a bare number means; `nil` where that can't be known.
    let repository: RepositoryName?
    /// The address of the tracker whose issues are meant.
    let tracker: String?

    init(in repository: RepositoryName?, on tracker: String?) {
        self.repository = repository
        self.tracker = tracker
    }

    init(_ configuration: Configuration) {
        self.init(in: configuration.onlyRepository, on: configuration.tracker?.address)
    }

    /// Reads an issue of a configuration that may have mistakes, which "owner/name#12" doesn't
    /// mind.
    static func parse(_ text: String, from layers: ConfigurationLayers) throws -> IssueReference {
        if text.contains("/"), let issue = IssueReference(text, in: nil) { return issue }
        let mistakes = SettingsMistakes()
        let tree = layers.merged(into: mistakes)
        let configuration = Configuration(tree, of: layers, into: mistakes)
        try mistakes.check()
        return try IssueArgument(configuration).parse(text)
    }

    /// Reads an issue.
    func parse(_ text: String) throws -> IssueReference {
        if let issue = IssueReference(text, in: repository) { return issue }
        if let page = WebAddress(text) { return try issue(at: page, text) }
        if repository == nil, Self.isNumber(text) {
            throw UsageError(
                "Which repository is issue \"\(text)\" in?",
                why: "There isn't exactly one repository in the configuration.",
                advice: "Write it as owner/name#\(text.drop { $0 == "#" }).")
        }
        throw Self.noIssue(text)
    }

    private static func isNumber(_ text: String) -> Bool {
        Int(text.hasPrefix("#") ? text.dropFirst() : text[...]).map { $0 > 0 } ?? false
    }

    private static func noIssue(_ text: String) -> UsageError {
        UsageError("\"\(text)\" isn't an issue.", advice: "Write 12, #12 or owner/name#12.")
    }

    /// "https://tracker.example/owner/name/issues/12".
    private func issue(at page: WebAddress, _ text: String) throws -> IssueReference {
        guard let parts = tracker.flatMap(WebAddress.init(tracker:))?.rest(of: page) else {
            throw UsageError(
                "\"\(text)\" isn't on this tracker.",
                why: tracker.map { "The configuration's tracker is \($0)." }
                    ?? "There is no tracker in the configuration.",
                advice: "Write 12, #12, owner/name#12 or the address of an issue's page there.")
        }
        guard parts.count == 4, parts[2] == "issues", let number = Int(parts[3]), number > 0,
            let repository = RepositoryName("\(parts[0])/\(parts[1])")
        else { throw Self.noIssue(text) }
        return IssueReference(repository: repository, number: number)
    }
}

/// An http or https address, as far as it decides whose page it is.
private struct WebAddress {
    let scheme: String
    let host: String
    let port: Int
    let path: [String]

    init?(_ text: String) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let usualPort = ["http": 80, "https": 443][scheme],
            let host = parts.host?.lowercased(), !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host
        port = parts.port ?? usualPort
        path = parts.path.split(separator: "/").map(String.init)
    }

    /// A tracker's front page; its API's address is understood too.
    init?(tracker text: String) {
        var front = text[...]
        while front.hasSuffix("/") { front = front.dropLast() }
        if front.hasSuffix("/api/v1") { front = front.dropLast("/api/v1".count) }
        self.init(String(front))
    }

    /// What a page's path has beyond this one's; `nil` when it isn't below it.
    func rest(of page: WebAddress) -> [String]? {
        guard page.scheme == scheme, page.host == host, page.port == port,
            page.path.starts(with: path)
        else { return nil }
        return Array(page.path.dropFirst(path.count))
    }
}
