import Foundation
import Logging
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepForge

@Suite("Hooks")
struct HookTests {
    private let hooks = "repos/amy/bees/hooks"

    /// A hook that is told of these events.
    static func hook(
        _ test: TestForge, _ receiver: HookReceiver, events: [JSON], type: JSON = "json"
    ) async throws -> Int {
        let made = try await test.client().post(
            "repos/amy/bees/hooks",
            [
                "type": "gitea", "active": true, "events": .array(events),
                "config": [
                    "url": .string(receiver.url), "content_type": type, "secret": "honey",
                ],
            ])
        #expect(made.status == 201)
        return made.json["id"]?.int ?? 0
    }

    @Test("A hook is made, shown without its secret, changed and deleted, by administrators only")
    func lifeOfAHook() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let config: JSON = [
                "url": "http://127.0.0.1:9/x", "content_type": "json", "secret": "honey",
            ]
            let made = try await amy.post(hooks, ["type": "gitea", "config": config])
            let one = "\(hooks)/\(made.json["id"]?.int ?? 0)"

            #expect(made.status == 201)
            #expect(made.json["active"]?.bool == false)
            #expect(made.json["events"] == ["push"])
            #expect(made.text.contains("honey") == false)
            let changed = try await amy.patch(
                one, ["active": true, "events": ["issues_only", "pull_request_review"]])
            #expect(
                changed.json["events"] == [
                    "issues", "pull_request_review_approved", "pull_request_review_rejected",
                    "pull_request_review_comment",
                ])
            #expect(try await amy.get(hooks).json.array.count == 1)
            #expect(try await test.client("bob").get(hooks).status == 403)
            #expect(try await amy.post(hooks, ["type": "slack", "config": config]).status == 422)
            #expect(
                try await amy.post(
                    hooks, ["type": "gitea", "config": ["url": "http://127.0.0.1/"]]
                ).status == 422)
            let far: JSON = ["url": "http://192.0.2.1/", "content_type": "json"]
            #expect(try await amy.post(hooks, ["type": "gitea", "config": far]).status == 422)
            #expect(try await amy.delete(one).status == 204)
            #expect(try await amy.get(one).status == 404)
        }
    }

    @Test("A delivery is signed over its very bytes, with all the headers that receivers look for")
    func headers() async throws {
        try await HookReceiver.with { receiver in
            try await TestForge.with { test async throws in
                _ = try await Self.hook(test, receiver, events: ["issues"])
                _ = try await test.client().post(
                    "repos/amy/bees/issues", ["title": "Bäes & wasps"])

                try await eventually("the hook comes") { receiver.deliveries.count == 1 }
                let delivery = try #require(receiver.deliveries.first)
                let secret = HookSignature.sha256(delivery.body, secret: "honey")
                #expect(delivery.header("X-Gitea-Event") == "issues")
                #expect(delivery.header("X-Gitea-Event-Type") == "issues")
                #expect(delivery.header("X-GitHub-Event") == "issues")
                #expect(delivery.header("X-Gogs-Event") == "issues")
                #expect(delivery.header("X-Gitea-Signature") == secret)
                #expect(delivery.header("X-Gogs-Signature") == secret)
                #expect(delivery.header("X-Hub-Signature-256") == "sha256=" + secret)
                #expect(delivery.header("X-Hub-Signature")?.utf8.count == 45)
                #expect(delivery.header("Content-Type") == "application/json")
                let id = delivery.header("X-Gitea-Delivery") ?? ""
                #expect(UUID(uuidString: id) != nil)
                #expect(delivery.header("X-GitHub-Delivery") == id)
                #expect(delivery.json["issue"]?["title"]?.string == "Bäes & wasps")
                #expect(
                    delivery.json["issue"]?["url"]?.string?.hasPrefix(test.url) == true)
            }
        }
    }

    @Test("The signature is HMAC-SHA256, and HMAC-SHA1 for old receivers")
    func signatures() {
        // RFC 4231, test case 2, and RFC 2202, test case 2.
        let text = Array("what do ya want for nothing?".utf8)
        #expect(
            HookSignature.sha256(text, secret: "Jefe")
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            HookSignature.sha1(text, secret: "Jefe") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        #expect(HookSignature.sha256(text, secret: "") == "")
    }

    @Test("A form brings its JSON as a field, signed without it")
    func forms() async throws {
        try await HookReceiver.with { receiver in
            try await TestForge.with { test async throws in
                _ = try await Self.hook(test, receiver, events: ["issues"], type: "form")
                _ = try await test.client().post("repos/amy/bees/issues", ["title": "a+b & c"])

                try await eventually("the hook comes") { receiver.deliveries.count == 1 }
                let delivery = try #require(receiver.deliveries.first)
                let query = PercentCoding.query(
                    Substring(String(decoding: delivery.body, as: UTF8.self)))
                let payload = Array((query.first?.value ?? "").utf8)
                #expect(query.first?.name == "payload")
                #expect(JSON(parsing: payload)?["issue"]?["title"]?.string == "a+b & c")
                #expect(
                    delivery.header("X-Gitea-Signature")
                        == HookSignature.sha256(payload, secret: "honey"))
            }
        }
    }

    @Test("What a hook doesn't take is sent again with the same id, and kept as history")
    func retries() async throws {
        try await HookReceiver.with(statuses: [500]) { receiver in
            try await TestForge.with { test async throws in
                let id = try await Self.hook(test, receiver, events: ["issues"])
                _ = try await test.client().post("repos/amy/bees/issues", ["title": "x"])
                func rows() async throws -> [DeliveryRow] {
                    try await test.forge.store.read { db in
                        try DeliveryRow.of(db, hook: Int64(id), limit: 10)
                    }
                }

                try await eventually("the hook comes") {
                    try await rows().first?.state == .delivered
                }
                #expect(receiver.deliveries.count == 2)
                #expect(Set(receiver.deliveries.map { $0.header("X-Gitea-Delivery") }).count == 1)
                let row = try await rows().first
                #expect(row?.attempts == 2)
                #expect(row?.responseStatus == 200)
                #expect(row?.responseBody == "ok")
            }
        }
    }

    @Test("A hook that nobody answers is given up, and one that leads elsewhere isn't tried")
    func failures() async throws {
        let folder = TemporaryFolder.path()
        defer { TemporaryFolder.remove(folder) }
        let forge = try await Forge(dataFolder: folder, clock: SteppingClock(), git: .find())
        _ = try await forge.addUser("amy")
        let repository = RepositoryName("amy/bees")!  // The name is well formed.
        try await forge.addRepository(repository)
        let ids = try await forge.store.write { db, now in
            try ["http://127.0.0.1:1/", "http://192.0.2.1/"].map { url in
                let chosen = HookSettings(url: url, events: [.issues], isActive: true)
                return try HookRow.insert(db, repository: 1, chosen, now: now)?.id ?? 0
            }
        }
        try await forge.addIssue(to: repository, title: "x")
        let deliverer = HookDeliverer(
            forge: forge, poster: HookPoster(reach: .loopback),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            pauses: [.zero, .zero])

        while try await deliverer.deliverDue() > 0 {}

        let rows = try await forge.store.read { db in
            try ids.map { try DeliveryRow.of(db, hook: $0, limit: 1).first }
        }
        #expect(rows.map { $0?.state } == [.failed, .failed])
        #expect(rows.map { $0?.attempts } == [3, 1])
        #expect(rows[0]?.error.contains("Can't reach") == true)
        #expect(rows[1]?.error.contains("this machine") == true)
    }

    @Test("A hook can be tried out, and only wants the branches it names")
    func testsAndBranches() async throws {
        try await HookReceiver.with { receiver in
            try await TestForge.with { test async throws in
                let amy = test.client()
                let id = try await Self.hook(test, receiver, events: ["push", "create"])
                _ = try await amy.patch("\(hooks)/\(id)", ["branch_filter": "main"])
                _ = try await amy.post(
                    "repos/amy/bees/branches",
                    ["new_branch_name": "aside", "old_ref_name": "main"])

                #expect(try await amy.post("\(hooks)/\(id)/tests").status == 204)
                try await eventually("the hook comes") { receiver.deliveries.count == 1 }
                #expect(receiver.deliveries[0].json["ref"]?.string == "refs/heads/main")
            }
        }
    }
}
