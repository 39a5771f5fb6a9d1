import Foundation
import SkepCore
import SkepForge
import SkepQueue
import SkepTestSupport
import Synchronization
import Testing

@testable import skep

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `skep serve` as a process of its own, against the embedded tracker.
@Suite struct ServeTests {
    private let fixture = Fixture()

    private var state: StateFolder { StateFolder(path: fixture.path + "/state/skep") }

    /// Runs `body` while `skep forge serve` runs, with a configuration that names it.
    private func withForge(_ body: () async throws -> Void) async throws {
        let data = fixture.path + "/forge"
        let forge = try await Forge(dataFolder: data)
        let (_, token) = try await forge.addUser("ada", isAdmin: true)
        try await forge.addRepository(RepositoryName("ada/engine")!)
        let server = try await Background.start(
            ["forge", "serve", "--port", "0", "--json", "--data", data], in: fixture, token: nil)
        defer { server.stop(SIGKILL) }
        try await eventually("the tracker serves") { server.output.contains("\"url\"") }
        let url = try #require(server.output.firstMatch(of: /http:[^"]+/)).output
        try fixture.write(
            "skep.yaml",
            """
            tracker: {kind: skep, url: "\(url)", token_env: TOKEN}
            repositories: [ada/engine]
            agents: {user: root}
            """)
        Background.token.withLock { $0[fixture.path] = token.value }
        try await body()
    }

    private func serve() async throws -> Background {
        let token = Background.token.withLock { $0[fixture.path] }
        return try await Background.start(["serve", "--allow-root"], in: fixture, token: token)
    }

    @Test("A second serve is refused and told who works; SIGTERM ends the first with 0")
    func twoServes() async throws {
        try await withForge {
            let first = try await serve()
            defer { first.stop(SIGKILL) }
            try await eventually("it serves") { ServeLock.holder(state)?.isReady == true }

            let second = try await serve()
            try await eventually("the second ends") { second.status != nil }
            #expect(second.status == 1)
            #expect(second.errors.contains("It is process \(first.process)."))

            first.stop(SIGTERM)
            try await eventually("the first ends") { first.status != nil }
            #expect(first.status == 0)
            #expect(ServeLock.holder(state) == nil)
            #expect(!first.errors.contains(Background.token.withLock { $0[fixture.path] } ?? "?"))
        }
    }

    @Test("SIGHUP starts it anew in the same process, unless the configuration is wrong")
    func restart() async throws {
        try await withForge {
            let serving = try await serve()
            defer { serving.stop(SIGKILL) }
            try await eventually("it serves") { ServeLock.holder(state)?.isReady == true }
            let before = try #require(ServeLock.holder(state))

            try fixture.write("agents/bad.md", "---\nname: bad\nadaptr: patch\n---\n")
            serving.stop(SIGHUP)
            try await eventually("it refuses") {
                serving.errors.contains("Not restarting: the configuration is wrong")
            }
            #expect(ServeLock.holder(state) == before)

            try fixture.write("agents/bad.md", "---\nname: good\nadapter: patch\n---\n")
            serving.stop(SIGHUP)
            try await eventually("it serves again") {
                guard let now = ServeLock.holder(state) else { return false }
                return now.isReady && now.startedAt != before.startedAt
            }
            #expect(ServeLock.holder(state)?.processID == serving.process)

            serving.stop(SIGTERM)
            try await eventually("it ends") { serving.status != nil }
            #expect(serving.status == 0)
        }
    }
}
