import Foundation
import Logging
import SkepCore
import SkepQueue
import Synchronization
import Testing

@testable import SkepForge

/// A tracker that is served while a test runs: a repository "amy/bees" with one commit, its owner
/// "amy", a reviewer "bob" who may write, and "carl" who may not.
struct TestForge: Sendable {
    let forge: Forge
    let folder: String
    let url: String
    let tokens: [String: String]
    let repository = RepositoryName("amy/bees")!  // The name is well formed.

    /// Asks as a user; as nobody for `nil`.
    func client(_ user: String? = "amy") -> APIClient {
        APIClient(url: url, token: user.flatMap { tokens[$0] })
    }

    func cloneURL(_ user: String?) -> String {
        guard let user, let token = tokens[user] else { return url + "/amy/bees.git" }
        return url.replacingOccurrences(of: "http://", with: "http://\(user):\(token)@")
            + "/amy/bees.git"
    }

    static func with(
        git: GitCommand = .find(), isEmpty: Bool = false, quirks: GiteaQuirks = .none,
        faults: FaultPlan = FaultPlan(),
        _ body: @Sendable @escaping (TestForge) async throws -> Void
    ) async throws {
        let folder = TemporaryFolder.path()
        defer { TemporaryFolder.remove(folder) }
        let forge = try await Forge(dataFolder: folder, clock: SteppingClock(), git: git)
        var tokens: [String: String] = [:]
        for name in ["amy", "bob", "carl"] {
            tokens[name] = try await forge.addUser(LoginName(rawValue: name)).token.value
        }
        if git.isInstalled {
            _ = try await forge.create(owner: "amy", name: "bees", seed: isEmpty ? .empty : .readme)
            try await forge.addCollaborator("bob", to: RepositoryName("amy/bees")!)
        }
        let known = tokens
        try await serving(forge, quirks: quirks, faults: faults) { url in
            try await body(TestForge(forge: forge, folder: folder, url: url, tokens: known))
        }
    }

    /// Serves a tracker while the body runs.
    static func serving(
        _ forge: Forge, quirks: GiteaQuirks = .none, faults: FaultPlan = FaultPlan(),
        _ body: @Sendable @escaping (String) async throws -> Void
    ) async throws {
        let (addresses, source) = AsyncStream<ForgeServer.Address>.makeStream()
        let server = try ForgeServer(
            forge: forge, version: "7.8.9", quirks: quirks, faults: faults,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onReady: { source.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { source.finish() }
                try await server.run()
            }
            var iterator = addresses.makeAsyncIterator()
            guard let address = await iterator.next() else {
                try await group.waitForAll()
                Issue.record("The server ended before it was ready.")
                return
            }
            try await body(address.url)
            group.cancelAll()
        }
    }
}

/// A clock that goes on by a second whenever it's read, so that what comes later is later.
final class SteppingClock: SkepQueue.Clock {
    private let reads = Mutex<Int64>(0)

    var now: Timestamp {
        let count = reads.withLock { value in
            value += 1
            return value
        }
        return Timestamp(milliseconds: 1_800_000_000_000 + count * 1000)
    }

    var uptime: Duration { .zero }
    func sleep(for length: Duration) async throws {}
}
