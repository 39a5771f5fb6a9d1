import Synchronization

/// Which repositories' references this process is changing at the moment.
///
/// Whoever changes them tells of it afterwards, in the right person's name; others who look
/// meanwhile leave that to them.
final class RefActivity: Sendable {
    private let counts = Mutex<[Int64: Int]>([:])

    func isBusy(_ repository: RepositoryRow) -> Bool {
        counts.withLock { $0[repository.id] != nil }
    }

    func begin(_ repository: RepositoryRow) {
        counts.withLock { $0[repository.id, default: 0] += 1 }
    }

    func end(_ repository: RepositoryRow) {
        counts.withLock { counts in
            let left = (counts[repository.id] ?? 1) - 1
            counts[repository.id] = left > 0 ? left : nil
        }
    }
}

extension Forge {
    /// Changes references in somebody's name, and tells of what was changed.
    func changingRefs<Result: Sendable>(
        of repository: RepositoryRow, by user: UserRow?,
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        refActivity.begin(repository)
        defer { refActivity.end(repository) }
        let result = try await body()
        try await noticePushes(in: repository, by: user)
        return result
    }
}
