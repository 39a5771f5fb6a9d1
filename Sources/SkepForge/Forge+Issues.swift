import Foundation
import GRDB
public import SkepCore

/// An issue or pull request of the tracker, in short.
public struct ForgeIssue: Sendable, Equatable {
    public let reference: IssueReference
    public let title: String
    public let isOpen: Bool
    public let isPullRequest: Bool
    public let labels: [String]
    public let assignees: [LoginName]
}

extension ForgeIssue {
    init(_ row: IssueRow, in repository: RepositoryName, _ db: Database) throws {
        self.init(
            reference: IssueReference(repository: repository, number: row.number),
            title: row.title, isOpen: row.isOpen, isPullRequest: row.isPull,
            labels: try LabelRow.of(db, issue: row.id).map(\.name),
            assignees: try row.assignees(db).map { LoginName(rawValue: $0.name) })
    }
}

/// A pull request of the tracker, in short.
public struct ForgePull: Sendable, Equatable {
    public let issue: ForgeIssue
    public let headBranch: BranchName
    public let baseBranch: BranchName
    /// The commit that the merge put onto the base; `nil` for one that isn't merged.
    public let mergeCommit: String?
}

extension Forge {
    /// The issues and pull requests of a repository, the newest first.
    public func issues(in repository: RepositoryName, includingClosed: Bool = false) async throws
        -> [ForgeIssue]
    {
        let row = try await find(repository)
        return try await store.read { db in
            let query = IssueQuery(isOpen: includingClosed ? nil : true)
            return try query.fetch(db, repository: row.id, page: .all).0.map { issue in
                try ForgeIssue(issue, in: repository, db)
            }
        }
    }

    /// The pull requests of a repository, the newest first.
    public func pulls(in repository: RepositoryName, includingClosed: Bool = false) async throws
        -> [ForgePull]
    {
        let row = try await find(repository)
        return try await store.read { db in
            let query = IssueQuery(isOpen: includingClosed ? nil : true, isPull: true)
            return try query.fetch(db, repository: row.id, page: .all).0.compactMap { issue in
                guard let pull = try PullRow.find(db, issue: issue.id) else { return nil }
                return ForgePull(
                    issue: try ForgeIssue(issue, in: repository, db),
                    headBranch: BranchName(rawValue: pull.headBranch),
                    baseBranch: BranchName(rawValue: pull.baseBranch),
                    mergeCommit: pull.mergeCommit)
            }
        }
    }

    /// Closes or opens an issue or a pull request.
    ///
    /// - Parameter user: In whose name, here and below; the repository's owner if `nil`.
    /// - Throws: `ForgeError.noSuchIssue`; `.stateIsSo` when it is so already; `.notMerged` for a
    ///   merged pull request, which stays closed; `.openDependencies`.
    @discardableResult
    public func setOpen(_ isOpen: Bool, _ issue: IssueReference, by user: LoginName? = nil)
        async throws -> ForgeIssue
    {
        let repository = try await find(issue.repository)
        if !isOpen { try await keepPull(issue, in: repository) }
        return try await change(issue, by: user) { db, row, editor in
            if try PullRow.find(db, issue: row.id)?.isMerged == true {
                throw ForgeError.notMerged(issue, .isMerged)
            }
            guard row.isOpen != isOpen else {
                throw ForgeError.stateIsSo(issue, isOpen: isOpen)
            }
            try editor.setOpen(row, isOpen)
        }
    }

    /// What is known of a pull request's branches is kept, since it isn't followed when closed.
    private func keepPull(_ reference: IssueReference, in repository: RepositoryRow) async throws {
        try await keepHeads(in: repository)
        let found = try await store.read { db -> (IssueRow, PullRow)? in
            let issue = try IssueRow.find(db, repository: repository.id, number: reference.number)
            return try issue.flatMap { issue in
                try PullRow.find(db, issue: issue.id).map { (issue, $0) }
            }
        }
        guard let (issue, pull) = found, !pull.isMerged else { return }
        try await keepBase(of: issue, pull, in: repository)
    }

    /// Puts labels on an issue or a pull request; made where the repository doesn't have them.
    @discardableResult
    public func addLabels(
        _ labels: [String], to issue: IssueReference, by user: LoginName? = nil
    ) async throws -> ForgeIssue {
        try await change(issue, by: user) { db, row, editor in
            try editor.setLabels(row) {
                for label in labels { try Self.put(label, on: row, in: editor.repository, db) }
            }
        }
    }

