import Foundation
import Testing

@testable import SkepForge

@Suite("The whole way over HTTP")
struct WholeWayTests {
    @Test("An issue becomes a branch, a pull request, a review and a merge that closes it")
    func issueToMerge() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client("amy")
            let bob = test.client("bob")

            let label = try await amy.post(
                "repos/amy/bees/labels", ["name": "ready", "color": "#0f0"])
            #expect(label.status == 201)
            #expect(label.json["color"]?.string == "00ff00")
            let issue = try await amy.post(
                "repos/amy/bees/issues",
                [
                    "title": "Bees can't fly", "body": "They *should*.",
                    "labels": [label.json["id"] ?? 0],
                ])
            #expect(issue.status == 201)
            #expect(issue.json["number"]?.int == 1)
            #expect(issue.json["labels"]?[0]?["name"]?.string == "ready")

            let work = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await work.commit("fly\n", to: "src/fly.txt", on: "claude/issue-1")
            try await work("push", "-q", "origin", "claude/issue-1")
            let head = try await work("rev-parse", "HEAD")

            let branch = try await amy.get("repos/amy/bees/branches/claude/issue-1")
            #expect(branch.json["commit"]?["id"]?.string == head)
            let pull = try await amy.post(
                "repos/amy/bees/pulls",
                [
                    "title": "Let bees fly", "head": "claude/issue-1", "base": "main",
                    "body": "Closes #1",
                ])
            #expect(pull.status == 201)
            #expect(pull.json["number"]?.int == 2)
            #expect(pull.json["mergeable"]?.bool == true)
            #expect(pull.json["additions"]?.int == 1)
            #expect(pull.json["head"]?["sha"]?.string == head)

            let status = try await amy.post(
                "repos/amy/bees/statuses/\(head)", ["state": "success", "context": "skep/gate"])
            #expect(status.json["status"]?.string == "success")
            let combined = try await amy.get("repos/amy/bees/commits/claude/issue-1/status")
            #expect(combined.json["state"]?.string == "success")

            let review = try await bob.post(
                "repos/amy/bees/pulls/2/reviews",
                [
                    "event": "APPROVED", "body": "Good.",
                    "comments": [
                        ["path": "src/fly.txt", "body": "Higher?", "new_position": 1]
                    ],
                ])
            #expect(review.status == 200)
            #expect(review.json["state"]?.string == "APPROVED")
            #expect(review.json["official"]?.bool == true)
            let id = review.json["id"]?.int ?? 0
            let comments = try await bob.get("repos/amy/bees/pulls/2/reviews/\(id)/comments")
            #expect(comments.json[0]?["diff_hunk"]?.string == "@@ -0,0 +1 @@\n+fly")
            let commits = try await amy.get("repos/amy/bees/pulls/2/commits")
            #expect(commits.json.array.count == 1)
            let files = try await amy.get("repos/amy/bees/pulls/2/files")
            #expect(files.json[0]?["filename"]?.string == "src/fly.txt")

            #expect(try await amy.get("repos/amy/bees/pulls/2/merge").status == 404)
            let merged = try await amy.post(
                "repos/amy/bees/pulls/2/merge",
                ["Do": "merge", "head_commit_id": .string(head), "delete_branch_after_merge": true])
            #expect(merged.status == 200)
            #expect(try await amy.get("repos/amy/bees/pulls/2/merge").status == 204)
            let closed = try await amy.get("repos/amy/bees/issues/1")
            #expect(closed.json["state"]?.string == "closed")
            let after = try await amy.get("repos/amy/bees/pulls/2")
            #expect(after.json["merged"]?.bool == true)
            #expect(after.json["head"]?["ref"]?.string == "refs/pull/2/head")
            try await work("fetch", "-q", "origin")
            #expect(try await work("show", "origin/main:src/fly.txt") == "fly")
            #expect(try await work("ls-remote", "origin", "refs/pull/2/head").hasPrefix(head))
            #expect(try await amy.get("repos/amy/bees/branches/claude/issue-1").status == 404)
            let again = try await amy.post("repos/amy/bees/pulls/2/merge", ["Do": "merge"])
            #expect(again.status == 405)
        }
    }
}
