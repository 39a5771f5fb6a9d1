internal import Foundation
public import SkepCore
internal import SkepHTTP

extension GiteaTracker {
    /// Finds the open one first; a 409 says that somebody else, or an earlier try that seemed to
    /// fail, was faster, and then it is found as well.
    public func openPullRequest(_ new: NewPullRequest) async throws -> PullRequest {
        if let there = try await find(new) { return there.pullRequest }

        let subject = "a pull request from \"\(new.head)\" to \"\(new.base)\" of \(new.repository)"
        let call = try GiteaCall.write(
            .post, new.repository.path + ["pulls"],
            GiteaNewPull(
                head: new.head.rawValue, base: new.base.rawValue, title: new.title, body: new.body),
            subject: subject, isRepeatable: false)
        do {
            switch try await writeOnce(
                call, as: GiteaPull.self, look: { try await self.search(new) })
            {
            case .done(let pull), .wasThere(let pull): return pull.pullRequest
            }
        } catch GiteaError.conflict(_, let message) {
            guard let there = try await search(new) else {
                throw GiteaError.conflict(subject: subject, message: message)
            }
            return there.pullRequest
        }
    }

    public func pullRequest(_ reference: IssueReference) async throws -> PullRequest {
        try await pull(reference).pullRequest
    }

    func pull(_ reference: IssueReference) async throws -> GiteaPull {
        try await api.value(
            .get(
                reference.pullPath, subject: "pull request \(reference)", in: .issue(reference)))
    }

    /// The newest first; one that moved to another page while the pages were walked comes once.
    public func pullRequests(in repository: RepositoryName, state: IssueFilter.State) async throws
        -> [PullRequest]
    {
        let found: [GiteaPull] = try await api.list(
            .get(
                repository.path + ["pulls"], query: [("state", state.rawValue)],
                subject: "repository \(repository)", in: .repository(repository)))
        var seen: Set<Int> = []
        return found.map(\.pullRequest)
            .filter {
                seen.insert($0.number).inserted && (state == .all || $0.isOpen == (state == .open))
            }
            .sorted { $0.number > $1.number }
    }

    /// Those who were asked already aren't asked again.
    public func requestReviews(from logins: [LoginName], on pullRequest: IssueReference)
        async throws
    {
        let asked = try await pull(pullRequest).requestedReviewers
        let missing = logins.filter { !asked.contains($0) }
        guard !missing.isEmpty else { return }
        _ = try await api.send(
            .write(
                .post, pullRequest.pullPath + ["requested_reviewers"],
                GiteaReviewers(reviewers: missing.map(\.rawValue)),
                subject: "the reviewers of \(pullRequest)", isRepeatable: true))
    }

    /// By the one address there is for it. It names one of that head and base in whatever state, so
    /// behind one that is closed there may be an open one.
    private func find(_ new: NewPullRequest) async throws -> GiteaPull? {
        // The base is one segment of the route; the head takes what remains, slashes as they are.
        guard !new.base.rawValue.contains("/") else { return try await search(new) }
        let head = new.head.rawValue.split(separator: "/", omittingEmptySubsequences: false)
        do {
            let found: GiteaPull = try await api.value(
                .get(
                    new.repository.path + ["pulls", new.base.rawValue] + head.map(String.init),
                    subject: "pull request from \"\(new.head)\" in \(new.repository)"))
            return found.answers(new) ? found : try await search(new)
        } catch GiteaError.notFound {
            return nil
        }
    }

    /// Among all open ones.
    private func search(_ new: NewPullRequest) async throws -> GiteaPull? {
        let open: [GiteaPull] = try await api.list(
            .get(
                new.repository.path + ["pulls"],
                query: [("state", "open")], subject: "repository \(new.repository)"))
        return open.first { $0.answers(new) }
    }
}
