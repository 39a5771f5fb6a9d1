import SkepCore
import SkepTestSupport
import Testing

@testable import SkepForge

@Suite("Pushes and what follows from them")
struct PushTests {
    @Test("What is pushed to the repository's folder is noticed by itself, once")
    func localPushes() async throws {
        try await PullTests.withPull { test, git async throws in
            try await HookReceiver.with { receiver in
                _ = try await HookTests.hook(
                    test, receiver, events: ["push", "create", "delete", "pull_request_sync"])
                let folder = try await test.forge.repositoryPath(test.repository)
                try await git.commit("two\n", to: "a.txt", on: "work")
                try await git("push", "-q", folder, "work")

                try await eventually("the hooks come") { receiver.titles.count == 2 }
                #expect(receiver.titles == ["push", "pull_request_sync synchronized"])
                #expect(receiver.deliveries[0].json["sender"]?["login"]?.string == "amy")
                try await git.commit("three\n", to: "a.txt", on: "aside")
                try await git("push", "-q", folder, "aside", ":work")
                try await eventually("the hooks come") { receiver.titles.count == 6 }
                #expect(receiver.titles[2...] == ["delete", "push", "create", "push"])
                #expect(receiver.deliveries[5].json["total_commits"]?.int == 3)
                let zeros = BareRepository.noCommit
                #expect(receiver.deliveries[5].json["before"]?.string == zeros)
            }
        }
    }

    @Test("A push to a pull request stands in its timeline, forced ones as such")
    func timeline() async throws {
        try await PullTests.withPull { test, git async throws in
            try await git.commit("two\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            let two = try await git("rev-parse", "work")
            try await git("commit", "-q", "--amend", "-m", "Other")
            try await git("push", "-q", "--force", "origin", "work")

            let events = try await test.client().get("repos/amy/bees/issues/1/timeline").json
            let pushes = events.array.filter { $0["type"]?.string == "pull_push" }
            #expect(pushes.count == 2)
            let first = JSON(parsing: Array((pushes[0]["body"]?.string ?? "").utf8))
            #expect(first?["commit_ids"] == [.string(two)])
            #expect(first?["is_force_push"]?.bool == false)
            let second = JSON(parsing: Array((pushes[1]["body"]?.string ?? "").utf8))
            #expect(second?["is_force_push"]?.bool == true)
            #expect(pushes[1]["old_ref"]?.string == two)
        }
    }

    @Test("A forced base is followed, and its pull request stays what it is")
    func forcedBase() async throws {
        try await PullTests.withPull { test, git async throws in
            try await git("checkout", "-q", "--orphan", "fresh")
            try await git.commit("new\n", to: "b.txt", on: "fresh")
            try await git("push", "-q", "--force", "origin", "fresh:main")
            let base = try await git("rev-parse", "fresh")

            let pull = try await test.client().get("repos/amy/bees/pulls/1")
            #expect(pull.json["base"]?["sha"]?.string == base)
            #expect(pull.json["state"]?.string == "open")
            #expect(pull.json["mergeable"] != nil)
        }
    }

    @Test("A commit on the default branch closes the issues it names; on others it's only noted")
    func closingCommits() async throws {
        try await PullTests.withPull { test, git async throws in
            let amy = test.client()
            for title in ["two", "three", "four"] {
                _ = try await amy.post("repos/amy/bees/issues", ["title": .string(title)])
            }
            _ = try await amy.post("repos/amy/bees/issues/4/dependencies", ["index": 3])
            func state(_ number: Int) async throws -> String? {
                try await amy.get("repos/amy/bees/issues/\(number)").json["state"]?.string
            }
            try await git.commit("2\n", to: "a.txt", on: "work", message: "Fixes #2, see #3")
            try await git("push", "-q", "origin", "work")
            #expect(try await state(2) == "open")
            let noted = try await amy.get("repos/amy/bees/issues/3/timeline").json
            #expect(noted[0]?["type"]?.string == "commit_ref")

            try await git("push", "-q", "origin", "work:main")
            #expect(try await state(2) == "closed")
            #expect(try await state(3) == "open")
            let events = try await amy.get("repos/amy/bees/issues/2/timeline").json.array
            #expect(events.compactMap { $0["type"]?.string } == ["commit_ref", "close"])
            #expect(events.last?["ref_commit_sha"]?.string == (try await git("rev-parse", "work")))
            try await git("checkout", "-q", "-B", "main", "origin/main")
            try await git.commit("4\n", to: "c.txt", on: "main", message: "Closes #4")
            try await git("push", "-q", "origin", "main")
            #expect(try await state(4) == "open", "it depends on an open one")
        }
    }

    @Test("Names in a text are found, but not in code, remarks and addresses")
    func references() {
        let text = """
            Closes #1, fixes: other/place#2 and resolve #3; see #4 and (#5).
            `#6` <!-- closes #7 --> http://x/y#8 &#9; a#10
            @amy, (@bob.) mail@carl.example `@dee`
            ```
            Closes #11
            ```
            """
        let found = TextReferences(text)

        #expect(found.targets.map(\.number) == [1, 2, 3, 4, 5])
        #expect(found.targets.map(\.closes) == [true, true, true, false, false])
        #expect(found.targets[1].repository == "other/place")
        #expect(found.people == ["amy", "bob"])
    }
}
