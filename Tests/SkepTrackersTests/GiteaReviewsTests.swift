import SkepCore
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: reviews and statuses", .timeLimit(.minutes(5)))
struct GiteaReviewsTests {
    let marker = CommentMarker("run-88.review.report-12")
    let commit = CommitID.sample("a")

    private func review(_ verdict: Verdict, lines: Int = 0) -> NewReview {
        NewReview(
            verdict: verdict, body: "Read it.",
            findings: (0..<lines).map {
                Finding(path: "a.swift", line: $0 + 3, message: "Wrong.\nReally.")
            }, commit: commit)
    }

    /// A pull request without reviews, where posting one is answered as `answer` says.
    private func desk(
        _ answer: @escaping @Sendable (_ number: Int, ScriptedRequest) -> ScriptedReply
    ) -> ScriptedHTTPServer.Script {
        let posts = Shared(0)
        return { request in
            guard request.method == "POST" else {
                return request.method == "DELETE" ? ScriptedReply(status: 204) : .json("[]")
            }
            let number = posts.change { count in
                count += 1
                return count
            }
            return answer(number, request)
        }
    }

    @Test(
        "The words are Gitea's, and lines are those of the file",
        arguments: [
            (.approved, "APPROVED"), (.changesRequested, "REQUEST_CHANGES"),
            (.commented, "COMMENT"),
        ] as [(Verdict, String)])
    func posted(verdict: Verdict, word: String) async throws {
        let script = desk { _, _ in .json(GiteaJSON.review(5, state: word)) }
        try await GiteaBench.run(script: script) { bench in
            let posted = try await bench.tracker.post(
                review(verdict, lines: 1), marker: marker, on: bench.issue)

            #expect(posted.verdict == verdict && posted.author == "codex")
            let text = bench.server.requests.first { $0.method == "POST" }?.text
            #expect(text?.contains("\"event\":\"\(word)\"") == true)
            #expect(text?.contains("\"commit_id\":\"\(commit)\"") == true)
            #expect(
                text?.contains(
                    #"[{"body":"Wrong.\nReally.","new_position":3,"path":"a.swift"}]"#) == true)
            #expect(text?.contains("<!-- skep:run-88.review.report-12 -->") == true)
        }
    }

    @Test("A draft, which nobody sees, is told and taken away")
    func pending() async throws {
        let script = desk { _, _ in .json(GiteaJSON.review(5, state: "PENDING")) }
        try await GiteaBench.run(script: script) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.post(review(.approved), marker: marker, on: bench.issue)
            }

            #expect(error == .keptAsDraft(subject: "bees/hive#7", event: "APPROVED"))
            #expect(error?.kind == .refused)
            #expect(bench.calls.last == "DELETE /repos/bees/hive/pulls/7/reviews/5")
        }
    }

    @Test(
        "A verdict on one's own pull request becomes a comment that begins with it",
        arguments: [
            (.approved, "Approved"), (.changesRequested, "Changes requested"),
        ] as [(Verdict, String)])
    func own(verdict: Verdict, heading: String) async throws {
        let script = desk { _, request in
            request.text.contains("\"COMMENT\"")
                ? .json(GiteaJSON.review(5, state: "COMMENT"))
                : .json(#"{"message": "approve your own pull is not allowed"}"#, status: 422)
        }
        try await GiteaBench.run(script: script) { bench in
            let posted = try await bench.tracker.post(
                review(verdict), marker: marker, on: bench.issue)

            #expect(posted.verdict == .commented)
            #expect(
                bench.server.requests.last { $0.method == "POST" }?.text
                    .contains("\"body\":\"\(heading)\\n\\nRead it.\\n\\n<!-- skep:") == true)
        }
    }

    @Test("Remarks on lines that a tracker refuses go into the text, the verdict stays")
    func refusedLines() async throws {
        let script = desk { _, request in
            request.text.contains("new_position")
                ? .json(#"{"message": "no such line"}"#, status: 422)
                : .json(GiteaJSON.review(5, state: "REQUEST_CHANGES"))
        }
        try await GiteaBench.run(script: script) { bench in
            let posted = try await bench.tracker.post(
                review(.changesRequested, lines: 2), marker: marker, on: bench.issue)

            #expect(posted.verdict == .changesRequested)
            #expect(bench.count("POST") == 2)
            #expect(
                bench.server.requests.last { $0.method == "POST" }?.text.contains(
                    #"- `a.swift:3`: Wrong.\n  Really.\n- `a.swift:4`: Wrong."#) == true)
        }
    }

    @Test("What is refused in every form is told as it was refused first")
    func refused() async throws {
        let script = desk { number, _ in
            .json("{\"message\": \"no \(number)\"}", status: number == 1 ? 403 : 422)
        }
        try await GiteaBench.run(script: script) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.post(
                    review(.approved, lines: 1), marker: marker, on: bench.issue)
            }

            #expect(error?.kind == .refused && error?.why == "It says: no 1")
            #expect(bench.count("POST") == 4)
        }
    }

    @Test("A review whose post failed after it was made is found")
    func failedAfterWriting() async throws {
        let kept = Shared("[]")
        let made = GiteaJSON.review(5, body: "x\n\n\(marker)")
        try await GiteaBench.run(script: { request in
            guard request.method == "POST" else { return .json(kept.value) }
            kept.change { $0 = "[\(made)]" }
            return .json("{}", status: 500)
        }) { bench in
            for _ in 0..<2 {
                let posted = try await bench.tracker.post(
                    review(.approved), marker: marker, on: bench.issue)
                #expect(posted.id == 5)
            }
            #expect(bench.count("POST") == 1)
        }
    }

    @Test("Requests and drafts are no reviews; lines that are gone have no number")
    func read() async throws {
        let list = GiteaJSON.list([
            GiteaJSON.review(3, state: "COMMENT", commit: String(repeating: "a", count: 40))
                .replacing("\"comments_count\": 0", with: "\"comments_count\": 2"),
            GiteaJSON.review(1, state: "REQUEST_REVIEW"), GiteaJSON.review(2, state: "PENDING"),
            GiteaJSON.review(4, by: "ann").replacing("\"stale\": false", with: "\"stale\": true")
                .replacing("2026-11-01T09:00:00Z", with: "0001-01-01T00:00:00Z"),
        ])
        let comments = """
            [{"id": 7, "path": "a", "position": 3, "body": "x"}, \
            {"id": 8, "path": "a", "position": 0, "original_position": 2, "body": "y"}]
            """
        try await GiteaBench.run(script: {
            .json($0.path.hasSuffix("/comments") ? comments : list)
        }) { bench in
            let reviews = try await bench.tracker.reviews(of: bench.issue)

            #expect(reviews.map(\.id) == [3, 4])
            #expect(reviews.map(\.verdict) == [.commented, .approved])
            #expect(reviews.first?.comments.map(\.line) == [3, nil])
            #expect(reviews.first?.commit == commit && reviews.last?.commit == nil)
            #expect(reviews.last?.isStale == true && reviews.last?.author == "ann")
            // Of a review without remarks nobody asks for them.
            #expect(bench.server.requests.count == 2)
        }
    }

    @Test("A reviewer who was asked isn't asked again")
    func reviewers() async throws {
        let pull = GiteaJSON.pull(7, head: "x", asked: ["Codex"])
        try await GiteaBench.run(script: {
            $0.method == "POST" ? .json("[]", status: 201) : .json(pull)
        }) { bench in
            try await bench.tracker.requestReviews(from: ["codex"], on: bench.issue)
            try await bench.tracker.requestReviews(from: ["codex", "ann"], on: bench.issue)

            #expect(bench.count("POST") == 1)
            #expect(bench.server.requests.last?.text == #"{"reviewers":["ann"]}"#)
        }
    }

    @Test("A status is read as \"status\", written as \"state\", and set once")
    func status() async throws {
        let answer = """
            {"state": "failure", "total_count": 2, "statuses": [{"id": 2, "context": "skep/gate", \
            "status": "success", "description": "", "target_url": ""}, {"id": 1, "context": "ci", \
            "status": "on fire", "description": "x", "target_url": "http://ci.test"}]}
            """
        try await GiteaBench.run(script: { request in
            request.method == "POST"
                ? .json(#"{"id": 3, "status": "failure", "context": "skep/gate"}"#, status: 201)
                : .json(answer)
        }) { bench in
            let statuses = try await bench.tracker.statuses(at: commit, in: bench.repository)
            #expect(statuses.map(\.context) == ["ci", "skep/gate"])
            #expect(statuses.map(\.state) == [.pending, .success])
            #expect(statuses.map(\.url) == ["http://ci.test", nil])

            for state in [CommitStatus.State.success, .failure] {
                try await bench.tracker.setStatus(
                    NewCommitStatus(context: "skep/gate", state: state, description: ""),
                    at: commit, in: bench.repository)
            }
            #expect(bench.count("POST") == 1)
            #expect(
                bench.server.requests.last?.text
                    == #"{"context":"skep/gate","description":"","state":"failure"}"#)
        }
    }

    @Test("All pages of statuses are read, though the combined one has no Link")
    func statusPages() async throws {
        try await GiteaBench.run(script: { request in
            let page = request.parameter("page") ?? "1"
            return .json(
                """
                {"total_count": 2, "statuses": \
                [{"id": \(page), "context": "c\(page)", "status": "success"}]}
                """)
        }) { bench in
            let statuses = try await bench.tracker.statuses(at: commit, in: bench.repository)

            #expect(statuses.map(\.context) == ["c1", "c2"])
        }
    }
}
