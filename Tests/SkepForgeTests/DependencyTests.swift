import SkepCore
import Testing

@testable import SkepForge

@Suite("Dependencies between issues")
struct DependencyTests {
    private let issues = "repos/amy/bees/issues"

    private func withIssues(
        quirks: GiteaQuirks = .none, _ body: @Sendable @escaping (TestForge) async throws -> Void
    ) async throws {
        try await TestForge.with(quirks: quirks) { test async throws in
            for title in ["one", "two", "three"] {
                _ = try await test.client().post(issues, ["title": .string(title)])
            }
            try await body(test)
        }
    }

    @Test("An issue waits for others, and can't be closed before them")
    func closingWaits() async throws {
        try await withIssues { test async throws in
            let amy = test.client()
            let meta: JSON = ["owner": "amy", "repo": "bees", "index": 2]
            let made = try await amy.post(issues + "/1/dependencies", meta)

            #expect(made.status == 201)
            #expect(made.json["number"]?.int == 1)
            #expect(
                try await amy.get(issues + "/1/dependencies").json[0]?["number"]?.int == 2)
            #expect(try await amy.get(issues + "/2/blocks").json[0]?["number"]?.int == 1)
            #expect(try await amy.patch(issues + "/1", ["state": "closed"]).status == 412)
            await #expect(
                throws: ForgeError.openDependencies(
                    IssueReference(repository: test.repository, number: 1))
            ) {
                try await test.forge.setOpen(
                    false, IssueReference(repository: test.repository, number: 1))
            }
            #expect(try await amy.patch(issues + "/2", ["state": "closed"]).status == 201)
            #expect(try await amy.patch(issues + "/1", ["state": "closed"]).status == 201)
            #expect(try await amy.delete(issues + "/1/dependencies", meta).status == 200)
            #expect(try await amy.delete(issues + "/1/dependencies", meta).status == 404)
            #expect(try await amy.get(issues + "/1/dependencies").json == [])
        }
    }

    @Test("Dependencies are made from the other end, and between repositories")
    func otherEnds() async throws {
        try await withIssues { test async throws in
            let amy = test.client()
            _ = try await amy.post(
                "user/repos", ["name": "secret", "private": true, "auto_init": true])
            _ = try await amy.post("repos/amy/secret/issues", ["title": "far"])

            let blocks = try await amy.post(issues + "/1/blocks", ["index": 3])
            let far = try await amy.post(
                issues + "/1/dependencies", ["owner": "amy", "repo": "secret", "index": 1])

            #expect(blocks.status == 201)
            #expect(try await amy.get(issues + "/3/dependencies").json.array.count == 1)
            #expect(far.status == 201)
            #expect(try await amy.get(issues + "/1/dependencies").json.array.count == 1)
            let stranger = test.client("carl")
            #expect(try await stranger.get(issues + "/1/dependencies").json == [])
            #expect(try await stranger.post(issues + "/1/blocks", ["index": 2]).status == 403)
            let events = try await amy.get(issues + "/3/timeline").json
            #expect(events[0]?["type"]?.string == "add_dependency")
            #expect(events[0]?["dependent_issue"]?["number"]?.int == 1)
        }
    }

    @Test("A doubled or circular dependency is refused; with Gitea's quirk it is a 500")
    func doubled() async throws {
        for (quirks, status) in [(GiteaQuirks.none, 409), (.serverErrors, 500)] {
            try await withIssues(quirks: quirks) { test async throws in
                let amy = test.client()
                _ = try await amy.post(issues + "/1/dependencies", ["index": 2])

                #expect(
                    try await amy.post(issues + "/1/dependencies", ["index": 2]).status == status)
                #expect(
                    try await amy.post(issues + "/2/dependencies", ["index": 1]).status == status)
                #expect(
                    try await amy.post(issues + "/1/dependencies", ["index": 1]).status == 400)
                #expect(
                    try await amy.post(issues + "/1/dependencies", ["index": 9]).status == 404)
            }
        }
    }
}
