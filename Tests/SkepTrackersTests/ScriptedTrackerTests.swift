import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("ScriptedTracker, by the suite that all trackers pass", .timeLimit(.minutes(5)))
struct ScriptedTrackerTests {
    @Test("The double of the engine's tests", arguments: TrackerConformance.cases)
    func conforms(_ conformance: TrackerConformance.Case) async throws {
        let tracker = ScriptedTracker(clock: ManualClock())
        tracker.change { state in
            state.repositories = [.sample]
            state.branches = ["main", "topic", "claude/issue-1"]
            state.heads = ["topic": .sample("1"), "claude/issue-1": .sample("2")]
            state.labels = [TrackerLabel(name: "bug", color: "ee0701")]
            state.writers = ["skep", "codex"]
            state.accounts = [Secret("t0ken"): "codex"]
        }

        try await conformance.run(
            TrackerConformance.Subject(
                tracker: tracker, repository: .sample, account: "skep",
                reviewer: TrackerConformance.Reviewer(token: Secret("t0ken"), login: "codex"),
                fixture: ScriptedFixture(tracker: tracker)))
    }

    @Test("What happens moves an issue's time, to the second")
    func timesMove() async throws {
        let clock = ManualClock()
        let tracker = ScriptedTracker(clock: clock)
        let (first, second) = (tracker.put(1), tracker.put(2))
        let start = clock.now
        clock.advance(by: .milliseconds(1500))

        tracker.comment("Hm.", on: first)
        let changes = try await tracker.changes(in: .sample, since: start + .seconds(1))
        let all = try await tracker.changes(in: .sample, since: start)

        #expect(changes.map(\.reference) == [first])
        #expect(changes.first?.updatedAt == start + .seconds(1))
        #expect(all.map(\.reference) == [second, first])
        #expect(tracker.calls["changes"] == 2)
    }

    @Test("What a test changes by itself is a change as well")
    func directChangesMove() async throws {
        let clock = ManualClock()
        let tracker = ScriptedTracker(clock: clock)
        let pull = tracker.putPullRequest(9, head: "work", commit: .sample("a"))
        try tracker.review(.approved, on: pull)
        clock.advance(by: .seconds(5))

        try tracker.push(.sample("b"), to: pull)
        let changes = try await tracker.changes(in: .sample, since: clock.now)
        let reviews = try await tracker.reviews(of: pull)

        #expect(changes.map(\.reference) == [pull])
        #expect(changes.first?.isPullRequest == true)
        #expect(reviews.map(\.isStale) == [true])
    }

    @Test("One method can be made to fail alone")
    func failsAlone() async throws {
        let tracker = ScriptedTracker(clock: ManualClock())
        let issue = tracker.put(1)
        let refusal = ScriptedRefusal(kind: .unavailable, what: "No.")
        tracker.change { $0.failures["comments"] = refusal }

        _ = try await tracker.issue(issue)
        await #expect(throws: refusal) { try await tracker.comments(on: issue) }
    }
}

/// Makes what the port can't in a scripted tracker.
private struct ScriptedFixture: TrackerFixture {
    let tracker: ScriptedTracker

    func makeIssue(_ title: String, body: String, labels: [String]) async throws -> IssueReference {
        let number = (tracker.state.issues.keys.map(\.number).max() ?? 0) + 1
        return tracker.put(number, title: title, body: body, labels: labels)
    }

    func makeBranch(_ branch: BranchName, changing file: String) async throws -> CommitID {
        let digits = (0..<40).map { _ in "0123456789abcdef".randomElement() ?? "0" }
        let commit = CommitID(rawValue: String(digits)) ?? .sample("0")
        tracker.change { state in
            state.heads[branch] = commit
            state.branches?.insert(branch)
            state.files[branch] = [file]
        }
        return commit
    }

    func block(_ issue: IssueReference, by other: IssueReference) async throws -> Bool {
        tracker.change { $0.dependencies[issue, default: []].append(other) }
        return true
    }
}
