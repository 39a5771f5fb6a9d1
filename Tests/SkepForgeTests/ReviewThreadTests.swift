import Testing

@testable import SkepForge

@Suite("Reviews and updates of pull requests")
struct ReviewThreadTests {
    private let pull = "repos/amy/bees/pulls/1"

    @Test("A review's comment is answered and settled")
    func threads() async throws {
        try await PullTests.withPull { test, _ async throws in
            let (amy, bob) = (test.client(), test.client("bob"))
            let review = try await bob.post(
                pull + "/reviews",
                [
                    "event": "COMMENT",
                    "comments": [["path": "a.txt", "body": "Why?", "new_position": 1]],
                ])
            let comments = pull + "/reviews/\(review.json["id"]?.int ?? 0)/comments"
            let id = try await amy.get(comments).json[0]?["id"]?.int ?? 0
            let settle = "repos/amy/bees/pulls/comments/\(id)/"

            let reply = try await amy.post(
                pull + "/comments/\(id)/replies", ["body": "Because."])
            #expect(reply.status == 201)
            #expect(reply.json["user"]?["login"]?.string == "amy")
            #expect(reply.json["diff_hunk"]?.string?.contains("+one") == true)
            #expect(try await amy.post(settle + "resolve").status == 204)
            let settled = try await amy.get(comments).json
            #expect(settled[0]?["resolver"]?["login"]?.string == "amy")
            #expect(settled.array.count == 2)
            #expect(try await test.client("carl").post(settle + "unresolve").status == 403)
            #expect(try await bob.post(settle + "unresolve").status == 204)
            #expect(try await amy.get(comments).json[0]?["resolver"] == .null)
        }
    }

    @Test("Requests for reviews are told in the timeline, and refused when it's closed")
    func requests() async throws {
        try await PullTests.withPull { test, _ async throws in
            let amy = test.client()
            let reviewers = pull + "/requested_reviewers"
            _ = try await amy.post(reviewers, ["reviewers": ["bob", "carl"]])
            #expect(try await amy.delete(reviewers, ["reviewers": ["carl"]]).status == 204)
            _ = try await test.client("bob").post(pull + "/reviews", ["event": "APPROVED"])
            let reviews = try await amy.get(pull + "/reviews").json.array
            #expect(reviews.compactMap { $0["state"]?.string } == ["APPROVED"])
            let id = reviews[0]["id"]?.int ?? 0
            let path = "\(pull)/reviews/\(id)"
            _ = try await amy.post(path + "/dismissals", ["message": "Old"])
            let undone = try await amy.post(path + "/undismissals")
            #expect(undone.json["dismissed"]?.bool == false)

            let events = try await amy.get("repos/amy/bees/issues/1/timeline").json.array
            #expect(
                events.compactMap { $0["type"]?.string } == [
                    "review_request", "review_request", "review_request", "review",
                    "dismiss_review",
                ])
            #expect(events[2]["removed_assignee"]?.bool == true)
            #expect(events[3]["review_id"]?.int == id)
            let mine = try await test.client("bob").get(
                "repos/issues/search?reviewed=true&type=pulls")
            #expect(mine.json.array.count == 1)
            _ = try await amy.patch(pull, ["state": "closed"])
            #expect(try await amy.post(reviewers, ["reviewers": ["bob"]]).status == 403)
            #expect(try await amy.delete(reviewers, ["reviewers": ["bob"]]).status == 403)
        }
    }

    @Test("A branch takes over its base's commits by merge or rebase, unless they conflict")
    func updates() async throws {
        try await PullTests.withPull { test, git async throws in
            let amy = test.client()
            func push(_ text: String, _ file: String) async throws {
                try await git("checkout", "-q", "-B", "main", "origin/main")
                try await git.commit(text, to: file, on: "main")
                try await git("push", "-q", "origin", "main")
            }

            #expect(try await amy.post(pull + "/update").status == 422)
            try await push("1\n", "b.txt")
            #expect(try await amy.post(pull + "/update?style=squash").status == 422)
            #expect(try await test.client("carl").post(pull + "/update").status == 403)
            #expect(try await amy.post(pull + "/update").status == 200)
            try await git("fetch", "-q")
            let parents = try await git("show", "-s", "--format=%P", "origin/work")
            #expect(parents.split(separator: " ").count == 2)
            try await push("2\n", "b.txt")
            #expect(try await amy.post(pull + "/update?style=rebase").status == 200)
            try await git("fetch", "-q")
            #expect(try await git("rev-list", "--count", "origin/main..origin/work") == "1")
            let updated = try await amy.get(pull)
            #expect(
                updated.json["head"]?["sha"]?.string == (try await git("rev-parse", "origin/work")))
            try await push("else\n", "a.txt")
            #expect(try await amy.post(pull + "/update").status == 409)
        }
    }

    @Test("The pull request of a commit is found, before and after the merge")
    func pullOfCommit() async throws {
        try await PullTests.withPull { test, git async throws in
            let amy = test.client()
            let head = try await git("rev-parse", "work")
            func number(_ commit: String) async throws -> Int? {
                try await amy.get("repos/amy/bees/commits/\(commit)/pull").json["number"]?.int
            }

            #expect(try await number(head) == 1)
            _ = try await amy.post(pull + "/merge", ["Do": "merge"])
            let merge = try await amy.get(pull).json["merge_commit_sha"]?.string ?? ""
            #expect(try await number(merge) == 1)
            let events = try await amy.get("repos/amy/bees/issues/1/timeline").json.array
            #expect(events.last?["type"]?.string == "merge_pull")
            #expect(events.last?["ref_commit_sha"]?.string == merge)
            #expect(try await amy.delete(pull + "/merge").status == 404)
        }
    }
}
