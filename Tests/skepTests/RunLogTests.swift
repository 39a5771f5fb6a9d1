import Foundation
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport
import Testing

@testable import skep

/// What a run's sessions said, as the built program prints it.
@Suite struct RunLogTests {
    /// A run with an agent that is a script, whose sessions are kept by real hosts.
    private struct Swarm {
        let fixture: Fixture
        let queue: SQLiteQueueStore
        let store: SQLiteSwarmStore
        let house: House
        let workspace: Workspace
        let run: RunID

        init(script: String) async throws {
            var fixture = Fixture()
            fixture.environment = [
                "PATH": "/usr/bin:/bin", "XDG_STATE_HOME": fixture.path + "/state",
            ]
            try fixture.write("skep.yaml", Fixture.tracker + "repositories: [ada/engine]")
            try fixture.write(
                "agents/talker.md",
                """
                ---
                name: talker
                adapter: command
                sandbox: none
                command: [sh, -c, "\(script)"]
                ---
                """)
            self.fixture = fixture
            house = try House.read(fixture.layers(), agentsRunAs: .user(allowRoot: true))
            try house.state.create(isRoot: false)
            queue = try await house.state.openQueue()
            store = SQLiteSwarmStore(queue)
            let issue = Samples.issue(12)
            let opened = try await store.open(
                NewTrigger(issue: issue, agent: "talker", cause: .command(id: "1")),
                NewRun(
                    issue: issue, issueTitle: "It stalls", agent: "talker", workflow: "fix",
                    branch: "talker/issue-12", firstStep: NewStepJob(step: "work")),
                reports: [])
            guard case .opened(let run) = opened else { throw CancellationError() }
            self.run = run
            let folders = ["tree", "output", "home"].map { "\(fixture.path)/\($0)" }
            for folder in folders {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
            }
            workspace = Workspace(
                run: run, repository: issue.repository, path: folders[0], outputPath: folders[1],
                homePath: folders[2],
                base: try #require(CommitID(rawValue: String(repeating: "a", count: 40))),
                branch: "talker/issue-12")
        }

        /// Begins an attempt and its session, of which there is a row, and no host.
        func begin() async throws -> (Lease, SessionRecord) {
            let request = LeaseRequest(queue: SwarmQueues.steps, limit: 1, worker: "w-1")
            let lease = try #require(try await queue.lease(request).first)
            _ = try await store.beginAttempt(lease)
            let session = try await store.openSession(
                lease.token, agent: "talker", workspacePath: workspace.path, base: workspace.base)
            return (lease, session)
        }

        /// Has the agent do what it is told, to its end.
        func work(_ session: SessionRecord, prompt: String = "Do it.") async throws {
            let now = SystemClock().now
            let assignment = Assignment(
                session: session.id, run: run,
                issue: Issue(
                    reference: Samples.issue(12), title: "It stalls", body: "", isOpen: true,
                    labels: [], assignees: [], author: "ada", isPullRequest: false, createdAt: now,
                    updatedAt: now, url: "http://localhost/"),
                prompt: prompt, ending: { .stop })
            _ = try await house.agent("talker").withSession(assignment, in: workspace) {
                try await $0.result()
            }
        }

        func settle(
            _ lease: Lease, _ way: StepSettlement.Way, _ session: SessionRecord, _ ending: String,
            _ failure: AgentFailure? = nil
        ) async throws {
            let closing = SessionClosing(
                id: session.id, ending: ending, outputBytes: 6,
                facts: SessionFacts(failure: failure))
            try await store.settle(lease.token, as: StepSettlement(way, session: closing))
        }

        /// Two attempts: the first one was stopped since its time was up.
        func tryTwice() async throws {
            let (first, session) = try await begin()
            try await work(session)
            try await settle(
                first,
                .retry(
                    Failure(kind: "timed_out", message: "late"),
                    notBefore: Timestamp(milliseconds: 0)),
                session, "stopped: its time was up",
                AgentFailure(type: .timedOut, message: "It had a minute."))
            let (second, again) = try await begin()
            try await work(again)
            try await settle(second, .close(.noChanges, detail: ""), again, "exit status 0")
        }

        func skep(_ line: String) async throws -> String {
            try await ProgramTests(fixture: fixture)
                .shell("'\(ProgramTests.program)' \(line)").output
        }
    }

