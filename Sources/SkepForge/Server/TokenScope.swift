/// What a token may be used for: everything, or reading and writing by category, as in Gitea.
public struct TokenScope: Sendable, Equatable, CustomStringConvertible {
    public enum Category: String, Sendable, CaseIterable {
        case activitypub, admin, issue, misc, notification, organization, package, repository, user
    }

    /// Writing implies reading.
    public enum Level: String, Sendable, Comparable {
        case read, write

        public static func < (left: Level, right: Level) -> Bool {
            left == .read && right == .write
        }
    }

    public static let all = TokenScope(isAll: true)

    private var isAll = false
    /// Whether private repositories aren't there for it.
    private(set) var isPublicOnly = false
    private var levels: [Category: Level] = [:]

    private init(isAll: Bool) { self.isAll = isAll }

    /// - Parameter words: Such as "read:issue", "write:repository", "public-only" and "all". None
    ///   mean everything.
    /// - Throws: `ForgeError.invalidScope`.
    public init(_ words: [String]) throws(ForgeError) {
        isAll = words.isEmpty
        for word in words {
            switch word {
            case "all", "sudo": isAll = true
            case "public-only": isPublicOnly = true
            default:
                let parts = word.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, let level = Level(rawValue: String(parts[0])),
                    let category = Category(rawValue: String(parts[1]))
                else { throw ForgeError.invalidScope(word) }
                levels[category] = max(levels[category] ?? level, level)
            }
        }
    }

    /// Reads what `description` wrote.
    init(stored text: String) {
        self =
            (try? TokenScope(text.split(separator: ",").map(String.init)))
            ?? TokenScope(isAll: false)
    }

    public func allows(_ level: Level, _ category: Category) -> Bool {
        isAll || levels[category].map { $0 >= level } ?? false
    }

    var words: [String] {
        var words = isAll ? ["all"] : []
        if isPublicOnly { words.append("public-only") }
        guard !isAll else { return words }
        return words
            + Category.allCases.compactMap { category in
                levels[category].map { "\($0.rawValue):\(category.rawValue)" }
            }
    }

    public var description: String { words.joined(separator: ",") }
}

/// Which scopes Gitea asks for on which path.
enum ScopeRule {
    /// - Parameter path: Below /api/v1.
    static func categories(_ path: [String]) -> [TokenScope.Category] {
        switch path.first {
        case "admin": return [.admin]
        case "notifications": return [.notification]
        case "orgs": return [.organization]
        case "topics", "repositories": return [.repository]
        case "user", "users":
            return path.last == "repos" ? [.user, .repository] : [.user]
        case "repos":
            if path.dropFirst().first == "issues" { return [.issue] }
            switch path.dropFirst(3).first {
            case "issues", "labels", "milestones": return [.issue]
            case "notifications": return [.notification]
            default: return [.repository]
            }
        default: return []
        }
    }

    /// - Throws: A refusal in Gitea's words when the token lacks one.
    static func check(_ scope: TokenScope, method: String, path: [String]) throws {
        let level: TokenScope.Level = method == "GET" || method == "HEAD" ? .read : .write
        try check(scope, level, categories(path))
    }

    static func check(
        _ scope: TokenScope, _ level: TokenScope.Level, _ categories: [TokenScope.Category]
    ) throws {
        guard let lacking = categories.first(where: { !scope.allows(level, $0) }) else { return }
        throw Refusal.forbidden(
            "token does not have at least one of required scope(s), required=[\(level.rawValue):\(lacking.rawValue)], token scope=\(scope)"
        )
    }
}
