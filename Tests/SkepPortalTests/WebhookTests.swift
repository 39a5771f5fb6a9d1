import Logging
import SkepCore
import SkepHTTP
import Synchronization
import Testing

@testable import SkepPortal

@Suite("Webhooks")
struct WebhookTests {
    private let receiver = WebhookReceiver(secret: Secret("key"), repositories: [.larder])

    @Test("A signature is the HMAC-SHA256 of the raw bytes, bare or after sha256=")
    func knownSignature() throws {
        // https://en.wikipedia.org/wiki/HMAC#Examples
        let hex = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
        let body = Array("The quick brown fox jumps over the lazy dog".utf8)

        let bare = try #require(WebhookSignature(hex))
        let prefixed = try #require(WebhookSignature("sha256=" + hex.uppercased()))

        #expect(bare.signs(body, with: "key"))
        #expect(prefixed.signs(body, with: "key"))
        #expect(!bare.signs(body + [10], with: "key"))
        #expect(!bare.signs(body, with: "kez"))
    }

    @Test(
        "What isn't 64 hexadecimal digits is no signature",
        arguments: ["", "sha256=", "abc", String(repeating: "g", count: 64), "sha1=00"])
    func malformedSignature(text: String) {
        #expect(WebhookSignature(text) == nil)
    }

    @Test("A signed delivery points at its repository and issue")
    func taken() {
        let verdict = receiver.judge(
            .signed(#"{"repository":{"full_name":"Ida/Larder"},"issue":{"number":7}}"#))

        let issue = IssueReference(repository: .larder, number: 7)
        #expect(verdict == .taken(WebhookHint(repository: .larder, issue: issue)))
    }

    @Test("A push points at its repository alone, a pull request at its number")
    func otherEvents() {
        let push = receiver.judge(.signed(#"{"ref":"x","repository":{"full_name":"ida/larder"}}"#))
        let pull = receiver.judge(
            .signed(
                #"{"number":3,"pull_request":{"number":3},"repository":{"full_name":"ida/larder"}}"#
            ))

        #expect(push == .taken(WebhookHint(repository: .larder, issue: nil)))
        let reference = IssueReference(repository: .larder, number: 3)
        #expect(pull == .taken(WebhookHint(repository: .larder, issue: reference)))
    }

    @Test("The same delivery is taken once")
    func repeated() {
        let delivery = WebhookReceiver.Delivery.signed(
            #"{"repository":{"full_name":"ida/larder"}}"#, id: "one")

        #expect(receiver.judge(delivery) != .seenBefore)
        #expect(receiver.judge(delivery) == .seenBefore)
    }

    @Test("A delivery with a wrong signature neither counts nor uses up its id")
    func wronglySigned() {
        let good = WebhookReceiver.Delivery.signed(
            #"{"repository":{"full_name":"ida/larder"}}"#, id: "one")
        var bad = good
        bad.body.append(32)
        var unsigned = good
        unsigned.signature = nil

        #expect(receiver.judge(bad) == .wronglySigned)
        #expect(receiver.judge(unsigned) == .unsigned)
        #expect(
            receiver.judge(good) == .taken(WebhookHint(repository: .larder, issue: nil)))
    }

    @Test("A form's signature is that of the JSON in it")
    func form() {
        let json = #"{"repository":{"full_name":"ida/larder"},"issue":{"number":7},"a":"ä b+c"}"#
        var delivery = WebhookReceiver.Delivery.signed(json)
        delivery.isForm = true
        delivery.body =
            Array(
                "payload=".utf8)
            + json.utf8.flatMap { Array("%\($0 < 16 ? "0" : "")\(String($0, radix: 16))".utf8) }

        let issue = IssueReference(repository: .larder, number: 7)
        #expect(
            receiver.judge(delivery) == .taken(WebhookHint(repository: .larder, issue: issue)))
    }

    @Test("Other repositories and what can't be read are told apart")
    func strange() {
        let other = receiver.judge(.signed(#"{"repository":{"full_name":"ida/other"}}"#))
        let none = receiver.judge(.signed("{}"))
        let broken = receiver.judge(.signed("{"))

        #expect(other == .notOurs)
        #expect(none == .notOurs)
        guard case .unreadable = broken else {
            Issue.record("\(broken)")
            return
        }
    }

    @Test("Only the newest ids are kept")
    func forgetting() {
        var recent = RecentDeliveries(limit: 2)

        let answers = ["a", "b", "a", "c", "a", "c"].map { recent.insert($0) }

        #expect(answers == [true, true, false, true, true, false])
    }

    @Test("Over HTTP a delivery is answered with what became of it")
    func overHTTP() async throws {
        let hints = Mutex<[WebhookHint]>([])
        let server = WebhookServer(
            .init(host: "127.0.0.1", port: 0, secret: Secret("key"), repositories: [.larder]),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        ) { hint in hints.withLock { $0.append(hint) } }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let running = Task { try await server.run { port.yield($0) } }
        defer { running.cancel() }
        let address = "http://127.0.0.1:\(try #require(await ports.first { _ in true }))"
        let client = HTTPClient(version: "1")
        let body = Array(#"{"repository":{"full_name":"ida/larder"}}"#.utf8)
        let signature = WebhookSignature.hmac(body, key: Array("key".utf8))
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        func send(_ path: String, _ headers: [String: String], _ body: [UInt8]) async throws -> Int
        {
            var request = HTTPRequest(.post, try HTTPURL(address + path))
            request.body = body
            for (name, value) in headers { request.headers[name] = value }
            return try await client.send(request).status
        }
        let headers = ["X-Gitea-Signature": signature, "X-Gitea-Delivery": "1"]

        #expect(try await send("/hooks", headers, body) == 202)
        #expect(try await send("/hooks", headers, body) == 200)
        #expect(
            try await send(
                "/hooks", ["X-Hub-Signature-256": "sha256=" + signature], body) == 202)
        #expect(try await send("/hooks", [:], body) == 401)
        #expect(try await send("/hooks", headers, body + [32]) == 401)
        #expect(try await send("/elsewhere", headers, body) == 404)
        #expect(hints.withLock { $0.count } == 2)
    }
}

extension RepositoryName {
    fileprivate static var larder: RepositoryName { RepositoryName("ida/larder")! }
}

extension WebhookReceiver.Delivery {
    fileprivate static func signed(_ json: String, id: String? = nil) -> Self {
        let digest = WebhookSignature.hmac(Array(json.utf8), key: Array("key".utf8))
        return Self(
            signature: digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
            id: id, event: "issues", body: Array(json.utf8))
    }
}
