internal import SkepCore
internal import SkepHTTP
internal import SkepQueue
internal import Synchronization

/// Where a call looks: a repository, or an issue or pull request in it.
enum GiteaPlace: Sendable, Hashable {
    case repository(RepositoryName)
    case issue(IssueReference)

    var repository: RepositoryName {
        switch self {
        case .repository(let name): name
        case .issue(let reference): reference.repository
        }
    }
}

/// What one account has learned of a tracker on the way.
final class GiteaMemory: Sendable {
    private struct State {
        var login: LoginName?
        var seen: Set<RepositoryName> = []
    }

    private let state = Mutex(State())

    /// Whose token it is, said by the tracker itself; `nil` until it has.
    var login: LoginName? { state.withLock { $0.login } }
    func learn(_ login: LoginName) { state.withLock { $0.login = login } }

    func see(_ repository: RepositoryName) { state.withLock { _ = $0.seen.insert(repository) } }
    func hasSeen(_ repository: RepositoryName) -> Bool {
        state.withLock { $0.seen.contains(repository) }
    }
}

/// What repositories turned out not to have, for all accounts; forgotten after an hour, since
/// somebody may switch it on.
final class GiteaCapabilities: Sendable {
    enum Feature: String, Sendable {
        case dependencies, reactions
        case locks = "locking"
    }

    private struct Key: Hashable {
        let feature: Feature
        let repository: RepositoryName
    }

    private static let memory = Duration.seconds(3600)
    private let missing = Mutex<[Key: Duration]>([:])

    func lacks(_ feature: Feature, _ repository: RepositoryName, at uptime: Duration) -> Bool {
        missing.withLock { missing in
            let since = missing[Key(feature: feature, repository: repository)]
            return since.map { uptime - $0 < Self.memory } ?? false
        }
    }

    func note(lacking feature: Feature, _ repository: RepositoryName, at uptime: Duration) {
        missing.withLock { $0[Key(feature: feature, repository: repository)] = uptime }
    }
}

extension GiteaAPI {
    /// Says more of a 404: whether the repository was there before, or is there without the issue.
    func explained(_ error: GiteaError, _ call: GiteaCall) async throws -> GiteaError {
        guard case .notFound(let subject, _) = error, let place = call.place else { return error }
        let wasSeen = memory.hasSeen(place.repository)
        if case .repository = place {
            return wasSeen ? .gone(subject: subject, .repositoryWasThere) : error
        }
        let name = place.repository
        do {
            _ = try await send(
                .get(["repos", name.owner, name.name], subject: "repository \(name)"))
            memory.see(name)
            return .gone(subject: subject, .repositoryAnswers)
        } catch GiteaError.notFound {
            return wasSeen ? .gone(subject: subject, .repositoryWasThere) : error
        } catch is GiteaError {
            return error
        }
    }
}
