import SkepHTTP
import SkepTestSupport
import Synchronization
import Testing

@Suite("Redirects", .timeLimit(.minutes(5)))
struct RedirectTests {
    let client = HTTPClient(version: "1")

    private func request(_ method: HTTPMethod, _ url: String) throws -> HTTPRequest {
        HTTPRequest(
            method, try HTTPURL(url), headers: ["Authorization": "token hunter2", "X-Kept": "yes"],
            body: method.isRead ? nil : Array("{}".utf8))
    }

    @Test(
        "A read follows every kind, token included, within one origin",
        arguments: [
            301, 302, 303, 307, 308,
        ])
    func readFollows(status: Int) async throws {
        let server = try ScriptedHTTPServer {
            $0.path == "/old/x" ? .redirect(status, to: "../new?a=b") : .text("here")
        }
        defer { server.stop() }

        let response = try await client.send(request(.get, server.url + "/old/x"))

        #expect(String(decoding: response.body, as: UTF8.self) == "here")
        #expect(response.url.description == server.url + "/new?a=b")
        #expect(server.requests.map(\.target) == ["/old/x", "/new?a=b"])
        #expect(server.requests.last?.header("Authorization") == "token hunter2")
    }

    @Test(
        "A token doesn't go to another port, and not to another host",
        arguments: [
            "127.0.0.1", "localhost",
        ])
    func tokenStaysHome(host: String) async throws {
        let other = try ScriptedHTTPServer { _ in .text("elsewhere") }
        let target = other.url.replacing("127.0.0.1", with: host)
        let home = try ScriptedHTTPServer { _ in .redirect(302, to: target + "/x") }
        defer { home.stop(); other.stop() }

        let response = try await client.send(request(.get, home.url))

        #expect(response.status == 200)
        #expect(home.requests.first?.header("Authorization") == "token hunter2")
        #expect(other.requests.first?.header("Authorization") == nil)
        #expect(other.requests.first?.header("X-Kept") == "yes")
    }

    @Test("A token that was left behind doesn't come back with the way home")
    func tokenDoesNotComeBack() async throws {
        let home = Slot()
        let other = try ScriptedHTTPServer { _ in .redirect(302, to: home.url + "/end") }
        let first = try ScriptedHTTPServer {
            $0.path == "/end" ? .text("ok") : .redirect(302, to: other.url)
        }
        defer { first.stop(); other.stop() }
        home.url = first.url

        _ = try await client.send(request(.get, first.url))

        #expect(first.requests.last?.path == "/end")
        #expect(first.requests.last?.header("Authorization") == nil)
    }

    @Test("A write is sent again whole by 307 and 308", arguments: [307, 308])
    func writeIsRepeated(status: Int) async throws {
        let server = try ScriptedHTTPServer {
            $0.path == "/old" ? .redirect(status, to: "/new") : .text("", status: 201)
        }
        defer { server.stop() }

        let response = try await client.send(request(.post, server.url + "/old"))

        #expect(response.status == 201)
        #expect(server.requests.last?.method == "POST")
        #expect(server.requests.last?.text == "{}")
        #expect(server.requests.last?.header("Authorization") == "token hunter2")
    }

    @Test("A write isn't turned into a read by 301, 302 and 303", arguments: [301, 302, 303])
    func writeIsNotTurned(status: Int) async throws {
        let server = try ScriptedHTTPServer { _ in .redirect(status, to: "/new") }
        defer { server.stop() }

        let response = try await client.send(request(.post, server.url + "/old"))

        #expect(response.status == status)
        #expect(server.requests.count == 1)
    }

    @Test("A write that is sent elsewhere is refused, and arrives nowhere")
    func writeStaysHome() async throws {
        let other = try ScriptedHTTPServer { _ in .text("elsewhere") }
        let home = try ScriptedHTTPServer { _ in .redirect(307, to: other.url) }
        defer { home.stop(); other.stop() }

        let error = await #expect(throws: HTTPError.self) {
            try await client.send(request(.post, home.url))
        }

        guard case .redirectRefused = error else { Issue.record("\(error as Any)"); return }
        #expect(other.requests.isEmpty)
    }

    @Test("Five redirects are followed, a sixth is too many")
    func circle() async throws {
        let server = try ScriptedHTTPServer { _ in .redirect(302, to: "/again") }
        defer { server.stop() }

        let error = await #expect(throws: HTTPError.self) {
            try await client.send(request(.get, server.url))
        }

        guard case .tooManyRedirects(_, limit: 5) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(server.requests.count == 6)
    }

    @Test(
        "A redirect to another scheme, or with a password, is refused",
        arguments: [
            "file:///etc/passwd", "ftp://127.0.0.1/", "http://me:hunter2@127.0.0.1/",
        ])
    func oddTargets(location: String) async throws {
        let server = try ScriptedHTTPServer { _ in .redirect(302, to: location) }
        defer { server.stop() }

        let error = await #expect(throws: HTTPError.self) {
            try await client.send(request(.get, server.url))
        }

        guard case .invalidURL = error else { Issue.record("\(error as Any)"); return }
        #expect(error?.description.contains("hunter2") == false)
    }
}

/// An address that a script needs before its server has one.
private final class Slot: Sendable {
    private let slot = Mutex("")
    var url: String {
        get { slot.withLock { $0 } }
        set { slot.withLock { $0 = newValue } }
    }
}
