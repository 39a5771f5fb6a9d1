internal import Foundation
public import SkepCore
internal import SkepHTTP
public import SkepQueue

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

    /// Without the assignee where the server doesn't know the name.
    private func walk(
        _ repository: RepositoryName, _ filter: IssueFilter
    ) async throws -> [GiteaIssue] {
        do {
            return try await pages { try await self.walk(repository, filter, limit: $0) }
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
                repository.path + ["issues"], query: query, subject: "repository \(repository)",
                // A 404 may be about the assignee.
                in: filter.assignee == nil ? .repository(repository) : nil), limit: limit)
    }

    public func issue(_ reference: IssueReference) async throws -> Issue {
        try await document(of: reference).issue(in: reference.repository)
    }

    func document(of reference: IssueReference) async throws -> GiteaIssue {
        try await api.value(
            .get(reference.path, subject: "issue \(reference)", in: .issue(reference)))
    }

    /// Without `type`, so that pull requests come too. Gitea's order is fixed, the newest first, so
    /// it is sorted here. Something that changes while pages are walked may come twice: its later
    /// state counts.
    public func changes(in repository: RepositoryName, since: Timestamp) async throws -> [Issue] {
        let query = [(name: "state", value: "all"), ("since", GiteaTime.text(since))]
        let found = try await pages { limit in
            try await self.api.list(
                .get(
                    repository.path + ["issues"], query: query,
                    subject: "repository \(repository)", in: .repository(repository)),
                limit: limit, as: GiteaIssue.self)
        }
        var newest: [Int: GiteaIssue] = [:]
        for issue in found
        where newest[issue.number].map({ $0.updatedAt <= issue.updatedAt }) != false {
            newest[issue.number] = issue
        }
        return newest.values.map { $0.issue(in: repository) }
            .sorted { ($0.updatedAt, $0.reference.number) < ($1.updatedAt, $1.reference.number) }
    }

    /// Where the repository's dependencies are off, and where a tracker knows of none, there are
    /// none; that is remembered for an hour.
    public func dependencies(of issue: IssueReference) async throws -> [Issue] {
        let repository = issue.repository
        guard !capabilities.lacks(.dependencies, repository, at: api.clock.uptime) else {
            return []
        }
        do {
            let found: [GiteaIssue] = try await api.list(
                .get(issue.path + ["dependencies"], subject: "the dependencies of \(issue)"))
            var seen: Set<IssueReference> = []
            return found.map { $0.issue(in: $0.repository ?? repository) }
                .filter { seen.insert($0.reference).inserted }
        } catch let error as GiteaError where error.isMissingRoute {
            // It may as well be the issue that is missing; that is an error, and it says so.
            _ = try await self.issue(issue)
            capabilities.note(lacking: .dependencies, repository, at: api.clock.uptime)
            return []
        }
    }

    /// Pages of a usual length, and of a small one where issues are so large that a page is more
    /// than may be read at once.
    private func pages<Item>(_ body: (_ limit: Int) async throws -> [Item]) async throws -> [Item] {
        do {
            return try await body(50)
        } catch GiteaError.transport(.tooLarge) {
            return try await body(5)
        }
    }
}

extension RepositoryName {
    var path: [String] { ["repos", owner, name] }
}

extension IssueReference {
    /// Of pull requests, too: what they have in common with issues is found there.
    var path: [String] { repository.path + ["issues", String(number)] }
    var pullPath: [String] { repository.path + ["pulls", String(number)] }
}

extension GiteaError {
    /// Whether the tracker has no such route, or has switched off what it is for.
    var isMissingRoute: Bool {
        switch self {
        case .notFound, .invalid(_, 405, _): true
        default: false
        }
    }
}
