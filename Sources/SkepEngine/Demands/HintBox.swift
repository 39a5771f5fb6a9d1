internal import SkepCore
internal import SkepQueue
internal import Synchronization

/// What was said of a repository since it was looked at.
struct RepositoryHints: Sendable, Hashable {
    /// Issues and pull requests something happened to.
    var numbers: Set<Int> = []
    /// Whether something happened of which nobody said where: a push, a status.
    var isAnywhere = false
}

/// Gathers hints until somebody looks, and wakes the one who sleeps.
final class HintBox: Sendable {
    private struct State {
        var pending: [RepositoryName: RepositoryHints] = [:]
        var nap: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// A storm about one repository costs no more memory than its issues have numbers.
    func add(_ repository: RepositoryName, _ issue: Int?) {
        let nap = state.withLock { state in
            var hints = state.pending[repository] ?? RepositoryHints()
            if let issue { hints.numbers.insert(issue) } else { hints.isAnywhere = true }
            state.pending[repository] = hints
            defer { state.nap = nil }
            return state.nap
        }
        nap?.cancel()
    }

    var isWaiting: Bool { state.withLock { !$0.pending.isEmpty } }

    func take() -> [RepositoryName: RepositoryHints] {
        state.withLock { state in
            defer { state.pending = [:] }
            return state.pending
        }
    }

    /// Sleeps for a while, or until there is a hint.
    ///
    /// - Throws: `CancellationError` when the caller is cancelled.
    func sleep(for length: Duration, on clock: any Clock) async throws {
        // Awaited right below; a task of its own, so that a hint can end it.
        let nap = Task {
            do { try await clock.sleep(for: length) } catch {}
        }
        let isHinted = state.withLock { state in
            guard state.pending.isEmpty else { return true }
            state.nap = nap
            return false
        }
        if isHinted { nap.cancel() }
        await withTaskCancellationHandler {
            await nap.value
        } onCancel: {
            nap.cancel()
        }
        state.withLock { $0.nap = nil }
        try Task.checkCancellation()
    }
}
