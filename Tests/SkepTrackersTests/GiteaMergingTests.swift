import SkepCore
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: merging", .timeLimit(.minutes(5)))
struct GiteaMergingTests {
    let head = CommitID.sample("a")

    private func pull(
        state: String = "open", isMerged: Bool = false, isMergeable: Bool = true,
        commit: CommitID = .sample("a")
    ) -> String {
        GiteaJSON.pull(
            7, head: "work", state: state, isMerged: isMerged, isMergeable: isMergeable,
            commit: commit.rawValue)
    }

    private func error(
        _ bench: GiteaBench, style: MergeStyle = .squash
    ) async throws -> GiteaError? {
        await #expect(throws: GiteaError.self) {
            try await bench.tracker.merge(bench.issue, head: head, style: style)
        }
    }

    @Test("The head goes along, under names that every version knows")
    func merged() async throws {
        let pull = pull()
        try await GiteaBench.run(script: {
            $0.method == "POST" ? ScriptedReply(status: 200) : .json(pull)
        }) { bench in
            try await bench.tracker.merge(bench.issue, head: head, style: .rebaseMerge)

            #expect(
                bench.server.requests.last?.text
                    == "{\"Do\":\"rebase-merge\",\"head_commit_id\":\"\(head)\"}")
        }
    }

    @Test("One that is merged at that head is left alone")
    func wasMerged() async throws {
        let pull = pull(state: "closed", isMerged: true)
        try await GiteaBench.run(script: { _ in .json(pull) }) { bench in
            try await bench.tracker.merge(bench.issue, head: head, style: .merge)

            #expect(bench.count("POST") == 0)
        }
    }

    @Test("A merge that took place although it failed is seen", arguments: [500, 502, 405])
    func failedAfterMerging(status: Int) async throws {
        let isMerged = Shared(false)
        let (before, after) = (pull(), pull(state: "closed", isMerged: true))
        try await GiteaBench.run(script: { request in
            guard request.method == "POST" else { return .json(isMerged.value ? after : before) }
            isMerged.change { $0 = true }
            return .json("{}", status: status)
        }) { bench in
            try await bench.tracker.merge(bench.issue, head: head, style: .merge)

            #expect(bench.count("POST") == 1)
        }
    }

    @Test("While conflicts are being looked for it waits, and then merges")
    func beingChecked() async throws {
        let posts = Shared(0)
        let (checking, ready) = (pull(isMergeable: false), pull())
        try await GiteaBench.run(script: { request in
            guard request.method == "POST" else {
                return .json(posts.value < 2 ? checking : ready)
            }
            let number = posts.change { count in
                count += 1
                return count
            }
            return number < 3
                ? .json(#"{"message": "Please try again later"}"#, status: 405)
                : ScriptedReply(status: 200)
        }) { bench in
            try await bench.tracker.merge(bench.issue, head: head, style: .merge)

            #expect(posts.value == 3)
            #expect(bench.clock.waits.count == 2)
        }
    }

    @Test("One that can't be merged is tried once more, then says what may be missing")
    func notMergeable() async throws {
        let pull = pull()
        try await GiteaBench.run(script: {
            $0.method == "POST"
                ? .json(#"{"message": "Does not have enough approvals"}"#, status: 405)
                : .json(pull)
        }) { bench in
            let error = try await error(bench)

            #expect(error?.kind == .conflict)
            #expect(error?.why == "It says: Does not have enough approvals")
            #expect(error?.advice?.contains("approvals") == true)
            #expect(bench.count("POST") == 2)
        }
    }

    @Test("A lasting conflict ends the waiting")
    func neverMergeable() async throws {
        let pull = pull(isMergeable: false)
        try await GiteaBench.run(script: {
            $0.method == "POST" ? .json("{}", status: 405) : .json(pull)
        }) { bench in
            let error = try await error(bench)

            guard case .prevented(_, .notMergeable, _) = error else {
                Testing.Issue.record("\(error as Any)")
                return
            }
            #expect(bench.count("POST") == 5)
        }
    }

    @Test(
        "What stands in the way is told by its kind, with advice",
        arguments: [(409, GiteaError.Obstacle.conflicts), (412, .notMergeable)])
    func obstacles(status: Int, obstacle: GiteaError.Obstacle) async throws {
        let pull = pull()
        try await GiteaBench.run(script: {
            $0.method == "POST" ? .json("{}", status: status) : .json(pull)
        }) { bench in
            let error = try await error(bench)

            #expect(
                error
                    == .prevented(
                        subject: "pull request bees/hive#7", obstacle, message: ""))
            #expect(error?.kind == .conflict && error?.why != nil && error?.advice != nil)
        }
    }

    @Test("A branch that moved on isn't merged")
    func moved() async throws {
        let pull = pull(commit: .sample("b"))
        try await GiteaBench.run(script: { _ in .json(pull) }) { bench in
            let error = try await error(bench)

            #expect(error?.what == "Can't merge pull request bees/hive#7 at aaaaaaaaaa")
            #expect(error?.why == "Its branch is at bbbbbbbbbb now.")
            #expect(bench.count("POST") == 0)
        }
    }

    @Test("One that somebody closed meanwhile says so")
    func closedMeanwhile() async throws {
        let isOpen = Shared(true)
        let (open, closed) = (pull(), pull(state: "closed"))
        try await GiteaBench.run(script: { request in
            guard request.method == "POST" else {
                return request.path.hasSuffix("/pulls/7")
                    ? .json(isOpen.value ? open : closed)
                    : .json(#"{"full_name": "bees/hive"}"#)
            }
            isOpen.change { $0 = false }
            return .json("{}", status: 404)
        }) { bench in
            let error = try await error(bench)

            #expect(
                error == .prevented(subject: "pull request bees/hive#7", .closed, message: ""))
        }
    }
}
