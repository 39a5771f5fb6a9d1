import Foundation
import Testing

@testable import SkepForge

@Suite("Pull requests over the API")
struct PullTests {
    /// A repository with a branch "work" that changes a file, and a pull request of it by amy.
    static func withPull(
        _ body: @Sendable @escaping (TestForge, Git) async throws -> Void
    ) async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("one\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            let pull = try await test.client().post(
                "repos/amy/bees/pulls", ["title": "Work", "head": "amy:work", "base": "main"])
            #expect(pull.status == 201)
            try await body(test, git)
        }
    }

    @Test(
        "A second pull request of the same branches, one of a branch with itself, and one of no branch are refused"
    )
    func refusals() async throws {
        try await Self.withPull { test, _ async throws in
            let amy = test.client()
            func open(_ head: String, _ base: String) async throws -> Int {
                try await amy.post(
                    "repos/amy/bees/pulls",
                    ["title": "x", "head": .string(head), "base": .string(base)]
                ).status
            }

            #expect(try await open("work", "main") == 409)
            #expect(try await open("main", "main") == 422)
            #expect(try await open("gone", "main") == 404)
            #expect(try await open("work", "gone") == 404)
            #expect(try await open("other:work", "main") == 404)
            #expect(try await amy.get("repos/amy/bees/pulls/main/work").json["number"]?.int == 1)
            #expect(try await amy.get("repos/amy/bees/pulls/main/none").status == 404)
        }
    }

    @Test("The head follows its branch, and stays readable when the branch is gone")
    func headFollowsBranch() async throws {
        try await Self.withPull { test, git async throws in
            let amy = test.client()
            try await git.commit("two\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            let head = try await git("rev-parse", "HEAD")

            let pull = try await amy.get("repos/amy/bees/pulls/1")
            #expect(pull.json["head"]?["sha"]?.string == head)
            try await git("push", "-q", "origin", ":work")
            let after = try await amy.get("repos/amy/bees/pulls/1")
            #expect(after.json["head"]?["sha"]?.string == head)
            let diff = try await amy.get("repos/amy/bees/pulls/1.diff")
            #expect(diff.text.contains("+two"))
            let patch = try await amy.get("repos/amy/bees/pulls/1.patch")
            #expect(patch.text.contains("Subject: [PATCH"))
            #expect(try await git("ls-remote", "origin", "refs/pull/1/head").hasPrefix(head))
        }
    }

    @Test("A conflict is told, and not merged")
    func conflict() async throws {
        try await Self.withPull { test, git async throws in
            let amy = test.client()
            try await git("checkout", "-q", "main")
            try await git.commit("other\n", to: "a.txt", on: "main")
            try await git("push", "-q", "origin", "main")

            let pull = try await amy.get("repos/amy/bees/pulls/1")
            #expect(pull.json["mergeable"]?.bool == false)
            for style in ["merge", "squash", "rebase", "rebase-merge"] {
                let answer = try await amy.post(
                    "repos/amy/bees/pulls/1/merge", ["Do": .string(style)])
                #expect(answer.status == 409)
            }
        }
    }

    @Test(
        "Each merge style does what it says",
        arguments: ["merge", "squash", "rebase", "rebase-merge"])
    func styles(_ style: String) async throws {
        try await Self.withPull { test, git async throws in
            let amy = test.client()
            try await git.commit("three\n", to: "b.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            try await git("checkout", "-q", "main")
            try await git.commit("aside\n", to: "c.txt", on: "main")
            try await git("push", "-q", "origin", "main")

            let answer = try await amy.post(
                "repos/amy/bees/pulls/1/merge",
                ["do": .string(style), "merge_message_field": "Why."])

            #expect(answer.status == 200)
            try await git("fetch", "-q", "origin")
            let parents = try await git("show", "-s", "--format=%P", "origin/main")
            let count = try await git("rev-list", "--count", "origin/main")
            let expected = [
                "merge": (2, "5"), "squash": (1, "3"), "rebase": (1, "4"), "rebase-merge": (2, "5"),
            ]
            #expect(parents.split(separator: " ").count == expected[style]?.0)
            #expect(count == expected[style]?.1)
            #expect(try await git("show", "origin/main:b.txt") == "three")
            #expect(try await git("show", "origin/main:c.txt") == "aside")
            if style != "rebase" {
                let message = try await git("show", "-s", "--format=%B", "origin/main")
                #expect(message.contains("(#1)") && message.contains("Why."))
            }
            let bare = try await test.forge.repositoryPath(test.repository)
            let left = try FileManager.default.contentsOfDirectory(
                atPath: (bare as NSString).deletingLastPathComponent)
            #expect(left == ["bees.git"])
        }
    }

    @Test("What can't be merged is refused with the status that Gitea has for it")
    func mergeRefusals() async throws {
        try await Self.withPull { test, git async throws in
            let amy = test.client()
            let merge = "repos/amy/bees/pulls/1/merge"

            #expect(try await amy.post(merge, [:]).status == 422)
            #expect(try await amy.post(merge, ["Do": "magic"]).status == 422)
            #expect(try await amy.post(merge, ["Do": "manually-merged"]).status == 405)
            let zeros = JSON.string(String(repeating: "0", count: 40))
            #expect(
                try await amy.post(merge, ["Do": "merge", "head_commit_id": zeros]).status == 409)
            #expect(try await test.client("carl").post(merge, ["Do": "merge"]).status == 403)
            #expect(try await test.client(nil).post(merge, ["Do": "merge"]).status == 401)
            _ = try await amy.patch("repos/amy/bees/pulls/1", ["title": "WIP: Work"])
            #expect(try await amy.post(merge, ["Do": "merge"]).status == 405)
            #expect(try await amy.get("repos/amy/bees/pulls/1").json["mergeable"]?.bool == false)
            let closed = try await amy.patch(
                "repos/amy/bees/pulls/1", ["title": "Work", "state": "closed"])
            #expect(closed.status == 201)
            #expect(try await amy.post(merge, ["Do": "merge"]).status == 404)
            let reopened = try await amy.patch("repos/amy/bees/issues/1", ["state": "open"])
            #expect(reopened.json["pull_request"]?["merged"]?.bool == false)
            #expect(try await amy.post(merge, ["Do": "fast-forward-only"]).status == 200)
            #expect(try await amy.patch("repos/amy/bees/pulls/1", ["state": "open"]).status == 412)
        }
    }

    @Test("A merge whose end was cut off is finished by the next try, not done twice")
    func mergeIsNotDoneTwice() async throws {
        try await Self.withPull { test, git async throws in
            let head = try await git("rev-parse", "work")
            try await git("push", "-q", "origin", "work:main")

            let answer = try await test.client().post(
                "repos/amy/bees/pulls/1/merge", ["Do": "merge"])

            #expect(answer.status == 200)
            let pull = try await test.client().get("repos/amy/bees/pulls/1")
            #expect(pull.json["merge_commit_sha"]?.string == head)
            #expect(try await git("ls-remote", "origin", "main").hasPrefix(head))
        }
    }

    @Test("Reviews follow Gitea's rules, its trap with APPROVE included")
    func reviews() async throws {
        try await Self.withPull { test, git async throws in
            let amy = test.client()
            let bob = test.client("bob")
            let reviews = "repos/amy/bees/pulls/1/reviews"

            #expect(try await amy.post(reviews, ["event": "APPROVED"]).status == 422)
            #expect(try await bob.post(reviews, ["event": "REQUEST_CHANGES"]).status == 422)
            #expect(try await bob.post(reviews, ["event": "COMMENT"]).status == 422)
            #expect(try await bob.post(reviews, ["event": "APPROVE"]).status == 422)
            let trap = try await bob.post(reviews, ["event": "APPROVE", "body": "Good"])
            #expect(trap.status == 200)
            #expect(trap.json["state"]?.string == "PENDING")
            let id = trap.json["id"]?.int ?? 0
            #expect(try await amy.get("\(reviews)/\(id)").status == 404)
            #expect(try await amy.get(reviews).json.array.isEmpty)

            let asked = try await amy.post(
                "repos/amy/bees/pulls/1/requested_reviewers", ["reviewers": ["bob"]])
            #expect(asked.json[0]?["state"]?.string == "REQUEST_REVIEW")
            let pull = try await amy.get("repos/amy/bees/pulls/1")
            #expect(pull.json["requested_reviewers"]?[0]?["login"]?.string == "bob")
            let submitted = try await bob.post("\(reviews)/\(id)", ["event": "APPROVED"])
            #expect(submitted.json["state"]?.string == "APPROVED")
            #expect(submitted.json["stale"]?.bool == false)
            #expect(try await bob.post("\(reviews)/\(id)", ["event": "APPROVED"]).status == 422)
            let after = try await amy.get("repos/amy/bees/pulls/1")
            #expect(after.json["requested_reviewers"] == .null)

            try await git.commit("two\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            let stale = try await amy.get("\(reviews)/\(id)")
            #expect(stale.json["stale"]?.bool == true)
            let dismissed = try await amy.post("\(reviews)/\(id)/dismissals", ["message": "Old"])
            #expect(dismissed.json["dismissed"]?.bool == true)
            #expect(
                try await amy.post(
                    "repos/amy/bees/pulls/1/requested_reviewers", ["reviewers": ["amy"]]
                ).status == 422)
            #expect(
                try await amy.delete(
                    "repos/amy/bees/pulls/1/requested_reviewers", ["reviewers": ["bob"]]
                ).status == 204)
            #expect(try await bob.delete("\(reviews)/\(id)").status == 204)
        }
    }

    @Test("Statuses of a commit are combined by the newest of each context")
    func statuses() async throws {
        try await Self.withPull { test, git async throws in
            let amy = test.client()
            let head = try await git("rev-parse", "work")
            let path = "repos/amy/bees/statuses/\(head)"
            let combined = "repos/amy/bees/commits/work/status"

            #expect(try await amy.get(combined).json["state"]?.string == "pending")
            _ = try await amy.post(path, ["state": "failure", "context": "a"])
            _ = try await amy.post(path, ["state": "success", "context": "b"])
            #expect(try await amy.get(combined).json["state"]?.string == "failure")
            _ = try await amy.post(path, ["state": "success", "context": "a"])
            #expect(try await amy.get(combined).json["state"]?.string == "success")
            #expect(try await amy.get(path).json.array.count == 3)
            #expect(
                try await amy.get("repos/amy/bees/commits/\(head)/statuses").json.array.count == 3)
            #expect(try await amy.post(path, ["state": "fine"]).status == 422)
            #expect(try await test.client("carl").post(path, ["state": "success"]).status == 403)
        }
    }

    @Test("Branches are made, listed and deleted, slashes and all")
    func branches() async throws {
        try await Self.withPull { test, _ async throws in
            let amy = test.client()
            let branches = "repos/amy/bees/branches"
            func make(_ name: String, from old: String = "main") async throws -> Int {
                try await amy.post(
                    branches, ["new_branch_name": .string(name), "old_ref_name": .string(old)]
                ).status
            }

            #expect(try await make("claude/issue-1") == 201)
            #expect(try await make("claude/issue-1") == 409)
            #expect(try await make("claude") == 409)
            #expect(try await make("x", from: "gone") == 404)
            #expect(
                try await amy.get(branches + "/claude%2Fissue-1").json["name"]?.string
                    == "claude/issue-1")
            let all = try await amy.get(branches).json.array.compactMap { $0["name"]?.string }
            #expect(all == ["claude/issue-1", "main", "work"])
            #expect(try await amy.delete(branches + "/claude/issue-1").status == 204)
            #expect(try await amy.delete(branches + "/claude/issue-1").status == 404)
            #expect(try await amy.delete(branches + "/main").status == 403)
            #expect(
                try await amy.get("repos/amy/bees/git/refs/heads/work").json[0]?["ref"]?.string
                    == "refs/heads/work")
            #expect(
                try await amy.get("repos/amy/bees/commits?sha=work").header("X-Total-Count") == "2")
            let listed = try await amy.get("repos/amy/bees/pulls?state=all")
            #expect(listed.json[0]?["head"]?["ref"]?.string == "work")
        }
    }
}
