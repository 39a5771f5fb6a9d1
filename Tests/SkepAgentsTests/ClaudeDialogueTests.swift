@testable import SkepAgents
import SkepCore
import SkepWire
import Testing

@Suite("Claude Code's stream-json")
struct ClaudeDialogueTests {
    private func dialogue(_ policy: PermissionPolicy = PermissionPolicy()) -> ClaudeDialogue {
        ClaudeDialogue(DialogueLog.brief, policy)
    }

    private static let prompt =
        #"{"message":{"content":"Do it.","role":"user"},"type":"user"}"#

    @Test("A run is told in all its parts")
    func tellsRun() throws {
        let log = DialogueLog.conversation(dialogue(), try DialogueLog.recorded("claude-run.jsonl"))

        let events = log.events(dialogue())

        let session = "36d31270-e6f6-47d3-87d2-5174d2590c06"
        let write = ToolCall(
            id: "toolu_4f269982aeb14f8a", title: "Write", purpose: .edit, input: "/tree/SCRIPTED.md"
        )
        #expect(events.first == .told("Do it."))
        #expect(
            events.contains(
                .began(
                    SessionStart(vendorSession: session, model: "scripted-1", version: "2.1.330"))))
        #expect(
            events.contains(
                .message(MessagePiece(id: "msg_a86b482226614d21", text: "I will create the file.")))
        )
        #expect(events.contains(.tool(write)))
        #expect(events.contains(.change(FileChange(path: "/tree/SCRIPTED.md", kind: .added))))
        #expect(
            events.contains(
                .tool(
                    ToolCall(
                        id: "toolu_8a542378fa8741cd", title: "Bash", purpose: .execute,
                        input: "git status --short", output: "?? SCRIPTED.md", status: .completed,
                        duration: .seconds(1)))))
        #expect(
            events.suffix(2) == [
                .usage(Usage(input: 3600, output: 240, cost: Money(microdollars: 19_200))),
                .turnEnded(.done),
            ])
    }

    @Test(
        "Whoever adopts a session tells the same and says nothing twice",
        arguments: [
            "claude-run.jsonl", "claude-asks.jsonl", "claude-interrupted.jsonl",
            "claude-401.jsonl", "claude-gone.jsonl",
        ])
    func adopts(_ name: String) throws {
        let log = DialogueLog.conversation(
            dialogue(), try DialogueLog.recorded(name), mail: [0: "And this."])

        log.expectAdoption { dialogue() }
    }

    @Test("It says the prompt, and ends the input after the turn")
    func speaks() throws {
        var log = DialogueLog()
        #expect(log.wishes(dialogue()) == [Self.prompt])

        log.add(.said(Array(Self.prompt.utf8)))
        #expect(log.wishes(dialogue()) == [])

        try log.printRecorded("claude-run.jsonl")
        #expect(log.wishes(dialogue()) == ["end"])

        log.add(.inputEnded)
        #expect(log.wishes(dialogue()) == [])
    }

    @Test("A prompt that was said in other words isn't said again")
    func saysPromptOnce() {
        var log = DialogueLog()
        log.add(.said(Array(#"{"type":"user","message":{"role":"user","content":"Old."}}"#.utf8)))

        #expect(log.wishes(dialogue()) == [])
        #expect(log.events(dialogue()) == [.told("Old.")])
    }

    @Test("Mail is told after the prompt, in its order, also when the turn is over")
    func passesMail() throws {
        var log = DialogueLog()
        log.add(.mail("One"))
        log.add(.mail("Two"))
        let wishes = log.wishes(dialogue())
        #expect(wishes.count == 3)
        #expect(wishes.first == Self.prompt)
        #expect(log.unheard(dialogue()) == UnheardMail(["One", "Two"], wasPrompted: false))

        for wish in wishes { log.add(.said(Array(wish.utf8))) }
        #expect(log.wishes(dialogue()) == [])
        #expect(log.unheard(dialogue()) == UnheardMail())

        try log.printRecorded("claude-run.jsonl")
        log.add(.mail("Three"))
        #expect(
            log.wishes(dialogue())
                == [#"{"message":{"content":"Three","role":"user"},"type":"user"}"#])
    }

    @Test("Leave is given by the policy, a question is put to a person")
    func answersRequests() throws {
        let policy = PermissionPolicy(refused: [.execute])
        let log = DialogueLog.conversation(
            dialogue(policy), try DialogueLog.recorded("claude-asks.jsonl"))

        let events = log.events(dialogue(policy))

        #expect(events.contains(.question("Red or blue?\n- Red: warm\n- Blue: cold")))
        #expect(
            events.contains(
                .permission(
                    PermissionDecision(
                        subject: "Bash", purpose: .execute, answer: .refused,
                        reason: "policy: execute"))))
        let answers = log.entries.compactMap { entry -> JSONValue? in
            guard case .said(let line) = entry.kind else { return nil }
            return JSONValue(decoding: line)?["response"]["response"]
        }
        #expect(answers.map { $0["behavior"].text } == ["deny", "deny"])
    }

    @Test("It isn't told to do what a secret was taken out of: what it asked leave for stands")
    func leavesInputAlone() throws {
        let request =
            #"{"type":"control_request","request_id":"1","request":{"subtype":"can_use_tool","tool_name":"Write","input":{"content":"x [secret]"}}}"#
        for (line, key) in [(request, nil), (asks(1), "command")] {
            let log = DialogueLog.conversation(dialogue(), [line])
            let answers = log.entries.compactMap { entry -> JSONValue? in
                guard case .said(let line) = entry.kind else { return nil }
                return JSONValue(decoding: line)?["response"]["response"]
            }
            #expect(answers.map { $0["behavior"].text } == ["allow"])
            #expect(answers.first?["updatedInput"].object?.keys.first == key)
        }
    }

    private func asks(_ number: Int) -> String {
        #"{"type":"control_request","request_id":"\#(number)","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"x"}}}"#
    }

    @Test("It can be interrupted in a turn, once, and gets no leave and no mail then")
    func isInterrupted() throws {
        let interrupt =
            #"{"request":{"subtype":"interrupt"},"request_id":"skep-interrupt","type":"control_request"}"#
        var log = DialogueLog()
        #expect(log.cancel(dialogue()) == nil)
        log.add(.said(Array(Self.prompt.utf8)))
        #expect(log.cancel(dialogue()) == interrupt)

        log.add(.said(Array(interrupt.utf8)))
        log.add(.mail("And this."))
        log.print(asks(1))
        #expect(log.cancel(dialogue()) == nil)
        let wishes = log.wishes(dialogue())
        #expect(wishes.count == 1)
        #expect(wishes.first?.contains(#""behavior":"deny""#) == true)

        for wish in wishes { log.add(.said(Array(wish.utf8))) }
        log.print(#"{"type":"result","subtype":"error_during_execution","is_error":true}"#)
        let events = log.events(dialogue())
        let answers = events.compactMap { event in
            if case .permission(let decision) = event { decision.answer } else { nil }
        }
        #expect(answers == [.cancelled])
        #expect(events.last == .turnEnded(.cancelled))
        #expect(log.wishes(dialogue()) == ["end"])
        log.expectAdoption { dialogue() }
    }

    @Test("Who asks for ever for what it doesn't get is stopped")
    func losesPatience() {
        let policy = PermissionPolicy(refused: [.execute])

        let log = DialogueLog.conversation(dialogue(policy), (1...60).map(asks))

        #expect(log.events(dialogue(policy)).troubles.map(\.code) == ["policy_violation"])
        #expect(log.wishes(dialogue(policy)) == ["stop"])
    }

    @Test("A request that is taken back, or not known, is answered as that")
    func handlesOddRequests() {
        var log = DialogueLog()
        log.add(.said(Array(Self.prompt.utf8)))
        log.print(
            #"{"type":"control_request","request_id":"1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"x"}}}"#
        )
        log.print(#"{"type":"control_request","request_id":"2","request":{"subtype":"hook"}}"#)
        #expect(log.wishes(dialogue()).count == 2)

        log.print(#"{"type":"control_cancel_request","request_id":"1"}"#)

        let wishes = log.wishes(dialogue())
        #expect(wishes.count == 1)
        #expect(wishes.first?.contains("error") == true)
    }

    @Test("Pieces of a message come as they are written, and not again when it is whole")
    func tellsPieces() throws {
        var log = DialogueLog()
        try log.printRecorded("claude-interrupted.jsonl")

        let events = log.events(dialogue())

        let text = events.reduce(into: "") { text, event in
            if case .message(let piece) = event { text += piece.text }
        }
        #expect(text == "go")
        #expect(events.last == .turnEnded(.cancelled))
    }

    @Test("What the model wrote is told within a turn, where its messages come in pieces")
    func countsPieces() {
        func start(_ id: String) -> String {
            #"{"type":"stream_event","event":{"type":"message_start","message":{"id":"\#(id)","usage":{"input_tokens":100,"output_tokens":1}}}}"#
        }
        func block(_ id: String, _ text: String) -> String {
            #"{"type":"assistant","message":{"id":"\#(id)","content":[{"type":"text","text":"\#(text)"}],"usage":{"input_tokens":100,"output_tokens":1}}}"#
        }
        func end(_ id: String, _ output: Int) -> String {
            #"{"type":"stream_event","event":{"type":"message_delta","usage":{"output_tokens":\#(output)}},"api_message_id":"\#(id)"}"#
        }
        var log = DialogueLog()
        // Two at once, as of a helper of its own.
        for line in [
            start("a"), block("a", "A"), start("b"), block("b", "B"), block("a", "C"), end("a", 40),
            end("b", 60), block("b", "D"),
        ] { log.print(line) }

        let told = log.events(ClaudeDialogue(nil, PermissionPolicy())).compactMap {
            if case .usage(let usage) = $0 { usage } else { nil }
        }

        #expect(
            told == [
                Usage(input: 100, output: 1), Usage(input: 200, output: 2),
                Usage(input: 200, output: 41), Usage(input: 200, output: 100),
            ])
    }

    @Test("Usage of a resumed session is this run's alone, cost included")
    func countsResumed() throws {
        let session = "ef3241c6-95c1-4255-84b7-babbf9d410b7"
        let dialogue = ClaudeDialogue(DialogueLog.brief(resumes: session), PermissionPolicy())
        var log = DialogueLog()
        try log.printRecorded("claude-resumed.jsonl")

        let events = log.events(dialogue)

        #expect(
            events.contains(
                .began(
                    SessionStart(
                        vendorSession: session, model: "scripted-1", version: "2.1.330",
                        isResumed: true))))
        #expect(
            events.contains(
                .usage(Usage(input: 2400, output: 160, cost: Money(microdollars: 12_800)))))
    }

    @Test("A cache is part of the input, and turns are added up")
    func countsCacheAndTurns() {
        let result = """
            {"type":"result","subtype":"success","is_error":false,"usage":{"input_tokens":10,\
            "cache_read_input_tokens":20,"cache_creation_input_tokens":30,"output_tokens":5}}
            """
        var log = DialogueLog()
        log.print(result)
        log.print(result)

        #expect(
            log.events(dialogue()).contains(
                .usage(Usage(input: 120, cachedInput: 40, cacheWrites: 60, output: 10))))
    }

    @Test("It waits where the provider refuses, and says why it gave up")
    func tellsTroubles() throws {
        var log = DialogueLog()
        try log.printRecorded("claude-401.jsonl")
        let text = "Failed to authenticate. API Error: 401 Invalid API key"

        let events = log.events(dialogue())

        #expect(
            events.contains(
                .waiting(
                    AgentWait(
                        type: .authentication, text: "HTTP 401: authentication_failed",
                        length: .milliseconds(581)))))
        #expect(
            events.suffix(2) == [
                .problem(AgentTrouble(text: text, code: "401", isFatal: true)), .turnEnded(.failed),
            ])
    }

    @Test("A session that is gone is told as that")
    func tellsGone() throws {
        var log = DialogueLog()
        try log.printRecorded("claude-gone.jsonl")

        let troubles = log.events(dialogue()).compactMap { event -> AgentTrouble? in
            if case .problem(let trouble) = event { trouble } else { nil }
        }

        #expect(troubles.map(\.code) == [AgentTrouble.resumeFailed])
    }

    @Test("What isn't in the protocol is output, and nothing else is lost")
    func survivesBadInput() throws {
        var log = DialogueLog()
        let bad: [[UInt8]] = [
            Array("No JSON".utf8), Array(#"{"type":"assist"#.utf8), [0x7B, 0xFF, 0x7D],
            Array(#"{"type":"never-heard-of"}"#.utf8), Array("[1]".utf8),
            Array(#"{"type":7}"#.utf8),
        ]
        for line in bad { log.add(.output(line)) }
        log.add(.overlong(Array(#"{"type":"#.utf8), length: 1 << 30))
        for odd in [
            #"{"type":"assistant"}"#,
            #"{"type":"assistant","message":{"content":[{"type":"tool_use"}]}}"#,
            #"{"type":"result"}"#, #"{"type":"system"}"#,
            #"{"type":"user","message":{"content":"x"}}"#,
            #"{"type":"control_request"}"#, #"{"type":"stream_event"}"#,
        ] { log.print(odd) }
        log.print(
            #"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"?","content":"late"}]}}"#
        )
        try log.printRecorded("claude-run.jsonl")
        try log.printRecorded("claude-run.jsonl")

        let events = log.events(dialogue())

        let outputs = events.compactMap { event -> [UInt8]? in
            if case .output(let bytes) = event { bytes } else { nil }
        }
        #expect(outputs.prefix(6) == ArraySlice(bad.map { $0 + [0x0A] }))
        #expect(
            events.contains(
                .tool(ToolCall(id: "?", title: "tool", output: "late", status: .completed))))
        #expect(events.last == .turnEnded(.done))
    }

    @Test("A tool that runs when the session ends is unfinished")
    func tellsUnfinished() throws {
        var log = DialogueLog()
        for line in try DialogueLog.recorded("claude-run.jsonl").prefix(3) { log.print(line) }
        log.add(.over)

        guard case .tool(let call)? = log.events(dialogue()).last else {
            Issue.record("no tool")
            return
        }
        #expect(call.status == .unfinished)
    }

    @Test("Its command line has what its file says")
    func launches() {
        var options = ClaudeCodeOptions()
        options.model = "opus"
        options.arguments = ["--effort", "low"]
        let adapter = ClaudeCodeAdapter(
            options: options, permissions: PermissionPolicy(refused: [.fetch]),
            toolServers: [
                ToolServer(
                    name: "x", transport: .command(["/bin/x", "-v"], environment: ["A": "b"]))
            ])

        let launch = adapter.launch(DialogueLog.brief(resumes: "--evil"))

        #expect(launch.input == .dialogue)
        #expect(launch.arguments.contains("--resume=--evil"))
        #expect(launch.arguments.suffix(3).prefix(2) == ["--effort", "low"])
        #expect(
            launch.arguments.contains(
                #"{"mcpServers":{"x":{"args":["-v"],"command":"/bin/x","env":{"A":"b"}}}}"#))
        #expect(launch.arguments.contains("WebFetch"))
        #expect(launch.arguments.contains("default"))
    }
}
