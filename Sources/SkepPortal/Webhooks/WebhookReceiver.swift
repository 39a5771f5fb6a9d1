internal import Logging
internal import SkepCore
internal import Synchronization

/// Decides about deliveries: is it signed, is it new, is it about a repository that is worked on.
final class WebhookReceiver: Sendable {
    /// What arrives, without the ways of HTTP.
    struct Delivery: Sendable {
        var signature: String?
        var id: String?
        /// Such as "issue_comment".
        var event: String?
        var isForm = false
        var body: [UInt8]
    }

    enum Verdict: Sendable, Hashable {
        case taken(WebhookHint)
        /// Its id was seen before.
        case seenBefore
        /// It is signed, and about nothing that is worked on.
        case notOurs
        case unsigned
        case wronglySigned
        /// It is signed, and can't be read.
        case unreadable(String)
    }

    private let secret: Secret
    private let repositories: Set<RepositoryName>
    private let seen = Mutex(RecentDeliveries(limit: 10_000))

    init(secret: Secret, repositories: Set<RepositoryName>) {
        self.secret = secret
        self.repositories = repositories
    }

    func judge(_ delivery: Delivery) -> Verdict {
        guard let text = delivery.signature, !text.isEmpty else { return .unsigned }
        guard
            let json = delivery.isForm ? WebhookPayload.json(ofForm: delivery.body) : delivery.body
        else { return .wronglySigned }
        guard let signature = WebhookSignature(text), signature.signs(json, with: secret.value)
        else { return .wronglySigned }
        // Only what is signed may fill the memory of what was seen.
        if let id = delivery.id, !id.isEmpty, !seen.withLock({ $0.insert(id) }) {
            return .seenBefore
        }
        do {
            let payload = try WebhookPayload(json)
            guard let repository = payload.repositoryName, repositories.contains(repository) else {
                return .notOurs
            }
            return .taken(payload.hint(in: repository))
        } catch {
            return .unreadable("\(error)")
        }
    }
}

/// The newest so many delivery ids.
struct RecentDeliveries {
    private let limit: Int
    private var known: Set<String> = []
    private var order: [String] = []
    private var oldest = 0

    init(limit: Int) { self.limit = limit }

    /// - Returns: Whether it is new.
    mutating func insert(_ id: String) -> Bool {
        let id = String(id.prefix(100))
        guard known.insert(id).inserted else { return false }
        if order.count < limit {
            order.append(id)
        } else {
            known.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % limit
        }
        return true
    }
}
