internal import Logging
internal import SkepCore
internal import SkepQueue

extension SwarmParts {
    /// Open issues of some repositories that carry all of these labels, none of Skep's own among
    /// them. A repository that can't be read doesn't keep the others back, and is told of.
    ///
    /// - Throws: What the tracker throws when it is out of reach, or when no repository can be read.
    func openIssues(in repositories: [RepositoryName], labels: [String]) async throws -> [Issue] {
        let filter = IssueFilter(labels: labels)
        var issues: [Issue] = []
        var refusal: (any Error)?
        var readable = 0
        for repository in repositories {
            do {
                // Filtered again: a tracker that doesn't know a label answers with every issue.
                issues += try await tracker.issues(in: repository, matching: filter)
                    .filter { filter.matches($0) && !$0.isOfSkep }
                readable += 1
            } catch let error as any SkepError where !error.mayPass {
                refusal = error
                logger.warning(
                    "Can't list issues",
                    metadata: [
                        LogKeys.repository: "\(repository)", LogKeys.error: "\(error)",
                    ])
                try await store.record(
                    NewSwarmEvent(
                        .trouble, text: "issues of \(repository) can't be listed: \(error.what)"))
            }
        }
        if readable == 0, let refusal { throw refusal }
        return issues
    }

    /// Whether a repository is there, and this account may see it. What is missing in one that isn't
    /// may come back with it.
    ///
    /// - Throws: What may pass.
    func canRead(_ repository: RepositoryName) async throws -> Bool {
        do {
            _ = try await tracker.repository(repository)
            return true
        } catch let error as any SkepError where !error.mayPass {
            return false
        }
    }
}

extension Issue {
    /// Whether Skep opened it, to report something.
    var isOfSkep: Bool { CommentMarker.isInAny(body) }
}
