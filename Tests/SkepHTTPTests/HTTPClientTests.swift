import SkepHTTP
import SkepTestSupport
import Testing

@Suite("HTTPClient", .timeLimit(.minutes(5)))
struct HTTPClientTests {
    let client = HTTPClient(version: "1.0", about: "https://skep.example")

    @Test("A request arrives as it was meant, and its answer comes back")
    func roundTrip() async throws {
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(
                status: 201, headers: [("X-One", "1"), ("x-one", "2")], body: Array("done".utf8))
        }
        defer { server.stop() }

        let response = try await client.send(
            HTTPRequest(
                .patch, HTTPURL(server.url + "/a?b=c"),
                headers: ["Content-Type": "application/json"], body: Array("{}".utf8)))

        #expect(response.status == 201)
        #expect(response.headers["X-ONE"] == "1")
        #expect(response.headers.all("x-One") == ["1", "2"])
        #expect(String(decoding: response.body, as: UTF8.self) == "done")
        let request = try #require(server.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.target == "/a?b=c")
        #expect(request.text == "{}")
        #expect(request.header("Content-Type") == "application/json")
        #expect(request.header("User-Agent") == "skep/1.0 (+https://skep.example)")
        #expect(request.header("Expect") == nil)
    }

    @Test(
        "Every method is sent with the body it has",
        arguments: [
            (HTTPMethod.get, nil, nil), (.delete, nil, nil), (.delete, "{}", "2"),
            (.post, nil, "0"),
            (.put, nil, "0"), (.put, "", "0"), (.post, "abc", "3"),
        ] as [(HTTPMethod, String?, String?)])
    func methods(method: HTTPMethod, body: String?, length: String?) async throws {
        let server = try ScriptedHTTPServer { _ in ScriptedReply(status: 204) }
        defer { server.stop() }

        let response = try await client.send(
            HTTPRequest(method, HTTPURL(server.url), body: body.map { Array($0.utf8) }))

        #expect(response.status == 204)
        #expect(server.requests.map(\.method) == [method.rawValue])
        #expect(server.requests.first?.header("Content-Length") == length)
        #expect(server.requests.first?.text == body ?? "")
        #expect(server.requests.first?.header("Content-Type") == nil)
    }

    @Test("HEAD brings headers and no body")
    func head() async throws {
        let server = try ScriptedHTTPServer { _ in .text("body") }
        defer { server.stop() }

        let response = try await client.send(HTTPRequest(.head, HTTPURL(server.url)))

        #expect(response.headers["content-length"] == "4")
        #expect(response.body.isEmpty)
    }

    @Test("A connection is used again")
    func keepAlive() async throws {
        let server = try ScriptedHTTPServer { _ in .text("ok") }
        defer { server.stop() }

        for _ in 0..<20 { _ = try await client.send(HTTPRequest(.get, HTTPURL(server.url))) }

        #expect(server.requests.count == 20)
        #expect(server.connectionCount == 1)
    }

    @Test("Sixteen requests at once are four at a time, and all are answered")
    func concurrencyIsLimited() async throws {
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(body: Array("ok".utf8), delivery: .held)
        }
        defer { server.stop() }
        let request = HTTPRequest(.get, try HTTPURL(server.url))

        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<16 { group.addTask { try await client.send(request).status } }
            #expect(await server.reaches { $0.heldCount == 4 })
            server.release()
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(statuses == Array(repeating: 200, count: 16))
        #expect(server.mostAtOnce == 4)
    }

    @Test("Cancelling ends a transfer at once, and the client goes on")
    func cancellation() async throws {
        let server = try ScriptedHTTPServer { request in
            request.path == "/slow"
                ? ScriptedReply(body: [1, 2, 3], delivery: .stalled(after: 2)) : .text("ok")
        }
        defer { server.stop() }
        let slow = HTTPRequest(.get, try HTTPURL(server.url + "/slow"))

        let task = Task { try await client.send(slow) }
        #expect(await server.reaches { $0.requests.count == 1 })
        task.cancel()

        // Its own time limit would be another error.
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await client.send(HTTPRequest(.get, HTTPURL(server.url))).status == 200)
    }

    @Test("A request that waits for its turn can be cancelled too")
    func cancellationWhileWaiting() async throws {
        let client = HTTPClient(version: "1", concurrency: 1)
        let server = try ScriptedHTTPServer { _ in ScriptedReply(delivery: .held) }
        defer { server.stop() }
        let request = HTTPRequest(.get, try HTTPURL(server.url))

        let first = Task { try await client.send(request).status }
        #expect(await server.reaches { $0.heldCount == 1 })
        let second = Task { try await client.send(request).status }
        second.cancel()

        await #expect(throws: CancellationError.self) { try await second.value }
        server.release()
        #expect(try await first.value == 200)
        #expect(server.requests.count == 1)
    }

    @Test("A task that is cancelled before it asks sends nothing")
    func cancelledBefore() async throws {
        let server = try ScriptedHTTPServer { _ in .text("ok") }
        defer { server.stop() }
        let request = HTTPRequest(.get, try HTTPURL(server.url))

        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request)
        }

        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.requests.isEmpty)
    }

    @Test("Compressed answers are read")
    func compression() async throws {
        // printf hello | gzip -n
        let hello: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9,
            0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ]
        let server = try ScriptedHTTPServer { _ in
            ScriptedReply(headers: [("Content-Encoding", "gzip")], body: hello)
        }
        defer { server.stop() }

        let response = try await client.send(HTTPRequest(.get, HTTPURL(server.url)))

        #expect(String(decoding: response.body, as: UTF8.self) == "hello")
    }

    @Test("A header can't break out of its line")
    func headerInjection() async throws {
        let request = HTTPRequest(
            .get, try HTTPURL("http://127.0.0.1:9"), headers: ["X": "a\r\nY: b"])

        await #expect(throws: HTTPError.self) { try await client.send(request) }
    }

    @Test("Printing a request or its headers never shows a credential")
    func credentialsAreHidden() throws {
        let request = HTTPRequest(
            .get, try HTTPURL("http://host"), headers: ["Authorization": "token hunter2"])
        var dumped = ""
        dump(request, to: &dumped)

        #expect(!"\(request)\(request.headers)\(dumped)".contains("hunter2"))
        #expect("\(request.headers)".contains("Authorization: (hidden)"))
    }

    @Test("The thread ends with the client")
    func threadEnds() async throws {
        let server = try ScriptedHTTPServer { _ in .text("ok") }
        defer { server.stop() }
        let request = HTTPRequest(.get, try HTTPURL(server.url))

        for _ in 0..<50 { _ = try await HTTPClient(version: "1").send(request) }

        // Each client's end closes its kept connection, which the server sees as the end of it.
        #expect(await server.reaches { $0.openConnectionCount == 0 })
    }
}
