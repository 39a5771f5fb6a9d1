internal import Foundation
public import SkepCore
internal import SkepHTTP

/// The tracker's part of the configuration.
public struct TrackerSettings: Sendable, Hashable {
    /// Where the token comes from; the token itself is never kept here.
    public enum TokenSource: Sendable, Hashable {
        case none
        /// The environment variable of this name.
        case environment(String)
        /// A file, absolute or below "~/", with the token and nothing else in it.
        case file(String)
    }

    public var kind: TrackerCatalog.Kind
    /// Of the front page.
    public var address: String
    public var token: TokenSource
    /// Whose token it is, for where the tracker doesn't tell.
    public var login: LoginName?
    /// Requests at once. 4 by default; 1 to 16.
    public var concurrency: Int
    /// What one request may take at most. 120 s by default.
    public var timeout: Duration
    /// Where repositories are fetched from and pushed to instead of the tracker's address: local
    /// paths, or addresses without credentials.
    public var remotes: [RepositoryName: String] = [:]

    public init(
        kind: TrackerCatalog.Kind = .gitea, address: String, token: TokenSource = .none,
        login: LoginName? = nil, concurrency: Int = 4, timeout: Duration = .seconds(120)
    ) {
        self.kind = kind
        self.address = address
        self.token = token
        self.login = login
        self.concurrency = concurrency
        self.timeout = timeout
    }

    /// The front page's address; one that already ends in "/api/v1" is understood too.
    static func address(_ text: String) throws(HTTPError) -> HTTPURL {
        let url = try HTTPURL(text)
        guard url.query == nil else {
            throw .invalidURL(text, why: "It has a query, which the address of a tracker has not.")
        }
        var path = url.path[...]
        while path.hasSuffix("/") { path = path.dropLast() }
        if path.hasSuffix("/api/v1") { path = path.dropLast("/api/v1".count) }
        return try HTTPURL(url.origin.description + path + "/")
    }
}

extension TrackerSettings.TokenSource {
    func read(_ environment: [String: String]) throws(GiteaError) -> Secret? {
        switch self {
        case .none: return nil
        case .environment(let name):
            guard let value = environment[name], !value.isEmpty else {
                throw .token(
                    what: "There is no token for the tracker.",
                    why: "The environment variable \"\(name)\" isn't set.",
                    advice: "Set it, or name a file with token_file.")
            }
            return try check(value, from: "the environment variable \"\(name)\"")
        case .file(let path):
            let home = environment["HOME"] ?? ""
            let full = path.hasPrefix("~/") ? home + path.dropFirst() : path
            guard let bytes = FileManager.default.contents(atPath: full) else {
                throw .token(
                    what: "There is no token for the tracker.",
                    why: "The file \"\(full)\" can't be read.",
                    advice: "Put the token into it, readable by this user only.")
            }
            return try check(
                String(decoding: bytes.prefix(4096), as: UTF8.self), from: "the file \"\(full)\"")
        }
    }

    /// What can't stand in a header would end as an unclear answer of the server.
    private func check(_ text: String, from place: String) throws(GiteaError) -> Secret {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .token(
                what: "There is no usable token for the tracker.",
                why: token.isEmpty
                    ? "There is nothing in \(place)."
                    : "What is in \(place) has blanks or odd characters within.",
                advice: "Put the token there as the tracker showed it, and nothing else.")
        }
        return Secret(token)
    }
}
