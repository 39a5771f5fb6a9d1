import Foundation
import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Secrets of agents")
struct SecretTests {
    private static let secret = "sk-3f9a7c5e1d"

    /// Ann has a secret, and her next session leaves this document, and commit "a".
    private func leaving(
        _ document: String?, _ body: (Swarm, RunID) async throws -> Void
    ) async throws {
        try await Swarm.with(endings: [], workflows: [.sample()]) { swarm in
            swarm.agents[0].keep(Self.secret)
            swarm.agents[0].answer(with: [document])
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            try await body(swarm, try await swarm.dispatch(swarm.tracker.put(5)))
        }
    }

    @Test(
        "A question is posted without them, also where one was written with escapes",
        arguments: [
            #"{"question": "Is sk-3f9a7c5e1d right?"}"#,
            #"{"question": "Is \u0073k\u002d3f9a7c5e1d right?"}"#,
        ])
    func question(document: String) async throws {
        try await leaving(document) { swarm, run in
            try await swarm.working {
                try await eventually("it asks") {
                    try await !swarm.store.openQuestions(in: nil).isEmpty
                }
            }

            let question = try await swarm.store.openQuestions(in: nil).first
            #expect(question?.text == "Is [secret] right?")
            let bodies = try await swarm.store.history(of: run).reports.map(\.body)
            #expect(!bodies.joined().contains(Self.secret))
        }
    }

    @Test("What was done while they were locked away waits for them, and isn't done twice")
    func lockedAway() async throws {
        struct Locked: SkepError {
            var kind: ErrorKind { .configuration }
            var what: String { "Agent \"ann\" lacks its secret \"KEY\"." }
        }
        try await leaving(nil) { swarm, run in
            swarm.agents[0].lockSecret(Locked())
            try await swarm.working {
                try await eventually("it waits") {
                    try await swarm.store.history(of: run).attempts.first?.outcome == "snoozed"
                }
                let job = try await swarm.queue.jobs(matching: JobFilter(states: [.scheduled]))
                    .first
                #expect(
                    job?.reason
                        == "The work is kept, but can't be searched for secrets yet: "
                        + "Agent \"ann\" lacks its secret \"KEY\".")
                swarm.agents[0].lockSecret(nil)

                #expect(try await swarm.untilClosed(run).state == .published)
            }
            #expect(swarm.agents[0].snapshot.prompts.count == 1)
        }
    }

    @Test("A review is posted without them")
    func review() async throws {
        let workflow = Workflow.reviewed(by: ["bob"], rounds: 1)
        try await Swarm.with(endings: [], workflows: [workflow]) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].answer(with: [nil])
            swarm.agents[1].keep(Self.secret)
            swarm.agents[1].answer(with: [
                #"{"verdict": "approve", "summary": "I am sk-3f9a7c5e1d.", "findings": "#
                    + #"[{"path": "a", "line": 1, "message": "sk-3f9a7c5e1d fits"}]}"#
            ])
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            let review = try await swarm.store.history(of: run).reviews.first
            #expect(review?.summary == "I am [secret].")
            #expect(review?.findings.map(\.message) == ["a:1: [secret] fits"])
        }
    }

    @Test("Commits that hold one aren't pushed: the run fails, says where, and keeps them")
    func commits() async throws {
        try await leaving(nil) { swarm, run in
            swarm.workspaces.change { $0.leaks = [.sample("a"): ["b.env in commit 1", "c"]] }

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(summary.attempt == 1)
            #expect(summary.run.head == nil)
            #expect(swarm.workspaces.change { $0.remote }.isEmpty)
            let report = try #require(
                try await swarm.store.history(of: run).reports.first { $0.topic == "result" })
            #expect(report.body.contains("❌ ann failed: did what it may not: its commits hold a"))
            #expect(report.body.contains("b.env in commit 1, c"))
            #expect(report.body.contains("refs/skep/run-\(run)/attempt-1"))
        }
    }

    @Test("They are looked for once more before commits are pushed")
    func publishing() async throws {
        try await leaving(nil) { swarm, run in
            let lease = try #require(
                try await swarm.queue.lease(
                    LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
                ).first)
            _ = try await swarm.store.beginAttempt(lease)
            try await swarm.store.recordBase(.sample("0"), of: "main", for: lease.token)
            try await swarm.store.settle(
                lease.token,
                as: StepSettlement(.next(NewStepJob(step: "publish")), head: .sample("a")))
            swarm.workspaces.change { $0.leaks = [.sample("a"): ["b.env in commit 1"]] }

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .failed)
            #expect(swarm.workspaces.change { $0.remote }.isEmpty)
            #expect(swarm.tracker.change { $0.pullRequests }.isEmpty)
        }
    }

    /// Ann has none, but a set-up gives her sessions this one; commit "a" holds it, where the
    /// workspaces say so.
    private func published(_ variable: String, known: Set<String> = []) async throws -> Bool {
        let file = TemporaryFolder().path + "-env"
        try Data(variable.utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let setup = RepositorySetup(commands: [], environmentFiles: [file])
        return try await Swarm.with(workflows: [.sample()], setup: setup) { swarm in
            swarm.workspaces.change {
                $0.collections = [Collection(head: .sample("a"), notes: [])]
                $0.leaks = [.sample("a"): ["b.env in commit 1"]]
                $0.texts = known
            }
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            let summary = try await swarm.working { try await swarm.untilClosed(run) }
            if summary.state == .failed {
                #expect(summary.run.closing?.detail.contains("b.env in commit 1") == true)
            }
            return summary.state == .published
        }
    }

    @Test("Values of a set-up's files aren't pushed either, unless the repository has them already")
    func setUp() async throws {
        #expect(try await !published("API=\(Self.secret)"))
        #expect(try await published("HOST=localhost", known: ["localhost"]))
        #expect(try await published("PORT=5432"))
    }

    @Test("A reviewer gets none of a set-up's variables")
    func reviewersGetNone() async throws {
        let file = TemporaryFolder().path + "-env"
        try Data("API=\(Self.secret)".utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let setup = RepositorySetup(commands: [], environmentFiles: [file])
        let workflow = Workflow.reviewed(by: ["bob"], rounds: 1)
        try await Swarm.with(endings: [], workflows: [workflow], setup: setup) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            swarm.agents[0].answer(with: [nil])
            swarm.agents[1].answer(with: [#"{"verdict": "approve"}"#])
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            _ = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(swarm.agents[0].snapshot.secrets == [["API": Self.secret]])
            #expect(swarm.agents[1].snapshot.secrets == [[:]])
        }
    }
}
