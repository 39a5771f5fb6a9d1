import SkepCore
import SkepQueue
import SkepTestSupport
import SkepWire
import Synchronization
import Testing

@testable import SkepAgents

@Suite("A session's leader")
struct LeaderTests {
    private let fixture: LeaderFixture

    init() throws { fixture = try LeaderFixture() }

    /// What is said to the agent of the fixture, whoever leads.
    private static let conversation = [
        "answer a for a", "answer b for b", "answer c for c", "task one",
    ]

    @Test("Says the task, does each errand once, answers it, and ends the input")
    func leads() async throws {
        let errands = Tally()
        try await fixture.start()
        let dialogue = LineDialogue { key in
            errands.add(key)
            return "for \(key)"
        }
        let outcome = try await fixture.leader(dialogue).lead()
        let result = try fixture.result(outcome)

        #expect(try fixture.said().first == "task one")
        #expect(try fixture.said().sorted() == Self.conversation)
        #expect(errands.all == ["a": 1, "b": 1, "c": 1])
        #expect(try fixture.chunks(.output).hasSuffix("done\nbye\n"))
        #expect(result.ending == .exited(code: 0))
        #expect(result.failure == nil)
        #expect(result.start?.vendorSession == "v")
    }

    @Test("Dropped at any event, another goes on: nothing is said twice, and nothing is lost")
    func isDroppedAtAnyEvent() async throws {
        try await fixture.start()
        #expect(await fixture.host.mail("two")?.isAccepted == true)
        var outcome: SessionLeader.Outcome?
        var drops = 0
        while outcome == nil {
            drops += 1
            let seen = Tally()
            let leading = Task { [fixture, drops] in
                try await fixture.leader { _ in
                    if seen.add() == drops { withUnsafeCurrentTask { $0?.cancel() } }
                    return nil
                }.lead()
            }
            do { outcome = try await leading.value } catch is CancellationError {}
        }

        #expect(drops > 10)
        #expect(try fixture.said().sorted() == (Self.conversation + ["mail two"]).sorted())
        #expect(try fixture.result(#require(outcome)).failure == nil)
    }

    @Test("Dropped at any moment, another goes on")
    func isDroppedAtAnyMoment() async throws {
        try await fixture.start()
        for _ in 0..<30 {
            let leading = Task { [fixture] in try await fixture.leader().lead() }
            for _ in 0..<Int.random(in: 0...20_000) { await Task.yield() }
            leading.cancel()
            _ = await leading.result
        }
        let outcome = try await fixture.leader().lead()

        #expect(try fixture.said().sorted() == Self.conversation)
        #expect(try fixture.result(outcome).failure == nil)
    }

    @Test("Of three at once, each word is said by one")
    func shareTheWord() async throws {
        try await fixture.start()
        try await withThrowingTaskGroup(of: SessionLeader.Outcome.self) { group in
            for _ in 0..<3 { group.addTask { [fixture] in try await fixture.leader().lead() } }
            _ = await fixture.host.mail("two")
            for try await outcome in group {
                #expect(try fixture.result(outcome).failure == nil)
            }
        }

        #expect(try fixture.said().sorted() == (Self.conversation + ["mail two"]).sorted())
    }

    @Test("Mail is told, or refused to its sender", arguments: 0..<8)
    func losesNoMail(round: Int) async throws {
        try await fixture.start("echo ready; while read -r verb rest; do echo done; done")
        let leading = Task { [fixture] in try await fixture.leader().lead() }
        var accepted: [String] = []
        for number in 0..<1000 {
            for _ in 0..<Int.random(in: 0...2000) { await Task.yield() }
            guard let reply = await fixture.host.mail("\(round)-\(number)"), reply.isAccepted else {
                break
            }
            accepted.append("mail \(round)-\(number)")
        }
        _ = try await leading.value

        #expect(try fixture.said() == ["task one"] + accepted)
    }

    @Test(
        "What is no line is never said, and ends the session", arguments: ["no end", "a\nb\n", ""])
    func refusesHalfLine(text: String) async throws {
        try await fixture.start("echo ready; exec sleep 300")
        var dialogue = LineDialogue()
        dialogue.task = Array(text.utf8)
        let result = try fixture.result(try await fixture.leader(dialogue).lead())

        #expect(result.failure?.type == .protocolViolation)
        #expect(try fixture.said().isEmpty)
    }

    @Test("A line that ends like a secret is in the log at once")
    func showsWhatWasSaid() async throws {
        try await fixture.start(secrets: ["task one\nand more"])
        _ = try await fixture.leader().lead()

        #expect(try fixture.said().sorted() == Self.conversation)
    }