    @Test("Sessions are told apart, and neither stream goes on in a line of the other")
    func plain() async throws {
        let swarm = try await Swarm(script: "printf OUT; printf ERR >&2")
        try await swarm.tryTwice()

        let both = try await swarm.skep("run log 1 2>&1").split(
            separator: "\n", omittingEmptySubsequences: false)
        let one = try await swarm.skep("run log 1 --session 1 2>/dev/null")

        #expect(both.count == 7)
        #expect(both.first == "--- session 1, talker, attempt 1: stopped: its time was up")
        #expect(Set(both[1...2]) == ["OUT", "ERR"])
        #expect(both[3...4] == ["", "--- session 2, talker, attempt 2: exit status 0"])
        #expect(Set(both[5...6]) == ["OUT", "ERR"])
        #expect(one == "OUT")
        await swarm.queue.close()
    }

    @Test("The last event of a session says how it ended, and what type of failure that was")
    func ends() async throws {
        let swarm = try await Swarm(script: "echo done")
        try await swarm.tryTwice()

        let text = try await swarm.skep("run log 1 --events").split(separator: "\n")
        let lines = try await swarm.skep("run log 1 --events --json").split(separator: "\n")

        #expect(
            text.filter { "-■".contains($0.prefix(1)) } == [
                "--- session 1, talker, attempt 1: stopped: its time was up",
                "■ ended: stopped: its time was up (out of time)",
                "--- session 2, talker, attempt 2: exit status 0", "■ ended: exit status 0",
            ])
        let events = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let ends = events.indices.filter { events[$0]["kind"] as? String == "ended" }
        #expect(ends.count == 2 && ends.last == events.count - 1)
        let first = events[try #require(ends.first)]
        #expect(first["session_id"] as? Int == 1 && first["attempt"] as? Int == 1)
        #expect((first["failure"] as? [String: Any])?["type"] as? String == "timed_out")
        #expect(first["ending"] as? String == "stopped: its time was up")
        await swarm.queue.close()
    }

    @Test(
        "A session that is about to begin isn't taken for one that is over",
        arguments: [
            ("log 1 --follow", "No agent has begun on run 1 yet."),
            ("attach 1", "Session 1 is about to begin."),
        ])
    func aboutToBegin(command: String, waiting: String) async throws {
        let swarm = try await Swarm(script: "echo at work")
        let (lease, session) = try await swarm.begin()
        let lock = try await ServeLock(swarm.house.state, clock: SystemClock())
        let terminal = LiveTerminalTests.Pair(columns: 80, rows: 24)
        defer { terminal.close() }
        async let printed = swarm.skep("run \(command) </dev/null 2>\(terminal.name)")
        var said = ""
        try await eventually("it waits") {
            said += terminal.read()
            return said.contains(waiting)
        }

        try await swarm.work(session)
        // attach is through when the session is, log when the run is.
        if command.hasPrefix("log") {
            try await swarm.settle(lease, .close(.noChanges, detail: ""), session, "exit status 0")
        }

        #expect(try await printed.hasSuffix("at work\n"))
        withExtendedLifetime(lock) {}
        await swarm.queue.close()
    }

    @Test("What only a serve could go on with isn't waited for where none runs")
    func nobodyServes() async throws {
        let swarm = try await Swarm(script: "echo at work")
        let (_, session) = try await swarm.begin()

        let attached = try await swarm.skep("run attach 1 2>&1 </dev/null; echo $?")
        try await swarm.work(session)
        let logged = try await swarm.skep("run log 1 --session 1 --events --follow")

        #expect(
            attached.split(separator: "\n") == [
                "error: Session 1 hasn't begun yet.", "       No \"skep serve\" is running here.",
                "       Start it: skep serve", "1",
            ])
        #expect(logged.hasSuffix("at work\n"), "it has ended, and nobody says how")
        await swarm.queue.close()
    }

    @Test("Of a long prompt people get the beginning and its length, programs all")
    func longPrompt() throws {
        let prompt = String(repeating: "word ", count: 100_000)
        var lines = EventLines(on: Terminal(descriptor: 1, .never, [:]))

        let line = try #require(lines.take(.told(prompt)).first)

        #expect(line == "› \(prompt.prefix(500))… (500,000 characters)")
        #expect(lines.take(.told("Go on.")) == ["› Go on."])
        let json = SessionEvent(at: goldenNow, kind: .told(prompt)).json(of: SessionID(rawValue: 7))
        #expect(json.line().contains(prompt))
    }

    @Test("What comes in another stream begins on a line of its own")
    func streams() {
        var lines = EventLines(on: Terminal(descriptor: 1, .never, [:]))
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

        let told = [
            .output(bytes("half")), .errorOutput(bytes("oh")), .output(bytes(" a line\n")),
            .errorOutput(bytes(" no\n")),
            .message(MessagePiece(id: "m", text: "I look", isPartial: true)),
            .output(bytes("noise\n")),
        ].flatMap { lines.take($0) }

        #expect(told == ["half a line", "oh no", "I look", "noise"])
    }
}
