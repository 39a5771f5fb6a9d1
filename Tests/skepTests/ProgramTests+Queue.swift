import Foundation
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import Testing

@testable import skep

/// What the program says to those who work on its queue.
extension ProgramTests {
    private func members(_ text: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test(
        "A queue that is mistyped is an error, and not an empty list",
        arguments: [
            ["list"], ["dead"], ["retry"], ["cancel", "--yes"], ["cancel", "--dry-run"],
            ["prune", "--yes"],
        ])
    func mistypedQueue(arguments: [String]) async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test", queue: "steps")])
        await queue.close()

        let outcome = try await run(
            Self.program, ["queue"] + arguments + ["--queue", "stesp"])

        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors
                == "error: There is no queue \"stesp\".\n       There is \"steps\".\n")
    }

    @Test("Who can't be asked is told of --dry-run, which cancels nothing")
    func cancelDry() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test"), NewJob("other"), NewJob("test")])

        let asked = try await skep("queue", "cancel", "--kind", "test")
        let said = try await skep("queue", "cancel", "--kind", "test", "--dry-run")
        let shown = try await skep("queue", "cancel", "--kind", "test", "--dry-run", "--json")
        let numbered = try await skep("queue", "cancel", "1", "--dry-run")

        #expect(asked.errors.contains("Say --yes, or --dry-run to look."))
        #expect(said.output == "2 jobs would be cancelled.\n")
        let jobs = try JSONSerialization.jsonObject(with: Data(shown.output.utf8))
        #expect((jobs as? [[String: Any]])?.map { $0["job_id"] as? Int } == [3, 1])
        #expect((jobs as? [[String: Any]])?.first?["outcome"] as? String == "would_cancel")
        #expect(numbered.status == 64)
        #expect(try await queue.status().first?.counts[.ready] == 3)
        await queue.close()
    }

    @Test("What is set of a queue is told to programs as the queue's status")
    func settingsAsJSON() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test", queue: "steps")])
        await queue.close()

        let paused = try await skep("queue", "pause", "steps", "--json")
        let drained = try await skep("queue", "drain", "steps", "--json")
        let resumed = try await skep("queue", "resume", "steps", "--json")
        let limited = try await skep("queue", "limit", "steps", "3", "--json")
        let rated = try await skep("queue", "rate", "steps", "10/s", "--json")

        #expect(try members(paused.output)["is_paused"] as? Bool == true)
        #expect(try members(drained.output)["is_paused"] as? Bool == true)
        #expect(try members(resumed.output)["is_paused"] as? Bool == false)
        #expect(try members(limited.output)["limit"] as? Int == 3)
        #expect(try members(rated.output)["rate"] as? String == "10/s")
    }

    @Test("Draining says what it does, also where nobody looks")
    func drainSpeaks() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test", queue: "steps")])
        await queue.close()

        let outcome = try await skep("queue", "drain", "steps")

        #expect(
            outcome.output == """
                Queue "steps" is paused. Waiting until nothing of it runs.
                Nothing of queue "steps" runs; "skep queue resume steps" lets it go on.

                """)
    }

    @Test("A disk that can't be measured is no defect")
    func benchWithoutFolder() async throws {
        let outcome = try await skep("queue", "bench", "--seconds", "1", "--state", "nowhere")

        #expect(outcome.status == 69)
        #expect(
            outcome.errors.hasPrefix(
                """
                error: Can't measure a queue in "\(fixture.path)/nowhere".
                       No such file or directory.

                """))
    }

    @Test(
        "A value below zero is named, where the parser would only miss one",
        arguments: [
            ["queue", "limit", "steps", "-1"], ["queue", "list", "-n", "-1"],
            ["queue", "prune", "--older-than", "-3d"], ["queue", "priority", "1", "-5"],
        ])
    func negativeValue(arguments: [String]) async throws {
        let outcome = try await run(Self.program, arguments)

        #expect(outcome.status == 64)
        #expect(outcome.errors.hasPrefix("error: \"\(arguments.last ?? "")\" can't stand there.\n"))
    }

    @Test("A priority below zero comes after two dashes")
    func negativePriority() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test")])
        await queue.close()

        let outcome = try await skep("queue", "priority", "1", "--", "-5")

        #expect(outcome.output == "Job 1 has priority -5.\n")
    }

    @Test("Nothing is sent to a job that is finished, or isn't there")
    func sendToFinished() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test")])
        _ = try await queue.cancel(JobID(rawValue: 1))
        await queue.close()

        let finished = try await skep("queue", "send", "approve", "--job", "1")
        let missing = try await skep("queue", "send", "approve", "--job", "9")

        #expect(finished.status == 1)
        #expect(
            finished.errors.hasPrefix("error: Can't send \"approve\" to job 1: it is cancelled."))
        #expect(missing.errors.hasPrefix("error: There is no job 9\n"))
    }

    /// Has a run's first job wait for the account "shared" of its agent, which is parked.
    private func park() async throws {
        try fixture.write("skep.yaml", "")
        try fixture.write(
            "agents/mender.md",
            "---\nname: mender\nadapter: command\ncommand: [sh]\nprovider: shared\n---\n")
        let account = ProviderAccount(rawValue: "shared")
        let queue = try await queue()
        let store = SQLiteSwarmStore(queue)
        _ = try await store.open(
            NewTrigger(issue: Samples.issue(12), agent: "mender", cause: .command(id: "1")),
            NewRun(
                issue: Samples.issue(12), issueTitle: "It stalls", agent: "mender",
                workflow: "fix", branch: "mender/issue-12",
                firstStep: NewStepJob(
                    step: "work", concurrencyKey: "agent:mender")),
            reports: [])
        let lease = try #require(
            try await queue.lease(
                LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
            ).first)
        _ = try await store.beginAttempt(lease)
        try await store.settle(
            lease.token,
            as: StepSettlement(
                .park(account),
                account: .fails(
                    account,
                    AgentFailure(
                        type: .quota, message: "used up",
                        resetsAt: SystemClock().now + .seconds(3600)))))
        await queue.close()
    }

    @Test("A run that waits for its agent's account is let go on with it, and says so")
    func resumeParkedRun() async throws {
        try await park()

        let resumed = try await skep("run", "resume", "1")
        let again = try await skep("run", "resume", "1")

        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(
            resumed.output
                == "Account shared isn't parked any more; its work goes on.\nRun 1 goes on.\n")
        #expect(again.errors.hasPrefix("error: Run 1 isn't stopped.\n"))
    }

    @Test("Having an account go on is told, also where nobody looks; a mistyped name is named")
    func resumeAgent() async throws {
        try await park()

        let resumed = try await skep("agent", "resume", "shared")
        let again = try await skep("agent", "resume", "mender")
        let nobody = try await skep("agent", "resume", "mendre")

        #expect(resumed.output == "Account shared isn't parked any more; its work goes on.\n")
        #expect(again.errors.hasPrefix("error: Account \"shared\" isn't parked.\n"))
        #expect(
            nobody.errors.hasPrefix(
                "error: There is no agent or provider account \"mendre\".\n"
                    + "       There is mender.\n"))
    }

    @Test("A trial whose reader has gone leaves no folder behind")
    func trialWithoutReader() async throws {
        try fixture.write("skep.yaml", "agents: {user: root}\n")
        try fixture.write(
            "agents/quitter.md",
            "---\nname: quitter\nadapter: command\nsandbox: none\n"
                + "command: [sh, -c, 'pwd > \(fixture.path)/where; exit 3']\n---\n")

        _ = try await shell("\(Self.program) agent test quitter --quick --allow-root | true")

        let workspace = try String(contentsOfFile: "\(fixture.path)/where", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        #expect(workspace.contains("/skep-agent-test-"))
        #expect(!FileManager.default.fileExists(atPath: workspace))
    }

    @Test("An agent that is added beside a serve at work is told to need a restart")
    func addBesideServe() async throws {
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/tidy.md", "---\nname: tidy\nadapter: patch\n---\n")
        try fixture.write("state/skep/run/note", "")
        var lock: ServeLock? = try await ServeLock(
            StateFolder(path: "\(fixture.path)/state/skep"), clock: SystemClock())

        let beside = try await skep("agent", "add", "other", "--preset", "patch")
        withExtendedLifetime(lock) {}
        lock = nil
        let alone = try await skep("agent", "add", "third", "--preset", "patch")

        #expect(beside.errors.contains("knows it after: skep restart\n"), "\(beside)")
        #expect(alone.status == 0 && !alone.errors.contains("skep restart"))
    }

    @Test("An agent that isn't written isn't told to be tried")
    func addDry() async throws {
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/tidy.md", "---\nname: tidy\nadapter: patch\n---\n")

        let dry = try await skep("agent", "add", "other", "--preset", "patch", "--dry-run")
        let real = try await skep("agent", "add", "other", "--preset", "patch")

        #expect(dry.status == 0)
        #expect(!dry.errors.contains("Try it"))
        #expect(real.errors.contains("Try it: skep agent test other"))
    }
}
