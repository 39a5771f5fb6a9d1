internal import SkepCore
internal import SkepQueue
internal import Synchronization

/// What the tracker said of dependencies and permissions, so that it isn't asked twice.
///
/// One that lives longer than a pass has to be told when answers grow old: `keepRefusals` and
/// `forget`. Then only what keeps a demand waiting is kept, and what lets one start is asked anew
/// each time.
final class TrackerAnswers: Sendable {
    struct Asker: Hashable {
        let login: LoginName
        let repository: RepositoryName
    }

    struct Answer<Value: Sendable>: Sendable {
        let value: Value
        /// On the clock's uptime.
        let at: Duration
    }

    private struct State {
        /// The open issues that an issue depends on.
        var dependencies: [IssueReference: Answer<[IssueReference]>] = [:]
        var permissions: [Asker: Answer<Bool>] = [:]
    }

    private let state = Mutex(State())

    func dependencies(of issue: IssueReference) -> [IssueReference]? {
        state.withLock { $0.dependencies[issue]?.value }
    }

    func permission(_ asker: Asker) -> Bool? {
        state.withLock { $0.permissions[asker]?.value }
    }

    func keep(_ dependencies: [IssueReference], of issue: IssueReference, at uptime: Duration) {
        state.withLock { $0.dependencies[issue] = Answer(value: dependencies, at: uptime) }
    }

    func keep(_ isPermitted: Bool, of asker: Asker, at uptime: Duration) {
        state.withLock { $0.permissions[asker] = Answer(value: isPermitted, at: uptime) }
    }

    /// Forgets what lets a demand start, and what is older than a moment.
    func keepRefusals(after uptime: Duration) {
        state.withLock { state in
            state.dependencies = state.dependencies.filter {
                !$0.value.value.isEmpty && $0.value.at > uptime
            }
            state.permissions = state.permissions.filter {
                !$0.value.value && $0.value.at > uptime
            }
        }
    }

    /// Forgets what depends on a repository: something happened there.
    func forget(_ repository: RepositoryName) {
        state.withLock { state in
            state.dependencies = state.dependencies.filter { issue, answer in
                issue.repository != repository
                    && !answer.value.contains { $0.repository == repository }
            }
            state.permissions = state.permissions.filter { $0.key.repository != repository }
        }
    }
}
