public import SkepCore
public import SkepQueue

extension ScriptedTracker {
    public func issues(in repository: RepositoryName, matching filter: IssueFilter) async throws
        -> [Issue]
    {
        try access("issues") { state in
            state.listings += 1
            return state.issues.values.filter {
                $0.reference.repository == repository && filter.matches($0)
                    && !state.unlisted.contains($0.reference)
            }.sorted { $0.reference > $1.reference }
        }
    }

    public func issue(_ reference: IssueReference) async throws -> Issue {
        try access("issue") { try $0.issue(reference) }
    }

    public func changes(in repository: RepositoryName, since: Timestamp) async throws -> [Issue] {
        try access("changes") { state in
            state.everything(in: repository)
                .filter {
                    $0.updatedAt >= State.wholeSecond(since)
                        && !state.unlisted.contains($0.reference)
                }
                .sorted { ($0.updatedAt, $0.reference) < ($1.updatedAt, $1.reference) }
        }
    }

    public func dependencies(of issue: IssueReference) async throws -> [Issue] {
        try await letHappen()
        return try access("dependencies") { state in
            _ = try state.issue(issue)
            return try (state.dependencies[issue] ?? []).map { try state.issue($0) }
        }
    }

    public func setOpen(_ isOpen: Bool, _ reference: IssueReference) async throws {
        try access("setOpen") { state in
            let open = (state.dependencies[reference] ?? []).filter {
                (try? state.issue($0).isOpen) == true
            }
            if !isOpen, !open.isEmpty {
                throw ScriptedRefusal(kind: .conflict, what: "\(reference) is blocked.")
            }
            if isOpen, state.pullRequests[reference.number]?.isMerged == true {
                throw ScriptedRefusal(kind: .conflict, what: "\(reference) is merged.")
            }
            guard try state.issue(reference).isOpen != isOpen else { return }
            try state.edit(reference, at: now) { $0.isOpen = isOpen }
        }
    }

    public func openIssue(_ new: NewIssue, marker: CommentMarker) async throws -> Issue {
        try access("openIssue") { state in
            let there = state.issues.values.first {
                $0.reference.repository == new.repository && marker.isIn($0.body)
            }
            if let there { return there }
            let reference = IssueReference(
                repository: new.repository, number: state.nextNumber())
            let known = state.knownLabels
            let issue = Issue(
                reference: reference, title: new.title,
                body: "\(Self.harmless(new.body))\n\n\(marker)", isOpen: true,
                labels: new.labels.filter(known.contains), assignees: [], author: login,
                isPullRequest: false, createdAt: now, updatedAt: now,
                url: "http://tracker.test/\(reference.number)", commentCount: 0)
            state.issues[reference] = issue
            return issue
        }
    }

    // MARK: Comments

    public func comments(on issue: IssueReference) async throws -> [IssueComment] {
        try access("comments") { $0.comments[issue] ?? [] }
    }

    public func comments(in repository: RepositoryName, since: Timestamp) async throws
        -> [PlacedComment]
    {
        try access("commentsSince") { state in
            let since = State.wholeSecond(since)
            return state.comments.filter { $0.key.repository == repository }
                .flatMap { place, comments in
                    comments.filter { (state.edits[$0.id] ?? $0.createdAt) >= since }.map {
                        PlacedComment(
                            place: place,
                            isOnPullRequest: state.pullRequests[place.number] != nil, comment: $0)
                    }
                }
                .sorted { $0.comment.id < $1.comment.id }
        }
    }

    public func post(_ body: String, marker: CommentMarker, on issue: IssueReference) async throws
        -> IssueComment
    {
        try access("post") { state in
            if state.locked.contains(issue) {
                throw ScriptedRefusal(kind: .refused, what: "\(issue) is locked.")
            }
            _ = try state.issue(issue)
            if let there = state.comments[issue]?.first(where: { marker.isIn($0.body) }) {
                return there
            }
            return state.add("\(Self.harmless(body))\n\n\(marker)", by: login, on: issue, at: now)
        }
    }

    public func react(
        _ reaction: Reaction, toComment comment: Int64, in repository: RepositoryName
    ) async throws {
        try access("react") { state in
            guard state.comments.values.joined().contains(where: { $0.id == comment }) else {
                throw ScriptedRefusal(kind: .conflict, what: "There is no comment \(comment)")
            }
            let new = ScriptedReaction(login: login, reaction: reaction)
            guard state.reactions[comment]?.contains(new) != true else { return }
            state.reactions[comment, default: []].append(new)
        }
    }

    // MARK: Labels

    public func labels(in repository: RepositoryName) async throws -> [TrackerLabel] {
        try access("labels") { state in
            let named = Set(state.labels.map(\.name))
            return state.labels
                + state.knownLabels.subtracting(named).sorted().map {
                    TrackerLabel(name: $0, color: "cccccc")
                }
        }
    }

    public func createLabel(_ label: NewLabel, in repository: RepositoryName) async throws {
        try access("createLabel") { state in
            if label.isExclusive { state.exclusiveLabels.insert(label.name) }
            guard !state.knownLabels.contains(label.name) else { return }
            state.labels.append(TrackerLabel(name: label.name, color: label.color))
        }
    }

    /// Labels that weren't made, and stand on no issue, are refused.
    public func addLabels(_ labels: [String], to issue: IssueReference) async throws {
        try access("addLabels") { state in
            if let missing = labels.first(where: { !state.knownLabels.contains($0) }) {
                throw ScriptedRefusal(kind: .conflict, what: "There is no label \"\(missing)\"")
            }
            let exclusive = state.exclusiveLabels
            let old = try state.issue(issue).labels
            guard !labels.allSatisfy(old.contains) else { return }
            try state.edit(issue, at: now) { issue in
                for label in labels where !issue.labels.contains(label) {
                    if exclusive.contains(label), let scope = Self.scope(label) {
                        issue.labels.removeAll { Self.scope($0) == scope }
                    }
                    issue.labels.append(label)
                }
            }
        }
    }

    public func removeLabel(_ label: String, from issue: IssueReference) async throws {
        try access("removeLabel") { state in
            guard try state.issue(issue).hasLabel(label) else { return }
            // It is still there for others to carry.
            if !state.labels.contains(where: { $0.name == label }) {
                state.labels.append(TrackerLabel(name: label, color: "cccccc"))
            }
            try state.edit(issue, at: now) { $0.labels.removeAll { $0 == label } }
        }
    }

    private static func scope(_ label: String) -> Substring? {
        label.lastIndex(of: "/").map { label[..<$0] }
    }

    /// Markers that a text only speaks of.
    static func harmless(_ text: String) -> String {
        text.replacing(CommentMarker.prefix, with: "&lt;!-- skep:")
    }
}

extension ScriptedTracker.State {
    var knownLabels: Set<String> {
        Set(labels.map(\.name)).union(issues.values.flatMap(\.labels))
    }

    mutating func add(
        _ text: String, by login: LoginName, on place: IssueReference, at time: Timestamp
    ) -> IssueComment {
        let number = nextNumber()
        let comment = IssueComment(
            id: Int64(number), author: login, body: text, createdAt: time,
            url: "\(place)/\(number)")
        comments[place, default: []].append(comment)
        let count = comments[place]?.count
        try? edit(place, at: time) { $0.commentCount = count }
        return comment
    }
}
