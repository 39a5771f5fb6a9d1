import Testing

@testable import SkepForge

@Suite("What goes on around an issue")
struct DiscussionTests {
    private let issue = "repos/amy/bees/issues/1"

    private func withIssue(
        quirks: GiteaQuirks = .none, _ body: @Sendable @escaping (TestForge) async throws -> Void
    ) async throws {
        try await TestForge.with(quirks: quirks) { test async throws in
            _ = try await test.client().post(
                "repos/amy/bees/issues", ["title": "Bees", "body": "They sting."])
            try await body(test)
        }
    }

    @Test("A reaction is new once, unknown ones are refused, and it can be taken back")
    func reactions() async throws {
        try await withIssue { test async throws in
            let bob = test.client("bob")
            let comment = try await bob.post(issue + "/comments", ["body": "Ouch"])
            let id = comment.json["id"]?.int ?? 0
            for path in [issue + "/reactions", "repos/amy/bees/issues/comments/\(id)/reactions"] {
                #expect(try await bob.post(path, ["content": "eyes"]).status == 201)
                #expect(try await bob.post(path, ["content": "eyes"]).status == 200)
                #expect(try await test.client().post(path, ["content": "eyes"]).status == 201)
                #expect(try await bob.post(path, ["content": "bee"]).status == 403)
                #expect(try await test.client(nil).post(path, ["content": "eyes"]).status == 401)
                let listed = try await bob.get(path).json.array
                #expect(listed.compactMap { $0["user"]?["login"]?.string } == ["bob", "amy"])
                #expect(try await bob.delete(path, ["content": "eyes"]).status == 204)
                #expect(try await bob.get(path).json.array.count == 1)
            }
        }
    }

