import SkepCore
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: pull requests", .timeLimit(.minutes(5)))
struct GiteaPullsTests {
    let new = NewPullRequest(
        repository: RepositoryName("bees/hive")!, title: "Fix it", body: "Closes #7",
        head: "claude/issue-7", base: "main")
    let list = "/api/v1/repos/bees/hive/pulls"
    let direct = "/api/v1/repos/bees/hive/pulls/main/claude/issue-7"

    @Test("A pull request is opened when there is none")
    func opened() async throws {
        try await GiteaBench.run(script: { request in
            request.method == "GET"
                ? .json("{}", status: 404)
                : .json(GiteaJSON.pull(9, head: "claude/issue-7"), status: 201)
        }) { bench in
            let pull = try await bench.tracker.openPullRequest(new)

            #expect(pull.number == 9 && pull.isOpen && pull.head == new.head)
            #expect(pull.headCommit != nil)
            // The slash of a head stands as it is.
            #expect(bench.server.requests.first?.target == direct)
        }
    }

    @Test("One that is open is found, and none is opened")
    func found() async throws {
        let pull = GiteaJSON.pull(9, head: "claude/issue-7")
        try await GiteaBench.run(script: { _ in .json(pull) }) { bench in
            let number = try await bench.tracker.openPullRequest(new).number
            #expect(number == 9)
            #expect(bench.count("POST") == 0)
        }
    }

    @Test("A closed one doesn't hide an open one, and is none itself")
    func behindClosed() async throws {
        let closed = GiteaJSON.pull(8, head: "claude/issue-7", state: "closed")
        let open = Shared<[String]>([GiteaJSON.pull(9, head: "claude/issue-7")])
        let (direct, list) = (direct, list)
        try await GiteaBench.run(script: { request in
            switch (request.method, request.path) {
            case ("GET", direct): .json(closed)
            case ("GET", list): .json(GiteaJSON.list(open.value))
            default: .json(GiteaJSON.pull(10, head: "claude/issue-7"), status: 201)
            }
        }) { bench in
            let number = try await bench.tracker.openPullRequest(new).number
            #expect(number == 9)
            open.change { $0 = [] }
            let next = try await bench.tracker.openPullRequest(new).number
            #expect(next == 10)
        }
    }

    @Test("409 says that there is one: it is found")
    func conflict() async throws {
        let list = list
        let other = GiteaJSON.pull(3, head: "claude/issue-7", headRepository: 6)
        let ours = GiteaJSON.pull(9, head: "claude/issue-7")
        try await GiteaBench.run(script: { request in
            switch (request.method, request.path) {
            case ("POST", _): .json(#"{"message": "pull request already exists"}"#, status: 409)
            case ("GET", list): .json(GiteaJSON.list([other, ours]))
            default: .json("{}", status: 404)
            }
        }) { bench in
            let number = try await bench.tracker.openPullRequest(new).number
            #expect(number == 9)
            #expect(bench.count("POST") == 1)
        }
    }

    @Test("One that was made by a write that failed is found")
    func failedAfterWriting() async throws {
        let isMade = Shared(false)
        let list = list
        try await GiteaBench.run(script: { request in
            if request.method == "POST" {
                isMade.change { $0 = true }
                return .cut
            }
            guard isMade.value, request.path == list else { return .json("{}", status: 404) }
            return .json(GiteaJSON.list([GiteaJSON.pull(9, head: "claude/issue-7")]))
        }) { bench in
            let number = try await bench.tracker.openPullRequest(new).number
            #expect(number == 9)
            #expect(bench.count("POST") == 1)
        }
    }

    @Test("A missing branch, and nothing to merge, are told", arguments: [404, 422])
    func refused(status: Int) async throws {
        try await GiteaBench.run(script: { request in
            .json(#"{"message": "no"}"#, status: request.method == "GET" ? 404 : status)
        }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.openPullRequest(new)
            }

            #expect(error?.kind == (status == 404 ? .conflict : .refused))
            #expect(error?.what.contains("claude/issue-7") == true)
        }
    }

    @Test("A branch that was deleted leaves its name in the label")
    func deletedBranch() async throws {
        let pull = GiteaJSON.pull(9, head: "claude/issue-7", state: "closed")
            .replacing("\"ref\": \"claude/issue-7\"", with: "\"ref\": \"refs/pull/9/head\"")
        try await GiteaBench.run(script: { _ in .json(pull) }) { bench in
            let found = try await bench.tracker.pullRequest(
                IssueReference(repository: bench.repository, number: 9))

            #expect(found.head == "claude/issue-7" && !found.isOpen)
        }
    }
}
