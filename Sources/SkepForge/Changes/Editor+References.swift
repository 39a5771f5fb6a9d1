import GRDB

/// What a text says of other issues and of people.
struct TextReferences: Sendable, Equatable {
    struct Target: Sendable, Hashable {
        /// "owner/name"; `nil` for the repository that the text stands in.
        let repository: String?
        let number: Int
        /// Whether the text closes it, once it counts.
        let closes: Bool
    }

    let targets: [Target]
    /// Names behind "@", as they're written.
    let people: [String]

    init(_ text: String) {
        // What stands in code, or in a hidden remark, is no word to anyone.
        let plain = text.replacing(/```[\s\S]*?(?:```|$)|`[^`\n]*`|<!--[\s\S]*?-->/, with: " ")
        let pattern =
            /(?:\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+|^|[^\w\/&#.\-])([\w.\-]+\/[\w.\-]+)?#([0-9]{1,9})\b/
            .ignoresCase()
        var found: [Target] = []
        for match in plain.matches(of: pattern) {
            guard let number = Int(match.3), number > 0 else { continue }
            let target = Target(
                repository: match.2.map(String.init), number: number, closes: match.1 != nil)
            if !found.contains(target) { found.append(target) }
        }
        targets = found
        var names: [String] = []
        for match in plain.matches(of: /(?:^|[^\w\/.@])@([A-Za-z0-9][\w.\-]{0,39})/) {
            let name = String(match.1).trimmingSuffix(of: ".-")
            if !names.contains(name) { names.append(name) }
        }
        people = names
    }
}

extension String {
    fileprivate func trimmingSuffix(of characters: String) -> String {
        var text = self
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return text
    }
}

extension Editor {
    /// Notes in other issues' timelines that a text names them, and who is called in it.
    func noteReferences(in text: String, of issue: IssueRow, comment: CommentRow?) throws {
        let references = TextReferences(text)
        for name in references.people {
            if let user = try UserRow.find(db, name: name) { try issue.mention(db, user) }
        }
        let kind: EventRow.Kind =
            if comment != nil { .commentReference } else if issue.isPull {
                .pullReference
            } else { .issueReference }
        for target in references.targets {
            guard let named = try find(target), named.id != issue.id else { continue }
            let isKnown = try EventRow.isReferenceKnown(
                db, kind, on: named.id, fromIssue: issue.id, comment: comment?.id, commit: "")
            guard !isKnown else { continue }
            try record(
                kind, on: named,
                EventFacts(
                    refIssueId: issue.id, refCommentId: comment?.id,
                    closes: target.closes && issue.isPull))
        }
    }

    /// Takes up what a pushed commit says: names go into timelines, and on the default branch
    /// issues are closed.
    func noteCommit(_ id: String, message: String, isOnDefaultBranch: Bool) throws {
        for target in TextReferences(message).targets {
            // The commit of a merge names its own pull request.
            guard let named = try find(target),
                try PullRow.find(db, issue: named.id)?.mergeCommit != id
            else { continue }
            let closes = target.closes && isOnDefaultBranch
            let isKnown = try EventRow.isReferenceKnown(
                db, .commitReference, on: named.id, fromIssue: nil, comment: nil, commit: id)
            if !isKnown {
                try record(
                    .commitReference, on: named, EventFacts(refCommit: id, closes: closes))
            }
            if closes, !named.isPull { try closeIfPossible(named, commit: id) }
        }
    }

    /// The issues that a merged pull request's text closes.
    /// - Returns: Those of this repository that were closed.
    func closeNamed(in text: String, of pull: IssueRow) throws -> [Int] {
        var closed: [Int] = []
        for target in TextReferences(text).targets where target.closes {
            guard let named = try find(target), !named.isPull, named.isOpen else { continue }
            guard try closeIfPossible(named, commit: "") else { continue }
            if named.repositoryId == repository.id { closed.append(named.number) }
        }
        return closed
    }

    /// Closes an issue unless its dependencies are open.
    @discardableResult
    private func closeIfPossible(_ issue: IssueRow, commit: String) throws -> Bool {
        guard issue.isOpen, try !issue.hasOpenBlockers(db) else { return false }
        let place =
            try RepositoryRow.find(db, id: issue.repositoryId).map(editor(of:)) ?? self
        // In another repository only those who may write there close something.
        guard
            try place.repository.id == repository.id
                || place.repository.permission(db, of: actor) >= .write
        else { return false }
        try place.setOpen(issue, false, commit: commit)
        return true
    }

    /// The issue that is named, if the actor may see it.
    private func find(_ target: TextReferences.Target) throws -> IssueRow? {
        var place = repository
        if let name = target.repository {
            let parts = name.split(separator: "/").map(String.init)
            let found = try RepositoryRow.find(db, owner: parts[0], name: parts[1])
            guard let found, try found.permission(db, of: actor) >= .read else { return nil }
            place = found
        }
        return try IssueRow.find(db, repository: place.id, number: target.number)
    }
}