    @Test("The timeline tells in order what happened, in pages that count themselves")
    func timeline() async throws {
        try await withIssue { test async throws in
            let amy = test.client()
            let label = try await amy.post(
                "repos/amy/bees/labels", ["name": "ready", "color": "#aabbcc"])
            let milestone = try await amy.post("repos/amy/bees/milestones", ["title": "Spring"])
            _ = try await amy.post(issue + "/labels", ["labels": ["ready"]])
            _ = try await amy.delete(issue + "/labels/\(label.json["id"]?.int ?? 0)")
            _ = try await amy.patch(issue, ["assignees": ["bob"]])
            _ = try await amy.patch(
                issue, ["title": "Wasps", "milestone": JSON(milestone.json["id"]?.int ?? 0)])
            _ = try await test.client("bob").post(issue + "/comments", ["body": "No"])
            _ = try await amy.patch(issue, ["state": "closed"])
            _ = try await amy.patch(issue, ["state": "open"])
            _ = try await amy.post(
                "repos/amy/bees/issues", ["title": "More", "body": "As in #1"])

            let all = try await amy.get(issue + "/timeline")

            let types = all.json.array.compactMap { $0["type"]?.string }
            #expect(
                types == [
                    "label", "label", "assignees", "change_title", "milestone", "comment", "close",
                    "reopen", "issue_ref",
                ])
            #expect(all.json[0]?["label"]?["name"]?.string == "ready")
            #expect(all.json[0]?["body"]?.string == "1")
            #expect(all.json[1]?["body"]?.string == "")
            #expect(all.json[2]?["assignee"]?["login"]?.string == "bob")
            #expect(all.json[3]?["old_title"]?.string == "Bees")
            #expect(all.json[5]?["body"]?.string == "No")
            #expect(all.json[8]?["ref_issue"]?["number"]?.int == 2)
            let page = try await amy.get(issue + "/timeline?limit=4&page=3")
            #expect(page.json.array.count == 1)
            #expect(page.header("X-Total-Count") == "1")
            let beyond = try await amy.get(issue + "/timeline?limit=4&page=4")
            #expect(beyond.json == [])
            let comments = try await amy.get(issue + "/comments").json
            #expect(comments[0]?["id"] == all.json[5]?["id"])
            let since = comments[0]?["created_at"]?.string ?? ""
            let late = try await amy.get(issue + "/timeline?since=\(since)").json.array
            #expect(late.compactMap { $0["type"]?.string }.first == "comment")
        }
    }

    @Test("A locked issue takes no comments from those who can't write")
    func locks() async throws {
        try await withIssue { test async throws in
            let (amy, carl) = (test.client(), test.client("carl"))

            #expect(try await carl.put(issue + "/lock", [:]).status == 403)
            #expect(try await amy.put(issue + "/lock", ["lock_reason": "Off-topic"]).status == 204)
            #expect(try await amy.get(issue).json["is_locked"]?.bool == true)
            #expect(try await carl.post(issue + "/comments", ["body": "x"]).status == 403)
            #expect(try await carl.post(issue + "/reactions", ["content": "+1"]).status == 403)
            #expect(
                try await test.client("bob").post(issue + "/comments", ["body": "x"]).status == 201)
            #expect(try await amy.delete(issue + "/lock").status == 204)
            #expect(try await carl.post(issue + "/comments", ["body": "x"]).status == 201)
        }
    }

    @Test("Pinned issues have an order that can be changed")
    func pins() async throws {
        try await withIssue { test async throws in
            let amy = test.client()
            for title in ["two", "three"] {
                _ = try await amy.post("repos/amy/bees/issues", ["title": .string(title)])
            }
            func pinned() async throws -> [Int] {
                try await amy.get("repos/amy/bees/issues/pinned").json.array.compactMap {
                    $0["number"]?.int
                }
            }
            for number in 1...3 {
                #expect(
                    try await amy.post("repos/amy/bees/issues/\(number)/pin").status == 204)
            }

            #expect(try await pinned() == [1, 2, 3])
            #expect(try await amy.send("PATCH", issue + "/pin/3").status == 204)
            #expect(try await pinned() == [2, 3, 1])
            #expect(try await amy.delete("repos/amy/bees/issues/2/pin").status == 204)
            #expect(try await pinned() == [3, 1])
            #expect(try await amy.get(issue).json["pin_order"]?.int == 2)
            #expect(try await amy.get("repos/amy/bees/new_pin_allowed").status == 200)
            #expect(try await amy.get("repos/amy/bees/pulls/pinned").json == [])
        }
    }

    @Test("Who is called by name is found, also over all repositories")
    func searches() async throws {
        try await withIssue { test async throws in
            let amy = test.client()
            _ = try await amy.post("user/repos", ["name": "wasps", "auto_init": true])
            _ = try await amy.post(
                "user/repos", ["name": "secret", "private": true, "auto_init": true])
            for name in ["wasps", "secret"] {
                _ = try await amy.post(
                    "repos/amy/\(name)/labels", ["name": "ready", "color": "#fff"])
                let made = try await amy.post(
                    "repos/amy/\(name)/issues", ["title": "Nest", "body": "ask @Bob. `@carl`"])
                let number = made.json["number"]?.int ?? 0
                _ = try await amy.post(
                    "repos/amy/\(name)/issues/\(number)/labels", ["labels": ["ready"]])
            }
            func found(_ user: String, _ query: String) async throws -> [String] {
                try await test.client(user).get("repos/issues/search?\(query)").json.array
                    .compactMap { $0["repository"]?["name"]?.string }
            }

            #expect(try await found("amy", "") == ["secret", "wasps", "bees"])
            #expect(try await found("bob", "mentioned=true") == ["wasps"])
            #expect(try await found("carl", "mentioned=true") == [])
            #expect(try await found("amy", "labels=ready&q=nest") == ["secret", "wasps"])
            #expect(try await found("carl", "owner=amy&labels=ready") == ["wasps"])
            #expect(try await found("amy", "created=true&type=pulls") == [])
            #expect(
                try await test.client(nil).get("repos/issues/search?assigned=true").status == 401)
            let mentioned = try await amy.get("repos/amy/wasps/issues?mentioned_by=bob")
            #expect(mentioned.json.array.count == 1)
            #expect(
                try await amy.get("repos/amy/wasps/issues?mentioned_by=nobody").status == 404)
        }
    }
}
