internal import Foundation
public import SkepCore
internal import SkepHTTP

extension GiteaTracker {
    /// Asks for what can be asked, and tries writes that can't do anything: there is no issue 0, and
    /// a token's scopes are looked at before the issue is. So 404 is the good answer.
    ///
    /// Whether a scope suffices and whether the account may are two things; each is told apart.
    public func rights(in repository: RepositoryName) async throws -> [TrackerRight] {
        let nothing = GiteaEmpty()
        let read = try await probe(
            .get(repository.path, subject: "repository \(repository)"), named: "read:repository",
            for: "to read the repository, its pull requests, reviews and statuses")
        let issues = try await probe(
            .get(
                repository.path + ["issues"], query: [("state", "all"), ("limit", "1")],
                subject: "the issues of \(repository)"), named: "read:issue",
            for: "to read issues and comments")
        let comments = try await probe(
            .write(
                .patch, repository.path + ["issues", "0"], nothing,
                subject: "the issues of \(repository)", isRepeatable: true), named: "write:issue",
            for: "to post comments, put labels and reactions, and open and close issues")
        let pulls = try await probe(
            .write(
                .patch, repository.path + ["pulls", "0"], nothing,
                subject: "the pull requests of \(repository)", isRepeatable: true),
            named: "write:repository",
            for: "to push branches with git, open and merge pull requests, and set statuses")
        let reviews = try await probe(
            .write(
                .post, repository.path + ["pulls", "0", "reviews"],
                GiteaNewReview(event: "COMMENT", body: "", commit: "", comments: nil),
                subject: "the reviews of \(repository)", isRepeatable: true),
            named: "write:repository", for: "to post reviews")
        return [read, issues, comments, pulls, reviews]
            + access(try await permissions(in: repository), repository)
    }

    /// What the tracker says of the account, whatever the token's scopes.
    private func access(
        _ permissions: GiteaRepository.Permissions?, _ repository: RepositoryName
    ) -> [TrackerRight] {
        [
            TrackerRight(
                name: "write access to \(repository)",
                purpose: "to push branches, put labels, set statuses, and merge",
                isGranted: permissions?.push,
                advice: permissions?.push == true
                    ? nil
                    : "Make the token's account a collaborator of \(repository) that may write."
            ),
            TrackerRight(
                name: "admin access to \(repository)",
                purpose: "to ask who may write to it, and so whose commands in comments count",
                isGranted: permissions?.admin,
                advice: permissions?.admin == true
                    ? nil
                    : "Make the token's account an administrator of \(repository), or list in "
                        + "dispatch.allowed_users who may give commands."),
        ]
    }

    private func permissions(
        in repository: RepositoryName
    ) async throws -> GiteaRepository.Permissions? {
        do {
            let found: GiteaRepository = try await api.value(
                .get(repository.path, subject: "repository \(repository)"))
            return found.permissions
        } catch let error as GiteaError where error.verdict != nil {
            return nil
        }
    }

    /// - Throws: What says nothing about rights: nobody answers, or nobody is known by that token.
    private func probe(
        _ call: GiteaCall, named name: String, for purpose: String
    ) async throws -> TrackerRight {
        do {
            _ = try await api.send(call)
            return TrackerRight(name: name, purpose: purpose, isGranted: true)
        } catch let error as GiteaError {
            guard let verdict = error.verdict else { throw error }
            // A read that finds nothing wasn't allowed to.
            let isGranted =
                call.method.isRead && verdict == .yes ? false : verdict.isGranted
            let said = [error.why, error.advice].compactMap { $0 }.joined(separator: " ")
            return TrackerRight(
                name: name, purpose: purpose, isGranted: isGranted,
                advice: isGranted == true ? nil : said)
        }
    }
}

extension GiteaError {
    fileprivate enum ProbeVerdict {
        case yes, no, unclear

        var isGranted: Bool? {
            switch self {
            case .yes: true
            case .no: false
            case .unclear: nil
            }
        }
    }

    /// What a write that can't do anything has shown; `nil` where it never got as far.
    fileprivate var verdict: ProbeVerdict? {
        switch self {
        case .notFound, .gone, .invalid, .conflict: .yes
        case .missingScope, .forbidden: .no
        case .unauthorized(_, false, _): .no
        case .serverFailed(_, 500, _), .unreadable: .unclear
        default: nil
        }
    }
}
