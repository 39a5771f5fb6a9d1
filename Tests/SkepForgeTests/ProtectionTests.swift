import Testing

@testable import SkepForge

@Suite("Protected branches")
struct ProtectionTests {
    private let protections = "repos/amy/bees/branch_protections"

    @Test("A protection is made, changed, shown at its branch and deleted")
    func lifeOfAProtection() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let made = try await amy.post(
                protections, ["rule_name": "release/*", "required_approvals": 2])
            let path = protections + "/release%2F%2A"

            #expect(made.status == 201)
            #expect(made.json["required_approvals"]?.int == 2)
            #expect(made.json["enable_push"]?.bool == false)
            #expect(try await amy.post(protections, ["rule_name": "release/*"]).status == 403)
            #expect(try await amy.post(protections, [:]).status == 422)
            #expect(
                try await amy.post(protections, ["rule_name": "x", "enable_push": 1]).status == 422)
            let changed = try await amy.patch(path, ["status_check_contexts": ["ci"]])
            #expect(changed.json["required_approvals"]?.int == 2)
            #expect(changed.json["status_check_contexts"] == ["ci"])
            _ = try await amy.post(
                "repos/amy/bees/branches",
                ["new_branch_name": "release/1", "old_ref_name": "main"])
            let branch = try await amy.get("repos/amy/bees/branches/release/1")
            #expect(branch.json["protected"]?.bool == true)
            #expect(branch.json["user_can_push"]?.bool == false)
            #expect(try await amy.delete("repos/amy/bees/branches/release/1").status == 403)
            #expect(
                try await amy.post(
                    "repos/amy/bees/contents/x", ["content": "", "branch": "release/1"]
                ).status == 403)
            #expect(try await test.client("bob").get(protections).status == 403)
            #expect(try await amy.get(protections).json.array.count == 1)
            #expect(try await amy.delete(path).status == 204)
            #expect(try await amy.get(path).status == 404)
        }
    }

    @Test("A merge waits for approvals and statuses, and an administrator may force it")
    func merging() async throws {
        try await PullTests.withPull { test, git async throws in
            let (amy, bob) = (test.client(), test.client("bob"))
            let pull = "repos/amy/bees/pulls/1"
            let head = try await git("rev-parse", "work")
            _ = try await amy.post(
                protections,
                [
                    "rule_name": "main", "required_approvals": 1, "enable_status_check": true,
                    "status_check_contexts": ["skep/*"], "block_on_rejected_reviews": true,
                    "dismiss_stale_approvals": true,
                ])
            func merge(_ client: APIClient, force: Bool = false) async throws -> APIAnswer {
                try await client.post(
                    pull + "/merge", ["Do": "merge", "force_merge": .bool(force)])
            }
            func report(_ state: String, _ commit: String) async throws {
                _ = try await amy.post(
                    "repos/amy/bees/statuses/\(commit)",
                    ["state": .string(state), "context": "skep/gate"])
            }

            let refused = try await merge(bob)
            #expect(refused.status == 405)
            #expect(refused.text.contains("approvals"))
            _ = try await bob.post(pull + "/reviews", ["event": "APPROVED"])
            #expect(try await merge(bob).text.contains("skep"))
            try await report("failure", head)
            #expect(try await merge(bob).status == 405)
            try await report("success", head)
            try await git.commit("two\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            #expect(try await merge(bob).text.contains("approvals"), "the approval was stale")
            _ = try await bob.post(
                pull + "/reviews", ["event": "REQUEST_CHANGES", "body": "No"])
            #expect(try await merge(bob, force: true).status == 405)
            #expect(try await merge(amy, force: true).status == 200)
            #expect(try await amy.get(pull + "/merge").status == 204)
        }
    }

    @Test("Patterns stand for text within a segment, or for anything")
    func patterns() {
        #expect(Glob("main").matches("main") && !Glob("main").matches("mains"))
        #expect(Glob("a/*").matches("a/b") && !Glob("a/*").matches("a/b/c"))
        #expect(Glob("a/**").matches("a/b/c") && Glob("*").matches(""))
        #expect(Glob("*-x-*").matches("a-x-b-x-c") && !Glob("*-x-*").matches("a-xb"))
    }
}
