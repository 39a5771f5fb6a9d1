import GRDB
import SkepQueue

/// The form that takes a token, and the end of a session.
enum SignInPage {
    @Sendable static func show(_ visit: Visit) async throws -> Answer {
        let back = local(visit.call.query("back") ?? "")
        if visit.user != nil { return visit.redirect(to: back) }
        return page(visit, back: back, problem: nil)
    }

    @Sendable static func signIn(_ visit: Visit) async throws -> Answer {
        let form = visit.form
        let back = local(form["back"])
        let id = PageSessions.id(in: visit.call.cookies, host: visit.host)
        guard let id, visit.site.sessions.isFormToken(form["form_token"], for: id) else {
            return page(
                visit, back: back,
                problem:
                    "The form is too old, or your browser takes no cookies. Try once more.")
        }
        let token = form["token"].filter { !$0.isWhitespace }
        guard !token.isEmpty else {
            return page(visit, back: back, problem: "Paste a token.")
        }
        let hash = Token(value: token).hash
        let (forge, sessions) = (visit.call.forge, visit.site.sessions)
        guard let found = try await visit.read({ try TokenRow.find($0, hash: hash) }) else {
            return page(visit, back: back, problem: "Nobody here has this token.")
        }
        guard TokenScope(stored: found.scopes).isWhole else {
            return page(
                visit, back: back,
                problem: "This token is for a part of the API only. Use one for everything.")
        }
        // Another id than before: whoever knew the stranger's doesn't know this one.
        let session = sessions.start(tokenHash: hash, now: forge.store.clock.now)
        var answer = visit.redirect(to: back)
        answer.headers.append(PageSessions.cookie(session, host: visit.host))
        return answer
    }

    @Sendable static func signOut(_ visit: Visit) async throws -> Answer {
        _ = try visit.requireForm()
        if let session = visit.session { visit.site.sessions.close(session.id) }
        var answer = visit.redirect(to: "/")
        answer.headers.append(PageSessions.expiredCookie(host: visit.host))
        return answer
    }

    private static func page(_ visit: Visit, back: String, problem: String?) -> Answer {
        let known = PageSessions.id(in: visit.call.cookies, host: visit.host)
        let id = known ?? Token.random().value
        var model: PageRenderer.Model = [
            "back": back, "strangerToken": visit.site.sessions.formToken(for: id),
        ]
        model["problem"] = problem
        var answer = visit.page(
            "signin", title: "Sign in", status: problem == nil ? 200 : 422, back: back, model)
        if known == nil { answer.headers.append(PageSessions.cookie(id, host: visit.host)) }
        return answer
    }

    /// A path of this tracker; its first page for what leads elsewhere.
    static func local(_ back: String) -> String {
        let isPlain = back.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
        guard back.hasPrefix("/"), !back.hasPrefix("//"), isPlain, back.utf8.count <= 2000,
            !back.hasPrefix(PageSessions.signInAddress)
        else { return "/" }
        return back
    }
}

extension TokenScope {
    /// Whether nothing is held back.
    fileprivate var isWhole: Bool {
        !isPublicOnly && Category.allCases.allSatisfy { allows(.write, $0) }
    }
}