    /// - Throws: `ForgeError.labelNotThere`; nothing was removed then.
    @discardableResult
    public func removeLabels(
        _ labels: [String], from issue: IssueReference, by user: LoginName? = nil
    ) async throws -> ForgeIssue {
        try await change(issue, by: user) { db, row, editor in
            try editor.setLabels(row) {
                for name in labels {
                    let put = try LabelRow.of(db, issue: row.id).first { $0.name == name }
                    guard let put else { throw ForgeError.labelNotThere(name, on: issue) }
                    try put.remove(db, from: row.id)
                }
            }
        }
    }

    /// Assigns users who can write to the repository.
    ///
    /// - Throws: `ForgeError.noSuchUser`, `.notAssignable`; nobody was assigned then.
    @discardableResult
    public func assign(
        _ users: [LoginName], to issue: IssueReference, by actor: LoginName? = nil
    ) async throws -> ForgeIssue {
        try await change(issue, by: actor) { db, row, editor in
            let repository = editor.repository
            for name in users {
                let user = try self.person(name, in: repository, db)
                guard try repository.permission(db, of: user) >= .write else {
                    throw ForgeError.notAssignable(
                        user: user.name, repository: repository.fullName)
                }
                try editor.assign(row, user)
            }
        }
    }

    /// - Throws: `ForgeError.notAssigned`; nothing was changed then.
    @discardableResult
    public func unassign(
        _ users: [LoginName], from issue: IssueReference, by actor: LoginName? = nil
    ) async throws -> ForgeIssue {
        try await change(issue, by: actor) { db, row, editor in
            for name in users {
                let user = try self.person(name, in: editor.repository, db)
                guard try row.assignees(db).contains(user) else {
                    throw ForgeError.notAssigned(user: user.name, to: issue)
                }
                try editor.unassign(row, user)
            }
        }
    }

    /// Writes a comment under an issue or a pull request.
    ///
    /// - Parameter author: The repository's owner if `nil`.
    /// - Throws: `ForgeError.emptyComment`.
    @discardableResult
    public func addComment(_ body: String, to issue: IssueReference, author: LoginName? = nil)
        async throws -> ForgeIssue
    {
        guard body.contains(where: { !$0.isWhitespace }) else { throw ForgeError.emptyComment }
        return try await change(issue, by: author) { _, row, editor in
            try editor.comment(row, body)
        }
    }

    /// Changes an issue in one transaction, and tells what it is then.
    func change(
        _ issue: IssueReference, by user: LoginName?,
        _ body:
            @Sendable @escaping (_ db: Database, _ row: IssueRow, _ editor: Editor) throws -> Void
    ) async throws -> ForgeIssue {
        let repository = try await find(issue.repository)
        return try await store.write { db, now in
            guard let row = try IssueRow.find(db, repository: repository.id, number: issue.number)
            else { throw ForgeError.noSuchIssue(issue) }
            let actor = try self.person(user, in: repository, db)
            try body(db, row, self.editor(db, in: repository, by: actor, now: now))
            guard let changed = try IssueRow.find(db, id: row.id) else {
                throw ForgeError.noSuchIssue(issue)
            }
            return try ForgeIssue(changed, in: issue.repository, db)
        }
    }

    /// A user by name; the repository's owner for `nil`.
    func person(_ name: LoginName?, in repository: RepositoryRow, _ db: Database) throws -> UserRow
    {
        let name = name?.rawValue ?? repository.ownerName
        guard let user = try UserRow.find(db, name: name) else { throw ForgeError.noSuchUser(name) }
        return user
    }

    /// Puts a label on an issue, and makes it first if it isn't there.
    static func put(
        _ name: String, on issue: IssueRow, in repository: RepositoryRow, _ db: Database
    ) throws {
        let trimmed = name.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty, trimmed.utf8.count <= 200 else {
            throw ForgeError.invalidLabel(name)
        }
        let known = try LabelRow.find(db, name: trimmed, repository: repository.id)
        let label =
            try known
            ?? LabelRow.insert(
                db, repository: repository.id, name: trimmed, color: "5319e7", description: "",
                isExclusive: false, isArchived: false)
        try label?.put(db, on: issue.id)
    }
}
