internal import Foundation
public import SkepCore
internal import SkepHTTP

extension GiteaTracker {
    /// Those of the combined status, which has the newest of each context only. Its pages are told
    /// by `X-Total-Count`, or by a field of the answer.
    public func statuses(at commit: CommitID, in repository: RepositoryName) async throws
        -> [CommitStatus]
    {
        let path = repository.path + ["commits", commit.rawValue, "status"]
        var newest: [String: GiteaCommitStatus] = [:]
        var seen = 0
        var page: Int? = 1
        while let number = page {
            let call = GiteaCall.get(
                path, query: [("limit", "50"), ("page", String(number))],
                subject: "commit \(commit.short) of \(repository)")
            let response = try await api.send(call)
            let answer: GiteaCombinedStatus = try api.decode(response, call)
            for status in answer.statuses
            where newest[status.status.context].map({ $0.id < status.id }) != false {
                newest[status.status.context] = status
            }
            seen += answer.statuses.count
            page = GiteaPage.next(
                after: number, link: response.headers["Link"],
                total: response.headers["X-Total-Count"] ?? answer.total.map(String.init),
                seen: seen)
            if answer.statuses.isEmpty { page = nil }
        }
        return newest.values.sorted { ($0.id, $0.status.context) < ($1.id, $1.status.context) }
            .map(\.status)
    }

    public func setStatus(
        _ status: NewCommitStatus, at commit: CommitID, in repository: RepositoryName
    ) async throws {
        let wanted = CommitStatus(
            context: status.context, state: status.state, description: status.description,
            url: status.url)
        let look = {
            try await self.statuses(at: commit, in: repository).first { $0 == wanted }
        }
        guard try await look() == nil else { return }
        let subject = "the status \"\(status.context)\" of \(commit.short) in \(repository)"
        let call = try GiteaCall.write(
            .post, repository.path + ["statuses", commit.rawValue],
            GiteaNewStatus(
                context: status.context, state: status.state.rawValue,
                description: status.description, url: status.url),
            subject: subject, in: .repository(repository), isRepeatable: false)
        guard
            case .done(let answer) = try await writeOnce(
                call, as: GiteaCommitStatus.self, look: look)
        else { return }
        guard answer.status.state == status.state else {
            throw GiteaError.ignored(subject: subject, what: "set \(status.state.rawValue)")
        }
    }
}
