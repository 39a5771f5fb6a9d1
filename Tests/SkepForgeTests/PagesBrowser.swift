import Foundation
import Synchronization
import Testing

@testable import SkepForge

/// A browser without scripts: it keeps its cookies, and sends the forms that it was shown.
final class PagesBrowser: Sendable {
    private let client: APIClient
    private let cookies = Mutex<[String: String]>([:])

    /// A browser that nobody signed in with.
    init(_ test: TestForge) { client = test.client(nil) }

    /// A browser in which a user signed in.
    static func signedIn(_ user: String, _ test: TestForge) async throws -> PagesBrowser {
        let browser = PagesBrowser(test)
        let answer = try await browser.submit(
            "/user/login", ["token": test.tokens[user] ?? ""], shownAt: "/user/login")
        #expect(answer.status == 303)
        return browser
    }

    var hasCookies: Bool { cookies.withLock { !$0.isEmpty } }

    /// Reads a page.
    func get(_ path: String) async throws -> APIAnswer {
        keep(try await client.raw("GET", path, headers: header))
    }

    /// Sends a form with the token of a page that has one.
    ///
    /// - Parameter page: Where the form was shown; where it goes if `nil`.
    func submit(_ path: String, _ fields: [String: String], shownAt page: String? = nil)
        async throws -> APIAnswer
    {
        let shown = try await get(page ?? path)
        let token = Self.values(of: "form_token", in: shown.text).first ?? ""
        return try await send(path, fields.merging(["form_token": token]) { $1 })
    }

    /// Sends fields as they are.
    func send(_ path: String, _ fields: [String: String]) async throws -> APIAnswer {
        let body = fields.map {
            "\(PercentCoding.encode($0.key))=\(PercentCoding.encode($0.value))"
        }.joined(separator: "&")
        return keep(try await client.raw("POST", path, body: Array(body.utf8), headers: header))
    }

    /// The values of the hidden fields with a name, in order.
    static func values(of name: String, in html: String) -> [String] {
        html.components(separatedBy: "name=\"\(name)\" value=\"").dropFirst().map {
            String($0.prefix { $0 != "\"" })
        }
    }

    private var header: [String: String] {
        let all = cookies.withLock { $0.map { "\($0.key)=\($0.value)" } }
        return all.isEmpty ? [:] : ["Cookie": all.joined(separator: "; ")]
    }

    private func keep(_ answer: APIAnswer) -> APIAnswer {
        guard let set = answer.header("Set-Cookie") else { return answer }
        let pair = set.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
        cookies.withLock { $0[String(pair[0])] = pair.count > 1 ? String(pair[1]) : nil }
        return answer
    }
}
