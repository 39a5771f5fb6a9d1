import Foundation
import Testing

@testable import SkepForge

@Suite("Issues, comments and labels over the API")
struct IssueTests {
    @Test("A label that nobody knows filters nothing; known ones all count")
    func unknownLabelFiltersNothing() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            for name in ["ready", "bug"] {
                _ = try await amy.post(
                    "repos/amy/bees/labels", ["name": .string(name), "color": "ff0000"])
            }
            _ = try await amy.post("repos/amy/bees/issues", ["title": "both", "labels": [1, 2]])
            _ = try await amy.post("repos/amy/bees/issues", ["title": "one", "labels": [1]])
            _ = try await amy.post("repos/amy/bees/issues", ["title": "none"])

            func titles(_ labels: String) async throws -> [String] {
                try await amy.get("repos/AMY/Bees/issues?labels=\(labels)").json.array
                    .compactMap { $0["title"]?.string }
            }

            #expect(try await titles("ready") == ["one", "both"])
            #expect(try await titles("ready,bug") == ["both"])
            #expect(try await titles("ready,unheard") == ["one", "both"])
            #expect(try await titles("unheard") == ["none", "one", "both"])
        }
    }

    @Test("Lists are cut at fifty, and their links lead over all pages on the host that was asked")
    func lists() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            for number in 1...53 {
                try await test.forge.addIssue(to: test.repository, title: "Issue \(number)")
            }

            let first = try await amy.get("repos/amy/bees/issues?limit=100&state=all&q=issue")
            #expect(first.json.array.count == 50)
            #expect(first.header("X-Total-Count") == "53")
            let link = try #require(first.header("Link"))
            #expect(
                link.hasPrefix(
                    "<\(test.url)/api/v1/repos/amy/bees/issues?state=all&q=issue&limit=50&page=2>; rel=\"next\","
                ))
            let second = try await amy.get("repos/amy/bees/issues?limit=50&page=2")
            #expect(second.json.array.compactMap { $0["number"]?.int } == [3, 2, 1])
            #expect(second.header("Link")?.contains("rel=\"next\"") == false)
            let third = try await amy.get("repos/amy/bees/issues?page=3&limit=50")
            #expect(third.json == .array([]))
            #expect(try await amy.get("repos/amy/bees/issues").json.array.count == 30)
            #expect(try await amy.get("repos/amy/bees/issues?limit=-1").json.array.count == 30)
        }
    }

    @Test("since, created_by, assigned_by, type and state choose")
    func filters() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let old = try await amy.post("repos/amy/bees/issues", ["title": "old"])
            let assigned = try await test.client("carl").post(
                "repos/amy/bees/issues", ["title": "carl's"])
            _ = try await amy.patch("repos/amy/bees/issues/2", ["assignees": ["bob"]])
            let closed = try await amy.patch("repos/amy/bees/issues/1", ["state": "closed"])
            #expect(closed.status == 201)
            #expect(closed.json["closed_at"] != .null)
            #expect(old.json["state"]?.string == "open" && assigned.status == 201)

            func numbers(_ query: String) async throws -> [Int] {
                try await amy.get("repos/amy/bees/issues?" + query).json.array
                    .compactMap { $0["number"]?.int }
            }

            let changed = try #require(closed.json["updated_at"]?.string)
            #expect(try await numbers("state=all&since=\(changed)") == [1])
            #expect(try await numbers("") == [2])
            #expect(try await numbers("state=nonsense") == [2])
            #expect(try await numbers("state=all") == [2, 1])
            #expect(try await numbers("created_by=CARL") == [2])
            #expect(try await numbers("assigned_by=bob") == [2])
            #expect(try await numbers("type=pulls&state=all") == [])
            #expect(try await amy.get("repos/amy/bees/issues?created_by=ghost").status == 404)
            #expect(try await amy.get("repos/amy/bees/issues?since=yesterday").status == 422)
        }
    }

    @Test("Labels of those who can't write are dropped without a word")
    func labelsOfNonWritersAreDropped() async throws {
        try await TestForge.with { test async throws in
            let label = try await test.client().post(
                "repos/amy/bees/labels", ["name": "ready", "color": "#00ff00"])
            let issue = try await test.client("carl").post(
                "repos/amy/bees/issues",
                ["title": "Mine", "labels": [label.json["id"] ?? 0], "assignees": ["carl"]])

            #expect(issue.status == 201)
            #expect(issue.json["labels"] == .array([]))
            #expect(issue.json["assignees"] == .null)
            let tried = try await test.client("carl").post(
                "repos/amy/bees/issues/1/labels", ["labels": ["ready"]])
            #expect(tried.status == 403)
        }
    }

    @Test("Labels are put on by ids or by names, and an exclusive one drives out its scope")
    func labels() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            for name in ["status/todo", "status/done"] {
                _ = try await amy.post(
                    "repos/amy/bees/labels",
                    ["name": .string(name), "color": "abc", "exclusive": true])
            }
            _ = try await amy.post("repos/amy/bees/labels", ["name": "bug", "color": "112233"])
            _ = try await amy.post("repos/amy/bees/issues", ["title": "x"])
            let labels = "repos/amy/bees/issues/1/labels"
            func names(_ answer: APIAnswer) -> [String] {
                answer.json.array.compactMap { $0["name"]?.string }
            }

            #expect(
                names(try await amy.post(labels, ["labels": ["status/todo", "bug"]])) == [
                    "bug", "status/todo",
                ])
            #expect(names(try await amy.post(labels, ["labels": [2]])) == ["bug", "status/done"])
            #expect(try await amy.post(labels, ["labels": [1, "bug"]]).status == 400)
            #expect(
                names(try await amy.post(labels, ["labels": ["unheard"]])) == [
                    "bug", "status/done",
                ])
            #expect(try await amy.delete(labels + "/3").status == 204)
            #expect(names(try await amy.put(labels, ["labels": ["bug"]])) == ["bug"])
            #expect(try await amy.delete(labels).status == 204)
            #expect(names(try await amy.get(labels)) == [])
            let renamed = try await amy.patch("repos/amy/bees/labels/3", ["name": "defect"])
            #expect(renamed.json["name"]?.string == "defect")
            #expect(
                try await amy.post("repos/amy/bees/labels", ["name": "x", "color": "blue"]).status
                    == 422)
            #expect(try await amy.delete("repos/amy/bees/labels/3").status == 204)
            #expect(try await amy.get("repos/amy/bees/labels").json.array.count == 2)
        }
    }

    @Test("Comments are listed whole, changed by their authors, and kept with their marks")
    func comments() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let carl = test.client("carl")
            _ = try await amy.post("repos/amy/bees/issues", ["title": "x"])
            let comments = "repos/amy/bees/issues/1/comments"
            for number in 1...60 {
                _ = try await carl.post(comments, ["body": "<!-- skep:\(number) --> \(number)"])
            }

            let all = try await amy.get(comments + "?limit=10&page=2")
            #expect(all.json.array.count == 60)
            #expect(all.json[0]?["body"]?.string == "<!-- skep:1 --> 1")
            let some = try await amy.get("repos/amy/bees/issues/comments?limit=10&page=2")
            #expect(some.json.array.count == 10)
            #expect(some.header("X-Total-Count") == "60")
            let id = all.json[0]?["id"]?.int ?? 0
            let one = "repos/amy/bees/issues/comments/\(id)"
            #expect(try await carl.patch(one, ["body": "new"]).json["body"]?.string == "new")
            #expect(try await test.client("bob").patch(one, ["body": "no"]).status == 403)
            #expect(try await amy.delete(one).status == 204)
            #expect(try await amy.get(one).status == 404)
            #expect(try await carl.post(comments, ["body": ""]).status == 422)
            #expect(
                try await carl.post("repos/amy/bees/issues/9/comments", ["body": "x"]).status == 404
            )
            #expect(try await amy.get("repos/amy/bees/issues/1").json["comments"]?.int == 59)
        }
    }

    @Test("Assignees are added and removed; who can't write can't be assigned")
    func assignees() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            _ = try await amy.post("repos/amy/bees/issues", ["title": "x"])
            let path = "repos/amy/bees/issues/1/assignees"

            #expect(
                try await amy.post(path, ["assignees": ["Bob"]]).json["assignee"]?["login"]?.string
                    == "bob")
            #expect(try await amy.get(path + "/bob").status == 204)
            #expect(try await amy.post(path, ["assignees": ["carl"]]).status == 422)
            #expect(try await amy.post(path, ["assignees": ["ghost"]]).status == 422)
            #expect(try await amy.delete(path, ["assignees": ["bob"]]).json["assignees"] == .null)
            let users = try await amy.get("repos/amy/bees/assignees").json.array
            #expect(users.compactMap { $0["login"]?.string } == ["amy", "bob"])
        }
    }

    @Test("Edits leave out what they don't name, and clash when the text has changed")
    func edits() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            _ = try await amy.post("repos/amy/bees/issues", ["title": "x", "body": "one"])
            let path = "repos/amy/bees/issues/1"

            #expect(try await amy.patch(path, ["title": ""]).json["title"]?.string == "x")
            let edited = try await amy.patch(path, ["body": "two", "content_version": 0])
            #expect(edited.json["content_version"]?.int == 1)
            #expect(
                try await amy.patch(path, ["body": "three", "content_version": 0]).status == 409)
            #expect(try await amy.patch(path, ["body": ""]).json["body"]?.string == "")
            #expect(try await amy.patch(path, ["state": "lost"]).status == 412)
            #expect(try await amy.patch(path, ["title": 5]).status == 422)
            #expect(try await test.client("carl").patch(path, ["title": "no"]).status == 403)
            #expect(try await amy.post("repos/amy/bees/issues", ["title": " "]).status == 422)
            let long = String(repeating: "é", count: 500_000)
            let large = try await amy.post(
                "repos/amy/bees/issues", ["title": "large", "body": .string(long)])
            #expect(large.json["body"]?.string == long)
        }
    }
}
