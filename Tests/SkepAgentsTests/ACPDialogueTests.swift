@testable import SkepAgents
import SkepCore
import SkepWire
import Testing

@Suite("Agents that speak ACP")
struct ACPDialogueTests {
    private static let command = CommandTemplate(words: ["agent"], and: .home)

    func dialogue(
        _ brief: Brief? = DialogueLog.brief, refusing: Set<ToolCall.Purpose> = [],
        _ change: (inout ACPOptions) -> Void = { _ in }
    ) -> ACPDialogue {
        var options = ACPOptions(command: Self.command)
        change(&options)
        return ACPDialogue(
            brief, options: options, permissions: PermissionPolicy(refused: refusing))
    }

    let hello = #"""
        {"jsonrpc":"2.0","id":"initialize","result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true},"agentInfo":{"name":"x","version":"2.1"}}}
        """#
    let session = #"{"jsonrpc":"2.0","id":"session","result":{"sessionId":"s1"}}"#
    let done = #"{"jsonrpc":"2.0","id":"prompt-1","result":{"stopReason":"end_turn"}}"#

    func update(_ body: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":"#
            + body + "}}"
    }

    func permission(_ id: String, kind: String = "fetch") -> String {
        #"{"jsonrpc":"2.0","id":"# + id
            + #","method":"session/request_permission","params":{"sessionId":"s1","toolCall":{"toolCallId":"c1","title":"Look it up","kind":""#
            + kind
            + #""},"options":[{"optionId":"always","name":"","kind":"allow_always"},{"optionId":"allow","name":"","kind":"allow_once"},{"optionId":"no","name":"","kind":"reject_once"}]}}"#
    }

    func said(_ log: DialogueLog) -> [ACPMessage] {
        log.entries.compactMap { entry in
            guard case .said(let line) = entry.kind else { return nil }
            return ACPMessage(line)
        }
    }

    private func methods(_ log: DialogueLog) -> [String] {
        said(log).compactMap { message in
            switch message {
            case .request(_, let method, _), .notification(let method, _): method
            case .answer: nil
            }
        }
    }

    /// The agent's side of a recorded conversation; answers get the ids that Skep asks with.
    private func recorded(_ name: String) throws -> [String] {
        let ids = [1: "initialize", 2: "session", 3: "prompt-1"]
        return try DialogueLog.recorded(name).compactMap { line in
            let entry = try #require(JSONValue(decoding: line))
            guard entry["dir"].text == "<-", var message = entry["msg"].object else { return nil }
            if message["method"] == nil, let id = message["id"].integer, let own = ids[Int(id)] {
                message["id"] = .text(own)
            }
            return JSONValue.object(message).line
        }
    }

    @Test("hermes' session is told whole, and the same to whoever adopts it")
    func readsHermes() throws {
        let log = DialogueLog.conversation(dialogue(), try recorded("acp-hermes.jsonl"))

        let events = log.events(dialogue(nil))

        #expect(methods(log) == ["initialize", "session/new", "session/prompt"])
        #expect(
            events.first
                == .began(
                    SessionStart(
                        vendorSession: "6c0f20e0-dc38-47d3-9584-953beada21f2",
                        model: "custom:scripted-1",
                        version: "0.19.0")))
        #expect(events.contains(.told("Do it.")))
        #expect(events.contains(.usage(Usage(input: 3600, output: 240))))
        #expect(events.contains(.turnEnded(.done)))
        let permissions = events.compactMap { event -> PermissionDecision? in
            guard case .permission(let decision) = event else { return nil }
            return decision
        }
        #expect(permissions.map(\.answer) == [.allowed])
        #expect(permissions.map(\.reason) == ["policy: edit"])
        log.expectAdoption { dialogue() }
    }

    @Test("vibe's session is told whole, and the same to whoever adopts it")
    func readsVibe() throws {
        let log = DialogueLog.conversation(dialogue(), try recorded("acp-vibe.jsonl"))

        let events = log.events(dialogue(nil))

        let usage = Usage(input: 3600, output: 240, cost: Money(microdollars: 4080))
        #expect(events.contains(.usage(usage)))
        #expect(
            events.contains(.change(FileChange(path: "/home/ida/tree/SCRIPTED.md", kind: .added))))
        let tools = events.compactMap { event -> ToolCall? in
            guard case .tool(let call) = event else { return nil }
            return call
        }
        #expect(tools.map(\.status) == [.running, .completed, .running, .completed])
        #expect(tools.last?.input == "git status --short")
        #expect(tools.last?.output == "?? SCRIPTED.md\n")
        #expect(tools.last?.purpose == .execute)
        var digest = SessionDigest()
        for event in events { digest.take(event) }
        #expect(digest.lastMessage == "Done: SCRIPTED.md was created.")
        log.expectAdoption { dialogue() }
    }

    @Test("Mail is the next prompt, and then the input ends")
    func saysMail() throws {
        let second = #"{"jsonrpc":"2.0","id":"prompt-2","result":{"stopReason":"max_tokens"}}"#

        let log = DialogueLog.conversation(
            dialogue(), [hello, session, update(#"{"sessionUpdate":"new_thing"}"#), done, second],
            mail: [2: "And this."])

        #expect(
            log.events(dialogue()).suffix(5) == [
                .told("Do it."), .waiting("And this."), .turnEnded(.done), .told("And this."),
                .turnEnded(.limit),
            ])
        guard case .inputEnded? = log.entries.dropLast().last?.kind else {
            Issue.record("its input goes on")
            return
        }
        log.expectAdoption { dialogue() }
    }

    @Test("Of Hermes a turn that went well tells what it used, and one that was refused doesn't")
    func countsHermes() throws {
        func digest(_ lines: [String]) -> SessionDigest {
            var digest = SessionDigest()
            let log = DialogueLog.conversation(dialogue(), lines)
            for event in log.events(dialogue()) { digest.take(event) }
            return digest
        }
        let word = update(
            #"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"HTTP 401: scripted 401"}}"#
        )

        let good = digest(try recorded("acp-hermes.jsonl"))
        let refused = digest([hello, session, word, done])

        #expect(good.turnEnd == .done)
        #expect(good.isTurnCounted)
        #expect(refused.turnEnd == .done)
        #expect(!refused.isTurnCounted)
    }

    static let cancel =
        #"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#

    @Test("It can be cancelled in a turn, once, and is told nothing more then")
    func isCancelledInTurn() {
        var log = DialogueLog.conversation(dialogue(), [hello])
        #expect(log.cancel(dialogue()) == nil)
        log = DialogueLog.conversation(dialogue(), [hello, session])
        #expect(log.cancel(dialogue()) == Self.cancel)

        log.add(.said(Array(Self.cancel.utf8)))
        log.add(.mail("And this."))
        #expect(log.cancel(dialogue()) == nil)
        #expect(log.wishes(dialogue()) == [])

        log.print(#"{"jsonrpc":"2.0","id":"prompt-1","result":{"stopReason":"cancelled"}}"#)
        #expect(log.events(dialogue()).last == .turnEnded(.cancelled))
        #expect(log.wishes(dialogue()) == ["end"])
        #expect(log.unheard(dialogue()) == UnheardMail(["And this."]))
        log.expectAdoption { dialogue() }
    }

    @Test("What was said to it is untold until its turn is over")
    func hearsMailAfterItsTurn() {
        var log = DialogueLog.conversation(dialogue(), [hello, session])
        log.add(.mail("And this."))
        #expect(log.unheard(dialogue()) == UnheardMail(["And this."]))

        log.print(done)
        for wish in log.wishes(dialogue()) { log.add(.said(Array(wish.utf8))) }
        #expect(log.unheard(dialogue()) == UnheardMail())
    }

    @Test("What was said before it has its prompt is as unheard as the prompt")
    func isntPrompted() {
        var log = DialogueLog.conversation(dialogue(), [hello])
        log.add(.mail("And this."))

        #expect(log.unheard(dialogue()) == UnheardMail(["And this."], wasPrompted: false))
    }

    @Test("What it answers to a cancelled prompt counts, once, however it ends")
    func answersCancelled() {
        var log = DialogueLog.conversation(dialogue(), [hello, session])
        log.add(.said(Array(Self.cancel.utf8)))

        for line in [done, done, done.replacing("end_turn", with: "cancelled")] { log.print(line) }
        log.print(update(#"{"sessionUpdate":"plan","entries":[]}"#))

        let events = log.events(dialogue())
        #expect(events.filter(\.isTurnEnd) == [.turnEnded(.done)])
        #expect(events.last == .plan([]))
        #expect(log.cancel(dialogue()) == nil)
        #expect(log.wishes(dialogue()) == ["end"])
    }

    @Test("After a cancel every open request for leave is answered as cancelled")
    func cancelsOpenRequests() {
        var log = DialogueLog.conversation(dialogue(), [hello, session])
        log.print(permission("1"))
        let cancel = ACPMessage.notification(method: "session/cancel", params: nil)
        log.add(.said(cancel.line))

        let wishes = log.wishes(dialogue())

        #expect(wishes.first?.contains(#""outcome":"cancelled""#) == true)
    }

    @Test("A cancelled prompt may be answered with an error")
    func takesCancelledError() {
        var log = DialogueLog.conversation(dialogue(), [hello, session])
        log.add(.said(ACPMessage.notification(method: "session/cancel", params: nil).line))
        log.print(
            #"{"jsonrpc":"2.0","id":"prompt-1","error":{"code":-32800,"message":"cancelled"}}"#)

        #expect(log.events(dialogue()).last == .turnEnded(.cancelled))
    }

    @Test("One that wants a login is stopped with its own code")
    func wantsLogin() {
        let refusal =
            #"{"jsonrpc":"2.0","id":"session","error":{"code":-32000,"message":"Authentication required"}}"#

        let log = DialogueLog.conversation(dialogue(), [hello, refusal])

        #expect(
            log.events(dialogue()) == [
                .problem(
                    AgentTrouble(text: "Authentication required", code: "-32000", isFatal: true))
            ])
        #expect(log.wishes(dialogue()) == ["stop"])
    }

    @Test("A session is loaded without telling its history again")
    func loadsSession() {
        let brief = DialogueLog.brief(resumes: "s1")
        let history = update(
            #"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"Old."}}"#)
        let loaded = #"{"jsonrpc":"2.0","id":"session","result":null}"#

        let log = DialogueLog.conversation(
            dialogue(brief), [hello, history, loaded, history, done])

        #expect(methods(log) == ["initialize", "session/load", "session/prompt"])
        #expect(
            log.events(dialogue(nil)) == [
                .began(SessionStart(vendorSession: "s1", version: "2.1", isResumed: true)),
                .told("Do it."),
                .message(MessagePiece(id: "message-1", text: "Old.", isPartial: true)),
                .turnEnded(.done),
            ])
        log.expectAdoption { dialogue(brief) }
    }

    @Test("When the session is gone a new one is told everything")
    func beginsAnew() {
        var brief = DialogueLog.brief(resumes: "s0")
        brief.fullPrompt = "All of it."
        let gone =
            #"{"jsonrpc":"2.0","id":"session","error":{"code":-32002,"message":"no such session"}}"#
        let new = #"{"jsonrpc":"2.0","id":"session-anew","result":{"sessionId":"s1"}}"#

        let log = DialogueLog.conversation(dialogue(brief), [hello, gone, new, done])

        #expect(methods(log) == ["initialize", "session/load", "session/new", "session/prompt"])
        #expect(log.events(dialogue()).contains(.told("All of it.")))
        log.expectAdoption { dialogue(brief) }
    }

    @Test("What isn't in the protocol is told and does no harm")
    func takesNonsense() {
        let lines = [
            hello, #"{"id":"initialize","result":{"protocolVersion":9}}"#, "half a li",
            #"{"jsonrpc":"2.0","id":"unheard","result":{}}"#, #"[1, 2]"#, session, session,
            #"{"jsonrpc":"2.0","method":"_x.ai/thing","params":{}}"#,
            #"{"jsonrpc":"2.0","id":4,"method":"_x.ai/ask","params":{}}"#,
            #"{"jsonrpc":"2.0","id":4,"method":"session/request_permission"}"#, done, done,
        ]

        let log = DialogueLog.conversation(dialogue(), lines)

        let events = log.events(dialogue())
        #expect(events.filter { $0 == .turnEnded(.done) }.count == 1)
        #expect(events.contains(.output(Array("half a li\n".utf8))))
        #expect(said(log).contains(.answer(id: 4, .failure(.noSuchMethod("_x.ai/ask")))))
        log.expectAdoption { dialogue() }
    }

    @Test("What grok and vibe tell of their own accord while they try again is waiting")
    func retries() {
        let log = DialogueLog.conversation(
            dialogue(),
            [
                hello, session,
                #"{"jsonrpc":"2.0","method":"_x.ai/session_notification","params":{"sessionId":"s1","update":{"sessionUpdate":"retry_state","type":"retrying","attempt":9,"max_retries":15,"reason":"API error (status 503 Service Unavailable): The server is currently overloaded."}}}"#,
                #"{"jsonrpc":"2.0","method":"_session/retrying","params":{"sessionId":"s1","category":"rate_limited","detail":"HTTP 429"}}"#,
                #"{"jsonrpc":"2.0","method":"_x.ai/session_notification","params":{"sessionId":"s1","update":{"sessionUpdate":"retry_state","type":"succeeded"}}}"#,
                done,
            ])

        let waits = log.events(dialogue()).compactMap { event in
            if case .waiting(let wait) = event { wait.type } else { nil }
        }
        #expect(waits == [.overload, .rateLimit])
    }

    @Test("A question is told and declined")
    func declinesQuestions() {
        let question =
            #"{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"Which?"}}"#

        let log = DialogueLog.conversation(dialogue(), [hello, session, question, done])

        #expect(log.events(dialogue()).contains(.question("Which?")))
        #expect(said(log).contains(.answer(id: 1, .success(["action": "decline"]))))
    }

    @Test("One that doesn't end with its input is stopped then")
    func stopsOpenHands() {
        let log = DialogueLog.conversation(
            dialogue { $0.endsWithInput = false }, [hello, session, done])

        #expect(log.wishes(dialogue { $0.endsWithInput = false }) == ["stop"])
        #expect(log.wishes(dialogue()) == [])
    }

    @Test("Mode and model are set before the first prompt")
    func setsModeAndModel() {
        let offers = #"""
            {"jsonrpc":"2.0","id":"session","result":{"sessionId":"s1","configOptions":[{"id":"llm","category":"model"}]}}
            """#
        let options: (inout ACPOptions) -> Void = {
            $0.mode = "auto"
            $0.model = "m2"
        }
        let answers = ["mode", "model"].map { #"{"jsonrpc":"2.0","id":"\#($0)","result":{}}"# }

        let log = DialogueLog.conversation(
            dialogue(DialogueLog.brief, options), [hello, offers] + answers + [done])

        #expect(
            methods(log).suffix(3) == [
                "session/set_mode", "session/set_config_option", "session/prompt",
            ])
    }

    @Test("Caches and thoughts beside the figures are added to them")
    func readsUsage() {
        let answer = #"""
            {"jsonrpc":"2.0","id":"prompt-1","result":{"stopReason":"end_turn","_meta":{"inputTokens":3,"usage":{"inputTokens":100,"outputTokens":10,"cachedReadTokens":50,"thoughtTokens":5,"totalTokens":165}}}}
            """#

        let log = DialogueLog.conversation(dialogue(), [hello, session, answer])

        #expect(
            log.events(dialogue()).contains(
                .usage(Usage(input: 150, cachedInput: 50, output: 15, reasoning: 5))))
    }
}
