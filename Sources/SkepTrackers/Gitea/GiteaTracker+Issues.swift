internal import Foundation
public import SkepCore
internal import SkepHTTP
internal import SkepQueue

extension GiteaTracker {
    /// All pages, filtered again here: a server drops labels it doesn't know from the question, and
    /// asked for unknown ones only, or for an organisation's, it returns every issue.
    ///
    /// Issues that move to another page while the pages are walked come twice; each is kept once.
    public func issues(
        in repository: RepositoryName, matching filter: IssueFilter
    ) async throws -> [Issue] {
        var filter = filter
        // The server counts in seconds, so an issue changed within that second must still match.
        if let since = filter.since {
            filter.since = GiteaTime.read(GiteaTime.text(since)) ?? since
        }
        let found = try await walk(repository, filter)

        var seen: Set<Int> = []
        return
            found
            .filter { seen.insert($0.number).inserted }
            .map { $0.issue(in: repository) }
            .filter(filter.matches)
            .sorted { $0.reference.number > $1.reference.number }
    }

    /// With pages of a usual length, and of a small one where issues are so large that a page is
    /// more than may be read at once; without the assignee where the server doesn't know the name.
    private func walk(
        _ repository: RepositoryName, _ filter: IssueFilter
    ) async throws -> [GiteaIssue] {
        do {
            return try await walk(repository, filter, limit: 50)
        } catch GiteaError.transport(.tooLarge) {
            return try await walk(repository, filter, limit: 5)
        } catch GiteaError.notFound where filter.assignee != nil {
            var wider = filter
            wider.assignee = nil
            return try await walk(repository, wider)
        }
    }

    private func walk(
        _ repository: RepositoryName, _ filter: IssueFilter, limit: Int
    ) async throws -> [GiteaIssue] {
        var query = [(name: "type", value: "issues"), ("state", filter.state.rawValue)]
        // The comma parts labels, so one that has a comma can only be looked for here.
        let labels = filter.labels.filter { !$0.contains(",") }
        if !labels.isEmpty { query.append(("labels", labels.joined(separator: ","))) }
        if let assignee = filter.assignee { query.append(("assigned_by", assignee.rawValue)) }
        if let since = filter.since { query.append(("since", GiteaTime.text(since))) }
        return try await api.list(
            .get(
                ["repos", repository.owner, repository.name, "issues"], query: query,
                subject: "repository \(repository)"), limit: limit)
    }

    public func issue(_ reference: IssueReference) async throws -> Issue {
        let found: GiteaIssue = try await api.value(
            .get(reference.path, subject: "issue \(reference)"))
        return found.issue(in: reference.repository)
    }

    /// Gitea gives all of them at once.
    public func comments(on issue: IssueReference) async throws -> [IssueComment] {
        let found: [GiteaComment] = try await api.list(
            .get(issue.path + ["comments"], subject: "issue \(issue)"), limit: nil)
        var seen: Set<Int64> = []
        return found.map(\.comment).filter { seen.insert($0.id).inserted }.sorted { $0.id < $1.id }
    }

    /// Looks for the marker, posts, and after a failure that leaves it open whether the comment
    /// was made, looks again before it posts again.
    ///
    /// Markers within `body` are made harmless: what an agent or an issue says can't pose as one.
    public func post(
        _ body: String, marker: CommentMarker, on issue: IssueReference
    ) async throws -> IssueComment {
        if let there = try await comment(with: marker, on: issue) { return there }

        let harmless = body.replacing(CommentMarker.prefix, with: "&lt;!-- skep:")
        let call = try GiteaCall.write(
            .post, issue.path + ["comments"],
            GiteaNewComment(body: "\(harmless)\n\n\(marker)"), subject: "issue \(issue)",
            isRepeatable: false)
        let posted = try await writeOnce(call, as: GiteaComment.self) {
            try await self.comment(with: marker, on: issue)
        }
        switch posted {
        case .done(let answer):
            learn(answer.comment.author)
            return answer.comment
        case .wasThere(let comment): return comment
        }
    }

    /// The comment that carries a marker. Anybody can write one, so once the tracker has said who
    /// Skep is, only Skep's own count.
    private func comment(
        with marker: CommentMarker, on issue: IssueReference
    ) async throws -> IssueComment? {
        try await comments(on: issue).first {
            marker.isIn($0.body) && (provenLogin == nil || $0.author == provenLogin)
        }
    }
}

extension IssueReference {
    var path: [String] { ["repos", repository.owner, repository.name, "issues", String(number)] }
}
