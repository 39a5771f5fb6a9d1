import SkepHTTP
import SkepTestSupport
import Testing

@Suite("HTTPClient, when things go wrong", .timeLimit(.minutes(5)))
struct HTTPFailureTests {
    private func error(
        _ method: HTTPMethod = .get, _ url: String, _ limits: HTTPLimits = HTTPLimits()
    ) async throws -> HTTPError? {
        let request = HTTPRequest(method, try HTTPURL(url))
        return await #expect(throws: HTTPError.self) {
            try await HTTPClient(version: "1", limits: limits).send(request)
        }
    }

    @Test("Nobody there is told as that, and nothing can have arrived")
    func refused() async throws {
        let server = try ScriptedHTTPServer { _ in .cut }
        let url = server.url
        server.stop()

        let error = try await error(.get, url)

        guard case .unreachable(let origin, _) = error else {
            Issue.record("\(error as Any)"); return
        }
        #expect(origin.description == url)
        #expect(error?.mayHaveArrived == false)
        #expect(error?.description.contains("Can't reach \(url)") == true)
    }

    @Test("A host that doesn't exist is told as unreachable")
    func unknownHost() async throws {
        let error = try await error(.get, "http://no-such-host.invalid/")

        guard case .unreachable = error else { Issue.record("\(error as Any)"); return }
    }

    @Test("An answer that doesn't come in time ends the wait")
    func totalTimeout() async throws {
        let server = try ScriptedHTTPServer { _ in ScriptedReply(delivery: .held) }
        defer { server.stop() }

        let error = try await error(.get, server.url, HTTPLimits(total: .milliseconds(200)))

        guard case .timedOut(_, .total, after: .milliseconds(200)) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(error?.mayHaveArrived == true)
    }

    @Test("An answer that stops halfway is given up before the total time")
    func stall() async throws {
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(body: Array("0123456789".utf8), delivery: .stalled(after: 4))
        }
        defer { server.stop() }

        let error = try await error(.get, server.url, HTTPLimits(stall: .seconds(1)))

        guard case .timedOut(_, .stalled, after: .seconds(1)) = error else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test("A slow answer that keeps coming is waited for")
    func slow() async throws {
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(
                body: Array("0123456789".utf8), delivery: .paced(bytes: 2, milliseconds: 20))
        }
        defer { server.stop() }

        let response = try await HTTPClient(version: "1", limits: HTTPLimits(stall: .seconds(1)))
            .send(HTTPRequest(.get, HTTPURL(server.url)))

        #expect(String(decoding: response.body, as: UTF8.self) == "0123456789")
    }

    @Test("A connection cut before or within the answer is told as cut", arguments: [nil, 0, 4])
    func cut(after count: Int?) async throws {
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(body: Array("0123456789".utf8), delivery: .cut(after: count))
        }
        defer { server.stop() }

        let error = try await error(.get, server.url)

        guard case .cut = error else { Issue.record("\(error as Any)"); return }
        #expect(error?.mayHaveArrived == true)
    }

    @Test(
        "A write cut off on a kept connection is never sent again by itself",
        arguments: [
            HTTPMethod.post, .put, .patch, .delete,
        ])
    func writesAreSentOnce(method: HTTPMethod) async throws {
        let server = try ScriptedHTTPServer { $0.method == "GET" ? .text("ok") : .cut }
        defer { server.stop() }
        let client = HTTPClient(version: "1")
        let url = try HTTPURL(server.url)
        _ = try await client.send(HTTPRequest(.get, url))

        await #expect(throws: HTTPError.self) {
            try await client.send(HTTPRequest(method, url, body: Array("{}".utf8)))
        }

        #expect(server.requests.map(\.method) == ["GET", method.rawValue])
    }

    @Test("A body over the limit is refused, announced or not", arguments: [true, false])
    func tooLarge(isAnnounced: Bool) async throws {
        let server = try ScriptedHTTPServer { _ in
            let body = [UInt8](repeating: 0x61, count: 2000)
            guard !isAnnounced else { return ScriptedReply(body: body) }
            let chunk = Array("7d0\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
            return ScriptedReply(
                headers: [("Transfer-Encoding", "chunked"), ("Connection", "close")], body: chunk)
        }
        defer { server.stop() }

        let error = try await error(.get, server.url, HTTPLimits(body: 1000))

        guard case .tooLarge(_, limit: 1000) = error else {
            Issue.record("\(error as Any)"); return
        }
        #expect(error?.description.contains("larger than 1000 bytes") == true)
    }

    @Test("A body of exactly the limit is taken")
    func exactlyTheLimit() async throws {
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(body: [UInt8](repeating: 0x61, count: 1000))
        }
        defer { server.stop() }

        let response = try await HTTPClient(version: "1", limits: HTTPLimits(body: 1000))
            .send(HTTPRequest(.get, HTTPURL(server.url)))

        #expect(response.body.count == 1000)
    }

    @Test("Something that doesn't speak HTTP is told as that")
    func notHTTP() async throws {
        let server = try ScriptedHTTPServer { _ in .text("ok") }
        defer { server.stop() }
        let https = server.url.replacing("http://", with: "https://")

        let error = try await error(.get, https)

        guard case .tls = error else { Issue.record("\(error as Any)"); return }
        #expect(error?.mayHaveArrived == false)
    }
}
