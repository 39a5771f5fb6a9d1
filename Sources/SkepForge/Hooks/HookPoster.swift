import Foundation
import SkepHTTP

/// Sends one delivery: signed over the very bytes that are sent, once, and without following
/// redirects.
struct HookPoster: Sendable {
    /// Where hooks may lead.
    enum Reach: Sendable {
        /// This machine only.
        case loopback
        case anywhere
    }

    private let client: HTTPClient
    private let reach: Reach

    /// Characters of an answer that are kept.
    private static let keptAnswer = 2000

    /// - Parameter timeout: For a whole delivery; Gitea's 5 s by default.
    init(reach: Reach, timeout: Duration = .seconds(5)) {
        self.reach = reach
        client = HTTPClient(
            version: Forge.version,
            limits: HTTPLimits(
                connect: timeout, total: timeout, stall: timeout, body: 1 << 20, redirects: 0))
    }

    func post(_ delivery: DeliveryRow, to hook: HookRow) async throws -> DeliveryResult {
        do {
            let url = try HTTPURL(hook.url)
            guard reach == .anywhere || url.origin.isLoopback else {
                return DeliveryResult(
                    error: "Hooks may only lead to this machine.", mayBeTriedAgain: false)
            }
            let answer = try await client.send(Self.request(delivery, to: hook, at: url))
            let text = String(decoding: answer.body, as: UTF8.self)
            return DeliveryResult(
                status: answer.status, body: String(text.prefix(Self.keptAnswer)),
                error: answer.isSuccess ? "" : "The answer was \(answer.status).")
        } catch HTTPError.invalidURL(_, let why) {
            return DeliveryResult(error: why, mayBeTriedAgain: false)
        } catch let error as HTTPError {
            return DeliveryResult(
                error: [error.what, error.why].compactMap { $0 }.joined(separator: " "))
        }
    }

    static func request(_ delivery: DeliveryRow, to hook: HookRow, at url: HTTPURL) -> HTTPRequest {
        let payload = Array(delivery.payload.utf8)
        let event = HookEvent(rawValue: delivery.event)
        let group = event?.group ?? delivery.event
        // A form's signature is of the JSON in it, as Gitea has it.
        let sha256 = HookSignature.sha256(payload, secret: hook.secret)
        let sha1 = HookSignature.sha1(payload, secret: hook.secret)
        var headers = HTTPHeaders()
        let isForm = hook.contentType == "form"
        headers["Content-Type"] =
            isForm ? "application/x-www-form-urlencoded" : "application/json"
        for maker in ["Gitea", "Gogs", "GitHub"] {
            headers["X-\(maker)-Delivery"] = delivery.uuid
            headers["X-\(maker)-Event"] = group
            headers["X-\(maker)-Event-Type"] = delivery.event
            if maker != "GitHub" { headers["X-\(maker)-Signature"] = sha256 }
        }
        headers["X-Hub-Signature"] = "sha1=" + sha1
        headers["X-Hub-Signature-256"] = "sha256=" + sha256
        if !hook.authorizationHeader.isEmpty {
            headers["Authorization"] = hook.authorizationHeader
        }
        let form = isForm ? Array(("payload=" + PercentCoding.encode(delivery.payload)).utf8) : nil
        return HTTPRequest(.post, url, headers: headers, body: form ?? payload)
    }
}
