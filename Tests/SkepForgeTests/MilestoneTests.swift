import Testing

@testable import SkepForge

@Suite("Milestones and deadlines over the API")
struct MilestoneTests {
    private let path = "repos/amy/bees/milestones"

    @Test("A milestone is made, found by id and title, changed, closed and deleted")
    func lifeOfAMilestone() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let made = try await amy.post(
                path,
                ["title": "Spring", "description": "Soon", "due_on": "2027-03-01T00:00:00Z"])
            let id = try #require(made.json["id"]?.int)

            #expect(made.status == 201)
            #expect(try await amy.get("\(path)/\(id)").json == made.json)
            // The specification has only the id, the server takes the title as well.
            let byTitle = try await amy.raw("GET", "/api/v1/\(path)/Spring")
            #expect(byTitle.json["id"]?.int == id)
            #expect(try await amy.raw("GET", "/api/v1/\(path)/Autumn").status == 404)
            let closed = try await amy.patch("\(path)/\(id)", ["state": "closed"])
            #expect(closed.json["closed_at"]?.string != nil)
            #expect(closed.json["title"]?.string == "Spring")
            #expect(try await amy.get(path).json.array.isEmpty)
            #expect(try await amy.get(path + "?state=all&name=spr").json.array.count == 1)
            #expect(try await test.client("carl").post(path, ["title": "x"]).status == 403)
            #expect(try await amy.post(path, ["title": ""]).status == 422)
            #expect(try await amy.delete("\(path)/\(id)").status == 204)
            #expect(try await amy.get(path + "?state=all").json.array.isEmpty)
        }
    }

    @Test("Issues have milestones, are counted in them and found by them")
    func issuesOfMilestones() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let issues = "repos/amy/bees/issues"
            let id = JSON(try await amy.post(path, ["title": "Spring"]).json["id"]?.int ?? 0)
            let other = JSON(try await amy.post(path, ["title": "Autumn"]).json["id"]?.int ?? 0)
            let one = try await amy.post(issues, ["title": "one", "milestone": id])
            _ = try await amy.post(issues, ["title": "two"])
            _ = try await amy.post(issues, ["title": "three", "milestone": other])

            #expect(one.json["milestone"]?["title"]?.string == "Spring")
            #expect(one.json["milestone"]?["open_issues"]?.int == 1)
            func found(_ filter: String) async throws -> [String] {
                try await amy.get("\(issues)?milestones=\(filter)").json.array.compactMap {
                    $0["title"]?.string
                }
            }
            #expect(try await found("Spring") == ["one"])
            #expect(try await found("Spring,Autumn") == ["three", "one"])
            #expect(try await found("\(id.int ?? 0)") == ["one"])
            // As in Gitea: what isn't known filters nothing.
            #expect(try await found("Winter").count == 3)
            let moved = try await amy.patch(issues + "/2", ["milestone": id])
            #expect(moved.json["milestone"]?["title"]?.string == "Spring")
            let cleared = try await amy.patch(issues + "/2", ["milestone": 0])
            #expect(cleared.json["milestone"] == .null)
            #expect(try await amy.patch(issues + "/2", ["milestone": 999]).status == 404)
            let dropped = try await test.client("carl").post(
                issues, ["title": "stranger", "milestone": id])
            #expect(dropped.json["milestone"] == .null)
        }
    }

    @Test("A deadline is set in three ways, and taken away")
    func deadlines() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let issues = "repos/amy/bees/issues"
            let made = try await amy.post(
                issues, ["title": "one", "due_date": "2027-01-01T00:00:00+00:00"])

            #expect(made.json["due_date"]?.string == "2027-01-01T00:00:00Z")
            let later = try await amy.patch(issues + "/1", ["due_date": "2027-02-01T00:00:00Z"])
            #expect(later.json["due_date"]?.string == "2027-02-01T00:00:00Z")
            let none = try await amy.patch(issues + "/1", ["unset_due_date": true])
            #expect(none.json["due_date"] == .null)
            let again = try await amy.post(
                issues + "/1/deadline", ["due_date": "2027-03-01T00:00:00Z"])
            #expect(again.status == 201)
            #expect(again.json["due_date"]?.string == "2027-03-01T00:00:00Z")
            #expect(try await amy.post(issues, ["title": "x", "due_date": "soon"]).status == 422)
        }
    }
}
