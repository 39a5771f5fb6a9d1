import Foundation
import GRDB
public import SkepCore
import SkepQueue

/// A user of the tracker.
public struct ForgeUser: Sendable, Equatable {
    public let name: LoginName
    public let isAdmin: Bool

    public init(name: LoginName, isAdmin: Bool) {
        self.name = name
        self.isAdmin = isAdmin
    }

    init(_ row: UserRow) {
        self.init(name: LoginName(rawValue: row.name), isAdmin: row.isAdmin)
    }
}

/// A repository of the tracker.
public struct ForgeRepository: Sendable, Equatable {
    public let name: RepositoryName
    public let defaultBranch: BranchName
    /// The bare repository's folder.
    public let path: String
}

extension Forge {
    /// Adds a user and makes a token. The token can't be had again: only its hash is kept.
    ///
    /// - Parameter scope: What the token may be used for.
    /// - Throws: `ForgeError.invalidUserName`, `ForgeError.userExists`.
    public func addUser(
        _ name: LoginName, isAdmin: Bool = false, scope: TokenScope = .all
    ) async throws -> (user: ForgeUser, token: Secret) {
        guard Self.isValidUserName(name.rawValue) else {
            throw ForgeError.invalidUserName(name.rawValue)
        }
        let token = Token.random()
        let row = try await store.write { db, now in
            guard try UserRow.find(db, name: name.rawValue) == nil else {
                throw ForgeError.userExists(name.rawValue)
            }
            let user = try UserRow.insert(db, name: name.rawValue, isAdmin: isAdmin, now: now)
            try user.addToken(db, token, scope: scope, now: now)
            return user
        }
        return (ForgeUser(row), Secret(token.value))
    }

    /// Makes a further token for a user; the earlier ones stay good.
    public func addToken(for name: LoginName, scope: TokenScope = .all) async throws -> Secret {
        let token = Token.random()
        try await store.write { db, now in
            guard let user = try UserRow.find(db, name: name.rawValue) else {
                throw ForgeError.noSuchUser(name.rawValue)
            }
            try user.addToken(db, token, scope: scope, now: now)
        }
        return Secret(token.value)
    }

    public func users() async throws -> [ForgeUser] {
        try await store.read { db in try UserRow.all(db).map(ForgeUser.init) }
    }

    /// Adds a repository; its owner must be a user.
    ///
    /// - Parameter source: A path or an address from which branches and tags are fetched once.
    /// - Throws: `ForgeError.noSuchUser`, `.repositoryExists`, `.gitMissing`, `.importFailed`.
    @discardableResult
    public func addRepository(_ name: RepositoryName, from source: String? = nil) async throws
        -> ForgeRepository
    {
        let row = try await create(
            owner: name.owner, name: name.name, seed: source.map { .imported($0) } ?? .empty)
        return try describe(row)
    }

    public func repositories() async throws -> [ForgeRepository] {
        try await store.read { db in try RepositoryRow.all(db) }.map(describe)
    }

    private func describe(_ row: RepositoryRow) throws -> ForgeRepository {
        guard let name = RepositoryName(row.fullName) else {
            throw ForgeError.invalidRepositoryName(row.fullName)
        }
        return ForgeRepository(
            name: name, defaultBranch: BranchName(rawValue: row.defaultBranch),
            path: folder(of: row))
    }

    /// Lets a user write to a repository.
    public func addCollaborator(_ user: LoginName, to repository: RepositoryName) async throws {
        let row = try await find(repository)
        try await store.write { db, _ in
            guard let user = try UserRow.find(db, name: user.rawValue) else {
                throw ForgeError.noSuchUser(user.rawValue)
            }
            try row.setCollaborator(db, user, permission: .write)
        }
    }

    /// Adds an issue.
    ///
    /// - Parameter author: The repository's owner if `nil`.
    /// - Parameter labels: Made where the repository doesn't have them.
    @discardableResult
    public func addIssue(
        to repository: RepositoryName, title: String, body: String = "", labels: [String] = [],
        author: LoginName? = nil
    ) async throws -> ForgeIssue {
        guard !title.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty else {
            throw ForgeError.emptyTitle
        }
        let row = try await find(repository)
        let number = try await store.write { db, now in
            let user = try self.person(author, in: row, db)
            let editor = try self.editor(db, in: row, by: user, now: now)
            let issue = try editor.make(IssueDraft(title: title, body: body), isPull: false)
            try editor.setLabels(issue, tells: false) {
                for label in labels { try Self.put(label, on: issue, in: row, db) }
            }
            try editor.announce(issue)
            return issue.number
        }
        return ForgeIssue(
            reference: IssueReference(repository: repository, number: number), title: title,
            isOpen: true, isPullRequest: false, labels: labels, assignees: [])
    }

    static func isValidUserName(_ name: String) -> Bool {
        AgentName(rawValue: name).isValid && !name.hasPrefix("_")
            && !reservedNames.contains(name.lowercased())
    }

    /// Names that stand for something else at an address' beginning.
    private static let reservedNames: Set<String> = [
        "api", "assets", "favicon.ico", "user", "users", "repos",
    ]
}
