import Foundation
import Testing

@testable import SkepForge

@Suite("Quirks and faults")
struct FaultTests {
    private let issues = "/api/v1/repos/amy/bees/issues"

    private func plan(_ text: String) throws -> FaultPlan { try FaultPlan(parsing: text) }

    /// A request whose answer isn't held against the specification.
    private func ask(
        _ test: TestForge, _ method: String, _ path: String, _ body: JSON? = nil
    ) async throws -> APIAnswer {
        try await test.client().raw(
            method, path, body: body?.bytes,
            headers: ["Authorization": "token \(test.tokens["amy"] ?? "")"])
    }

    @Test("A plan is read from a text, and what can't be read is named")
    func parsing() throws {
        let plan = try plan(
            "500-after-write=0.05, cut=2x@POST:repos/*/*/issues, slow=1@**, seed=7,slow-ms=20")

        #expect(
            plan
                == FaultPlan(
                    [
                        .init(.errorAfterWrite, .rate(0.05)),
                        .init(.cut, .first(2), method: "POST", path: "repos/*/*/issues"),
                        .init(.slow, .rate(1), path: "**"),
                    ], seed: 7, delay: .milliseconds(20)))
        for part in ["bee=1", "502", "502=2", "cut=-1x", "seed=x", "slow-ms=-1"] {
            #expect(throws: ForgeError.invalidFault(part)) { try self.plan("429=0," + part) }
        }
        #expect(try GiteaQuirks(parsing: "zero-times, small-pages") == [.zeroTimes, .smallPages])
        #expect(try GiteaQuirks(parsing: "all") == .all)
        #expect(throws: ForgeError.invalidFault("bees")) { try GiteaQuirks(parsing: "bees") }
    }

    @Test("The same seed hits the same requests, about as often as the rate says")
    func determinism() throws {
        func hits(_ text: String) throws -> [Bool] {
            let injector = FaultInjector(try plan(text))
            return (0..<2000).map { _ in
                !injector.faults(method: "GET", path: ["version"]).isEmpty
            }
        }

        #expect(try hits("502=0.1,seed=7") == hits("502=0.1,seed=7"))
        #expect(try hits("502=0.1,seed=7") != hits("502=0.1,seed=8"))
        #expect((150...250).contains(try hits("502=0.1,seed=7").count { $0 }))
    }

    @Test("An error after a write leaves what was written; one before it, and 429, don't")
    func writes() async throws {
        let plan = try plan(
            "500-after-write=1x@POST:repos/*/*/issues,502=1x@PATCH:**,429=1x@DELETE:**")
        try await TestForge.with(faults: plan) { test async throws in
            let made = try await ask(test, "POST", issues, ["title": "one"])
            let changed = try await ask(test, "PATCH", issues + "/1", ["title": "two"])
            let deleted = try await ask(test, "DELETE", issues + "/1")

            #expect(made.status == 500)
            #expect(changed.status == 502)
            #expect(deleted.status == 429)
            #expect(deleted.header("Retry-After") == "1")
            let listed = try await test.client().get("repos/amy/bees/issues")
            #expect(listed.json.array.compactMap { $0["title"]?.string } == ["one"])
            #expect(try await ask(test, "PATCH", issues + "/1", ["title": "two"]).status == 201)
        }
    }

    @Test("An answer is cut off, a page is repeated, a request is sent on, and one comes late")
    func reads() async throws {
        let plan = try plan(
            "cut=1x@repos/amy/bees,repeat-page=1x@**/issues,redirect=1x@version,slow=1x@user,slow-ms=30"
        )
        try await TestForge.with(faults: plan) { test async throws in
            for title in ["one", "two", "three"] {
                try await test.forge.addIssue(to: test.repository, title: title)
            }
            let cut = try await ask(test, "GET", "/api/v1/repos/amy/bees")
            #expect(cut.status == 200)
            #expect(Int(cut.header("Content-Length") ?? "") ?? 0 > cut.bytes.count)
            #expect(JSON(parsing: cut.bytes) == nil)
            let page = issues + "?limit=1&page=2"
            let repeated = try await ask(test, "GET", page)
            #expect(repeated.json[0]?["title"]?.string == "three")
            #expect(repeated.header("Link")?.contains("page=3") == true)
            #expect(try await ask(test, "GET", page).json[0]?["title"]?.string == "two")
            let sent = try await ask(test, "GET", "/api/v1/version")
            #expect(sent.status == 307)
            #expect(sent.header("Location") == test.url + "/api/v1/version")
            #expect(try await ask(test, "GET", "/api/v1/version").status == 200)
            #expect(try await ask(test, "GET", "/api/v1/user").status == 200)
        }
    }

    @Test("With the quirks on, a pull request is late to be mergeable and refuses its first merge")
    func pullQuirks() async throws {
        try await TestForge.with(quirks: .all) { test async throws in
            let amy = test.client()
            _ = try await amy.post(
                "repos/amy/bees/contents/a", ["content": "", "new_branch": "work"])
            let pull = try await amy.post(
                "repos/amy/bees/pulls", ["title": "Work", "head": "work", "base": "main"])

            #expect(pull.json["mergeable"]?.bool == false)
            #expect(pull.json["merged_at"]?.string == "0001-01-01T00:00:00Z")
            let path = "repos/amy/bees/pulls/1"
            #expect(try await amy.get(path).json["mergeable"]?.bool == true)
            let first = try await amy.post(path + "/merge", ["Do": "merge"])
            #expect(first.status == 405)
            #expect(first.text.contains("try again later"))
            #expect(try await amy.post(path + "/merge", ["Do": "merge"]).status == 200)
        }
    }

    @Test("With the quirks on, lists are short or null, times are zero, and a lost issue is a 500")
    func otherQuirks() async throws {
        try await TestForge.with(quirks: .all) { test async throws in
            let amy = test.client()
            for number in 0..<11 {
                try await test.forge.addIssue(to: test.repository, title: "\(number)")
            }

            #expect(try await amy.get("settings/api").json["max_response_items"]?.int == 10)
            #expect(try await amy.get("repos/amy/bees/issues?limit=50").json.array.count == 10)
            let issue = try await amy.get("repos/amy/bees/issues/1").json
            #expect(issue["closed_at"]?.string == "0001-01-01T00:00:00Z")
            #expect(try await ask(test, "GET", issues + "/1/timeline").text == "null")
            let lost = try await amy.post("repos/amy/bees/issues/99/comments", ["body": "x"])
            #expect(lost.status == 500)
        }
    }
}
