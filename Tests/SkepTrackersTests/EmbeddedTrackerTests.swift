import Foundation
import Logging
import SkepCore
import SkepForge
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

/// The client in front of the embedded tracker, with the validating proxy between them: what both say
/// agrees with the API's specification, also where things go wrong.
@Suite("GiteaTracker and the embedded tracker", .serialized, .timeLimit(.minutes(10)))
struct EmbeddedTrackerTests {
    @Test("They pass the suite that all trackers pass, as the specification has it")
    func plain() async throws {
        try await conform()
    }

    @Test("They pass it with all of Gitea's habits")
    func quirks() async throws {
        try await conform(quirks: .all)
    }

    @Test(
        "They pass it while requests fail, before or after they were done",
        arguments: [7, 2026] as [UInt64])
    func faults(seed: UInt64) async throws {
        let faults = FaultPlan(
            [
                .init(.errorAfterWrite, .rate(0.08)), .init(.badGateway, .rate(0.05)),
                .init(.tooMany, .rate(0.01)), .init(.redirect, .rate(0.04)),
                .init(.slow, .rate(0.05)), .init(.cut, .rate(0.06)),
                .init(.repeatPage, .rate(0.1)),
            ], seed: seed, delay: .milliseconds(20))
        try await conform(quirks: .all, faults: faults)
    }

    /// Runs all cases, one after the other: the same requests in the same order meet the same faults.
    private func conform(quirks: GiteaQuirks = .none, faults: FaultPlan = FaultPlan()) async throws
    {
        let folder = TemporaryFolder()
        let forge = try await Forge(dataFolder: folder.path + "/forge")
        let token = try await forge.addUser("skep", isAdmin: true).token
        let reviewerToken = try await forge.addUser("codex").token
        let (addresses, ready) = AsyncStream<ForgeServer.Address>.makeStream()
        let server = try ForgeServer(
            forge: forge, quirks: quirks, faults: faults,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        ) { ready.yield($0) }
        // Ended with the test.
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        let direct = try #require(await addresses.first { _ in true }).url
        let proxy = try await proxy(before: direct, in: folder)

        // Many tests at once leave little time for a server in this process.
        let client = HTTPClient(
            version: "test",
            limits: HTTPLimits(
                connect: .seconds(120), total: .seconds(300), stall: .seconds(300)))
        let tracker = GiteaTracker(
            address: try HTTPURL(proxy.url), token: token, client: client,
            retries: GiteaRetries(tries: 8, first: .milliseconds(5)))
        let subject = try await GiteaFixture.subject(
            repository: "hive", token: token, reviewerToken: reviewerToken, tracker: tracker,
            send: Self.sender(to: try HTTPURL(direct), client))
        for conformance in TrackerConformance.cases {
            await #expect(throws: Never.self, "\(conformance)") {
                try await conformance.run(subject)
            }
        }

        let origin = try HTTPURL(proxy.url).origin.description
        let told = try await client.send(HTTPRequest(.get, HTTPURL(origin + "/__violations")))
        let findings = try JSONDecoder().decode(Findings.self, from: Data(told.body))
        #expect(findings.violations.map(\.what) == [])
        #expect(findings.requests > 300)
    }

    private struct Findings: Decodable {
        struct Violation: Decodable {
            let what: String
        }
        let requests: Int
        let violations: [Violation]
    }

    private func proxy(before upstream: String, in folder: TemporaryFolder) async throws
        -> ValidatingProxy
    {
        let contract = try #require(
            Bundle.module.path(
                forResource: "gitea-api", ofType: "json", inDirectory: "Fixtures"))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../EndToEndTests/Fixtures/validating_proxy.py")
        return try await ValidatingProxy(
            script: script.standardized.path, contract: contract, upstream: upstream,
            folder: folder.path)
    }

    /// What prepares the cases goes around proxy and faults.
    private static func sender(to address: HTTPURL, _ client: HTTPClient) -> GiteaFixture.Send {
        { method, path, body, token in
            var headers: HTTPHeaders = [
                "Authorization": "token \(token.value)", "X-Skep-Faults": "none",
            ]
            if body != nil { headers["Content-Type"] = "application/json" }
            let response = try await client.send(
                HTTPRequest(
                    HTTPMethod(rawValue: method), address.appending(["api", "v1"] + path),
                    headers: headers, body: body.map { Array($0) }))
            return (response.status, Data(response.body))
        }
    }
}
