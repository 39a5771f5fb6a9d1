import SkepQueue
import Synchronization

/// Who signed in on the pages, in memory: whoever did is a stranger again after a restart.
///
/// A browser keeps a random id in a cookie that scripts can't read and that other sites' pages
/// don't send along. What it stands for is here: the hash of the token that was given, so that
/// a token that is taken away ends its sessions too.
final class PageSessions: Sendable {
    /// Where the form is that takes a token. No user has this name.
    static let signInPath = ["user", "login"]
    static let signInAddress = "/" + signInPath.joined(separator: "/")

    /// A browser that signed in.
    struct Found: Sendable {
        let id: String
        let user: UserRow
    }

    private struct Session {
        let tokenHash: String
        var seenAtMs: Int64
    }

    /// Sessions that are kept; beyond that the one that was idle longest goes.
    private static let capacity = 1000
    /// Milliseconds after which a session that nobody uses ends: a week.
    private static let idleLimit: Int64 = 7 * 86_400_000

    private let open = Mutex<[String: Session]>([:])
    /// Only this process can tell the token of a session's forms.
    private let secret = Token.random().value

    // MARK: Sessions

    /// The session that a Cookie header names, if its token is still good.
    ///
    /// - Parameter host: As the request has it: cookies don't tell ports apart, so their names do.
    func find(in cookies: String, host: String, _ forge: Forge) async throws -> Found? {
        guard let id = Self.id(in: cookies, host: host) else { return nil }
        let now = forge.store.clock.now.milliseconds
        let hash = open.withLock { sessions -> String? in
            guard let session = sessions[id] else { return nil }
            guard now - session.seenAtMs < Self.idleLimit else {
                sessions[id] = nil
                return nil
            }
            sessions[id]?.seenAtMs = now
            return session.tokenHash
        }
        guard let hash else { return nil }
        let user = try await forge.store.read { db in
            try TokenRow.find(db, hash: hash).map { try UserRow.find(db, id: $0.userId) }
        }
        guard let user else {
            close(id)
            return nil
        }
        return Found(id: id, user: user)
    }

    /// Opens a session for whoever has a token, and gives its id.
    func start(tokenHash: String, now: Timestamp) -> String {
        let id = Token.random().value
        open.withLock { sessions in
            if sessions.count >= Self.capacity,
                let idle = sessions.min(by: { $0.value.seenAtMs < $1.value.seenAtMs })
            {
                sessions[idle.key] = nil
            }
            sessions[id] = Session(tokenHash: tokenHash, seenAtMs: now.milliseconds)
        }
        return id
    }

    func close(_ id: String) {
        open.withLock { $0[id] = nil }
    }

    // MARK: Tokens of forms

    /// What a form of the browser with this id brings along: another site's page can't know it.
    func formToken(for id: String) -> String {
        // Both parts have a fixed length, so nothing can be moved from one to the other.
        Token(value: "\(secret) \(id) \(secret)").hash
    }

    func isFormToken(_ token: String, for id: String) -> Bool {
        let expected = formToken(for: id).utf8
        guard token.utf8.count == expected.count else { return false }
        return zip(token.utf8, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: Cookies

    /// The id in a Cookie header; `nil` without one, or when it isn't one of ours by its looks.
    static func id(in cookies: String, host: String) -> String? {
        let name = cookieName(host)
        for part in cookies.split(separator: ";") {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0] == name else { continue }
            let id = pair[1]
            return id.utf8.count == 40 && id.allSatisfy(\.isHexDigit) ? String(id) : nil
        }
        return nil
    }

    /// Strict: a link on another site leads here without it, and so does a form.
    static func cookie(_ id: String, host: String) -> (name: String, value: String) {
        ("Set-Cookie", "\(cookieName(host))=\(id); Path=/; HttpOnly; SameSite=Strict")
    }

    static func expiredCookie(host: String) -> (name: String, value: String) {
        (
            "Set-Cookie",
            "\(cookieName(host))=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        )
    }

    private static func cookieName(_ host: String) -> String {
        let port = host.split(separator: ":").last.flatMap { UInt16($0) } ?? 80
        return "skep_tracker_\(port)"
    }
}
