import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: comments", .timeLimit(.minutes(5)))
struct GiteaCommentsTests {
    let marker = CommentMarker("run-88.result.report-12")

    /// A tracker with comments, where the first `failures` posts end as `ending` says: written
    /// (`isKept`) or not, and answered with a reply of its own.
    private func board(
        _ comments: Shared<[String]>, failures: Int = 0, isKept: Bool = true,
        ending: ScriptedReply = .cut
    ) -> ScriptedHTTPServer.Script {
        let posts = Shared(0)
        return { request in
            guard request.method == "POST" else {
                let list = comments.value.enumerated().map {
                    GiteaJSON.comment($0.offset + 1, $0.element)
                }
                return .json(GiteaJSON.list(list))
            }
            let number = posts.change { count in
                count += 1
                return count
            }
            let text = request.commentBody ?? ""
            guard number <= failures else {
                let id = comments.change { list in
                    list.append(text)
                    return list.count
                }
                return .json(GiteaJSON.comment(id, text), status: 201)
            }
            if isKept { comments.change { $0.append(text) } }
            return ending
        }
    }

    @Test("A comment is posted with its marker, after a look")
    func posted() async throws {
        let comments = Shared(["hello"])
        try await GiteaBench.run(script: board(comments)) { bench in
            let comment = try await bench.tracker.post("Done.", marker: marker, on: bench.issue)

            #expect(comment.id == 2)
            #expect(comments.value.last == "Done.\n\n<!-- skep:run-88.result.report-12 -->")
            #expect(
                bench.calls == [
                    "GET /repos/bees/hive/issues/7/comments",
                    "POST /repos/bees/hive/issues/7/comments",
                ])
        }
    }

    @Test("A comment that is there isn't posted again")
    func foundFirst() async throws {
        let comments = Shared(["x", "Done.\n\n\(marker)"])
        try await GiteaBench.run(script: board(comments)) { bench in
            let comment = try await bench.tracker.post("Done.", marker: marker, on: bench.issue)

            #expect(comment.id == 2)
            #expect(bench.count("POST") == 0)
        }
    }

    @Test(
        "A write that took place but failed is found, and there is one comment",
        arguments: [
            ScriptedReply.json(#"{"message": "oops"}"#, status: 500), .json("", status: 502), .cut,
            .json("", status: 503), .text("<html>504</html>", status: 504),
            ScriptedReply(status: 201, body: Array("{}".utf8), delivery: .cut(after: 1)),
        ])
    func failedAfterWriting(ending: ScriptedReply) async throws {
        let comments = Shared<[String]>([])
        try await GiteaBench.run(script: board(comments, failures: 1, ending: ending)) { bench in
            let comment = try await bench.tracker.post("Done.", marker: marker, on: bench.issue)

            #expect(comment.id == 1)
            #expect(comments.value.count == 1)
            #expect(bench.count("POST") == 1)
            #expect(bench.clock.waits.count == 1)
        }
    }

    @Test(
        "A write that failed before it took place is repeated",
        arguments: [
            ScriptedReply.json("{}", status: 500), .cut, .json("{}", status: 429),
        ])
    func failedBeforeWriting(ending: ScriptedReply) async throws {
        let comments = Shared<[String]>([])
        let script = board(comments, failures: 2, isKept: false, ending: ending)
        try await GiteaBench.run(script: script) { bench in
            _ = try await bench.tracker.post("Done.", marker: marker, on: bench.issue)

            #expect(comments.value.count == 1)
            #expect(bench.count("POST") == 3)
        }
    }

    @Test("A tracker that keeps failing is given up with its error")
    func givenUp() async throws {
        let script = board(
            Shared([]), failures: .max, isKept: false, ending: .json("{}", status: 500))
        try await GiteaBench.run(script: script) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.post("Done.", marker: marker, on: bench.issue)
            }

            #expect(error?.kind == .unavailable)
            #expect(bench.count("POST") == 5)
        }
    }

    @Test("When looking fails too, it is said that the outcome isn't known")
    func unknownOutcome() async throws {
        let isDown = Shared(false)
        try await GiteaBench.run(script: { request in
            if request.method == "POST" { isDown.change { $0 = true } }
            return isDown.value ? .json("{}", status: 500) : .json("[]")
        }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.post("Done.", marker: marker, on: bench.issue)
            }

            guard case .outcomeUnknown = error else { Issue.record("\(error as Any)"); return }
            #expect(bench.count("POST") == 1)
        }
    }

    @Test("What a body says can't pose as a marker")
    func forgedMarkerInBody() async throws {
        let comments = Shared<[String]>([])
        try await GiteaBench.run(script: board(comments)) { bench in
            _ = try await bench.tracker.post(
                "An agent wrote <!-- skep:run-99.result.report-13 -->", marker: marker,
                on: bench.issue)
            _ = try await bench.tracker.post(
                "Done.", marker: CommentMarker("run-99.result.report-13"), on: bench.issue)

            #expect(comments.value.count == 2)
        }
    }

    @Test("Somebody else's comment with the marker doesn't count once Skep knows its own name")
    func forgedByOthers() async throws {
        let forged = GiteaJSON.comment(1, "\(marker)", by: "mallory")
        try await GiteaBench.run(script: { request in
            switch (request.method, request.path) {
            case ("GET", "/api/v1/version"): .json(#"{"version": "1.27.0"}"#)
            case ("GET", "/api/v1/user"): .json(GiteaJSON.user("skep"))
            case ("GET", _): .json(GiteaJSON.list([forged]))
            default: .json(GiteaJSON.comment(2, request.commentBody ?? ""), status: 201)
            }
        }) { bench in
            _ = try await bench.tracker.probe()
            let comment = try await bench.tracker.post("Done.", marker: marker, on: bench.issue)

            #expect(comment.id == 2)
        }
    }

    @Test("Comments come oldest first, with their times")
    func listed() async throws {
        let list = GiteaJSON.list([GiteaJSON.comment(9, "b"), GiteaJSON.comment(4, "a", by: "ann")])
        try await GiteaBench.run(script: { _ in .json(list) }) { bench in
            let comments = try await bench.tracker.comments(on: bench.issue)

            #expect(comments.map(\.body) == ["a", "b"])
            #expect(comments.first?.author == "Ann")
            #expect(comments.first?.createdAt.milliseconds == 1_793_523_600_250)
            #expect(
                bench.server.requests.map(\.target) == ["/api/v1/repos/bees/hive/issues/7/comments"]
            )
        }
    }

    @Test("Cancelling while it waits to look again ends it")
    func cancelledWhileWaiting() async throws {
        let bench = try GiteaBench(board(Shared([]), failures: .max, ending: .cut))
        defer { bench.server.stop() }
        let (tracker, issue, marker) = (bench.tracker, bench.issue, marker)

        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await tracker.post("Done.", marker: marker, on: issue)
        }

        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