    @Test("An agent that doesn't end by itself is stopped when it is through, which is a good end")
    func stopsWhenThrough() async throws {
        try await fixture.start()
        let outcome = try await fixture.leader(LineDialogue(ending: .stops)).lead()
        let result = try fixture.result(outcome)

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure == nil)
        #expect(try !fixture.said().contains("cancel"))
    }

    @Test(
        "What a watch wants it ended for is moot once it has ended well", arguments: [true, false])
    func isTooLate(endsByItself: Bool) async throws {
        try await fixture.start()
        let dialogue = LineDialogue(ending: endsByItself ? .endsInput : .stops)
        _ = try await fixture.leader(dialogue).lead()

        // As a worker does that adopts a session which is over.
        let outcome = try await fixture.leader(dialogue) { _ in
            Intervention(AgentFailure(type: .budget, message: "used up", evidence: []))
        }.lead()

        let result = try fixture.result(outcome)
        #expect(result.failure == nil)
        #expect(result.ending == .exited(code: 0))
    }

    @Test("A session that a watch had ended is told so also by who adopts it")
    func isToldAgain() async throws {
        try await fixture.start("echo ready; exec sleep 300")
        let watch: @Sendable (SessionEvent) async -> Intervention? = { _ in
            Intervention(AgentFailure(type: .budget, message: "used up", evidence: []))
        }
        for _ in 0..<2 {
            let outcome = try await fixture.leader(watch: watch).lead()

            #expect(try fixture.result(outcome).failure?.type == .budget)
        }
    }

    @Test("A session that says nothing is looked at all the same, and ended when that says so")
    func ticks() async throws {
        try await fixture.start("echo ready; read -r task; exec sleep 300")
        let looks = Mutex<[Int64]>([])
        let outcome = try await fixture.leader(tick: { printed in
            let count = looks.withLock { looks in
                looks.append(printed)
                return looks.count
            }
            return count < 3 ? nil : Intervention(AgentFailure(type: .budget, message: "late"))
        }).lead()

        #expect(try fixture.result(outcome).failure?.message == "late")
        #expect(looks.withLock { $0.last } == 6)
    }

    @Test("It isn't a good end after something fatal")
    func failureWins() async throws {
        try await fixture.start(
            "echo ready; read -r task; echo wrong password; echo done; exec sleep 300")
        let outcome = try await fixture.leader(LineDialogue(ending: .stops)).lead()
        let result = try fixture.result(outcome)

        #expect(result.ending == .stopped)
        #expect(result.failure?.message == "password")
    }

    @Test("Nor is it one when somebody stops it at work")
    func stoppedAtWork() async throws {
        try await fixture.start("echo ready; read -r task; echo heard; exec sleep 300")
        let leading = Task { [fixture] in
            try await fixture.leader(LineDialogue(ending: .stops)).lead()
        }
        try await fixture.waitForOutput("heard")
        try await fixture.host.end(grace: .zero)
        let result = try fixture.result(try await leading.value)

        #expect(result.ending == .stopped)
        #expect(result.failure?.type == .stopped)
    }

    @Test("Whoever ends before its turn does has failed")
    func endsInTurn() async throws {
        try await fixture.start("echo ready; read -r task; echo working")
        let result = try fixture.result(try await fixture.leader().lead())

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure?.type == .protocolViolation)
    }

    @Test("A question ends the session, which is no failure")
    func asksPerson() async throws {
        try await fixture.start("echo ready; read -r task; echo ask red or blue; exec sleep 300")
        let result = try fixture.result(try await fixture.leader().lead())

        #expect(result.question == "red or blue")
        #expect(result.failure == nil)
        #expect(result.ending == .stopped)
    }

    @Test("Who is stopped is asked to break off first, and heard")
    func cancelsFirst() async throws {
        let failure = AgentFailure(type: .budget, message: "enough")
        try await fixture.start(
            """
            echo ready; read -r task; echo heard it; read -r word; echo "heard $word"
            echo done; exec sleep 300
            """)
        let outcome = try await fixture.leader { event in
            if case .message = event.kind { Intervention(failure) } else { nil }
        }.lead()

        #expect(try fixture.said() == ["task one", "cancel"])
        #expect(try fixture.chunks(.output).hasSuffix("heard cancel\ndone\n"))
        #expect(outcome.digest.turnEnd == .done)
        #expect(try fixture.result(outcome).failure == failure)
    }

    @Test("A host that is killed in the middle leaves a lost session, and nobody behind")
    func losesHost() async throws {
        try await fixture.start("echo ready; read -r task; echo heard; exec sleep 300")
        let leading = Task { [fixture] in try await fixture.leader().lead() }
        try await fixture.waitForOutput("heard")
        try await fixture.killHost()
        let result = try fixture.result(try await leading.value)
        try await fixture.host.end(grace: .zero)
        let again = try fixture.result(try await fixture.leader().lead())

        #expect(result.ending == .lost)
        #expect(result.failure?.type == .lost)
        #expect(again.failure?.type == .lost)
        #expect(try fixture.said() == ["task one"])
    }

    @Test("An agent that closes its input is told nothing more, and may do its work")
    func closesInput() async throws {
        try await fixture.start("read -r task; exec 0<&-; echo ready; echo done; sleep 0.1; echo x")
        let result = try fixture.result(try await fixture.leader().lead())

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure == nil)
        #expect(try fixture.said() == ["task one"])
    }

    @Test(
        "A worker that stops a session has its agent asked first; one that leaves it says nothing")
    func stopsAsWorker() async throws {
        let definition = AgentDefinition(
            name: "bee", adapter: LineAdapter.name, location: SettingsLocation(source: "test"))
        let agent = HostedAgent(
            definition,
            LineAdapter(script: "echo ready; while read -r line; do echo \"heard $line\"; done"),
            house: fixture.stage.house)
        var assignment = try fixture.stage.assignment()
        assignment.ending = { .detach }
        try await agent.withSession(assignment, in: fixture.stage.workspace) { _ in
            try await fixture.waitForOutput("heard task")
        }
        let left = try fixture.host.state()
        let said = try fixture.said()
        let seen = Tally()
        assignment.ending = { .stop }
        assignment.watch = { event in
            if case .message = event.kind { seen.add() }
            return nil
        }
        try await agent.withSession(assignment, in: fixture.stage.workspace) { session in
            #expect(session.isAdopted)
            try await eventually("its leader has read what it said") { !seen.all.isEmpty }
        }

        #expect(left == .alive)
        #expect(said == ["task one"])
        #expect(try fixture.said() == ["task one", "cancel"])
        guard case .ended = try fixture.host.state() else {
            Issue.record("it goes on")
            return
        }
    }
}
