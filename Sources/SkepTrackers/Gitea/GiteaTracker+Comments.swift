internal import Foundation
public import SkepCore
internal import SkepHTTP
public import SkepQueue

extension GiteaTracker {
    /// Gitea gives all of them at once.
    public func comments(on issue: IssueReference) async throws -> [IssueComment] {
        let found: [GiteaComment] = try await api.list(
            .get(
                issue.path + ["comments"], subject: "issue \(issue)", in: .issue(issue)),
            limit: nil)
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

        let call = try GiteaCall.write(
            .post, issue.path + ["comments"], GiteaNewComment(body: marker.marking(body)),
            subject: "issue \(issue)", in: .issue(issue), isRepeatable: false)
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

    /// One walk over the whole repository, whose comments have pages, unlike those of an issue.
    public func comments(in repository: RepositoryName, since: Timestamp) async throws
        -> [PlacedComment]
    {
        let found: [GiteaComment] = try await api.list(
            .get(
                repository.path + ["issues", "comments"],
                query: [("since", GiteaTime.text(since))], subject: "repository \(repository)",
                in: .repository(repository)))
        let second = GiteaTime.read(GiteaTime.text(since)) ?? since
        var seen: Set<Int64> = []
        return found.compactMap { found in
            guard let place = found.place, (found.updatedAt ?? second) >= second,
                seen.insert(found.comment.id).inserted
            else { return nil }
            return PlacedComment(
                place: IssueReference(repository: repository, number: place.number),
                isOnPullRequest: place.isPullRequest, comment: found.comment)
        }.sorted { $0.comment.id < $1.comment.id }
    }

    /// A tracker without reactions gets none, and isn't asked again for an hour. One that allows
    /// other reactions only answers with `GiteaError.forbidden`.
    public func react(
        _ reaction: Reaction, toComment comment: Int64, in repository: RepositoryName
    ) async throws {
        guard !capabilities.lacks(.reactions, repository, at: api.clock.uptime) else { return }
        let path = repository.path + ["issues", "comments", String(comment)]
        let subject = "comment \(comment) of \(repository)"
        do {
            _ = try await api.send(
                .write(
                    .post, path + ["reactions"], GiteaNewReaction(content: reaction.rawValue),
                    subject: subject, isRepeatable: true))
        } catch let error as GiteaError where error.isMissingRoute {
            // It may as well be the comment that is missing.
            _ = try await api.send(.get(path, subject: subject, in: .repository(repository)))
            capabilities.note(lacking: .reactions, repository, at: api.clock.uptime)
        }
    }
}

extension CommentMarker {
    /// A text with this marker at its end. Markers in the text are made harmless: what an agent or
    /// an issue says can't pose as one.
    func marking(_ text: String) -> String {
        text.replacing(Self.prefix, with: "&lt;!-- skep:") + "\n\n\(self)"
    }
}
