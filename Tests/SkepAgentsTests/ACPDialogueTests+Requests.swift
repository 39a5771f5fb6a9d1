import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

/// What an agent asks, and the answers.
extension ACPDialogueTests {
    @Test("Options are chosen by their kind, once rather than always")
    func choosesByKind() {
        let lines = [hello, session, permission("7"), permission(#""x""#, kind: "edit"), done]

        let log = DialogueLog.conversation(dialogue(refusing: [.fetch]), lines)

        let answers = said(log).compactMap { message -> String? in
            guard case .answer(_, .success(let result)) = message else { return nil }
            return result["outcome"]["optionId"].text
        }
        #expect(answers == ["no", "allow"])
        log.expectAdoption { dialogue(refusing: [.fetch]) }
    }

    @Test("Who asks for ever for what it doesn't get is cancelled and stopped")
    func losesPatience() {
        let asking = (1...60).map { permission("\($0)") }

        var log = DialogueLog.conversation(dialogue(refusing: [.fetch]), [hello, session] + asking)

        let troubles = log.events(dialogue()).troubles
        #expect(troubles.map(\.code) == ["policy_violation"])
        #expect(log.wishes(dialogue(refusing: [.fetch])) == ["stop"])
        #expect(log.cancel(dialogue()) == Self.cancel)
        log.add(.said(Array(Self.cancel.utf8)))
        let wishes = log.wishes(dialogue(refusing: [.fetch]))
        #expect(wishes.count == 2)
        #expect(wishes.first?.contains(#""outcome":"cancelled""#) == true)
        #expect(wishes.last == "stop")
    }

    @Test("However much it asks at once, each answer is a wish of its own, in the order of asking")
    func answersFlood() {
        var dialogue = dialogue()
        for entry in DialogueLog.conversation(dialogue, [hello, session]).entries.dropLast() {
            _ = dialogue.take(entry)
        }
        let asked = (1...3000).map { Int64($0) }
        func take(_ kind: LogEntry.Kind) {
            _ = dialogue.take(LogEntry(at: Moment(wallMS: 0, uptimeMS: 0), kind: kind))
        }
        for id in asked + [7] {
            take(.output(Array(#"{"jsonrpc":"2.0","id":\#(id),"method":"x/y"}"#.utf8)))
        }

        var answered: [Int64] = []
        while answered.count <= asked.count, case .say(let line)? = dialogue.wishes.first {
            #expect(dialogue.wishes.count == 1)
            if case .answer(.integer(let id), _)? = ACPMessage(line) { answered.append(id) }
            take(.said(line.dropLast()))
        }

        #expect(answered == asked)
        #expect(DialogueLog.words(dialogue.wishes) == [])
    }

    @Test(
        "Leave for what nobody knows is given only where nothing is refused",
        arguments: [#""kind":"new_kind","#, ""])
    func refusesUnknownKinds(kind: String) {
        let call = { (id: Int) in
            #"{"sessionUpdate":"tool_call","toolCallId":"c\#(id)","title":"Run it","kind":"execute"}"#
        }
        // Its first words are forgotten when there are so many others.
        let lines = [hello, session] + (1...201).map { update(call($0)) }
        let ask = permission("7").replacing(#""kind":"fetch""#, with: "").replacing(
            #""title":"Look it up","#, with: kind + #""title":"Go on""#)
        func answer(_ refusing: Set<ToolCall.Purpose>) -> String? {
            let log = DialogueLog.conversation(dialogue(refusing: refusing), lines + [ask, done])
            return said(log).lazy.compactMap { message -> String? in
                guard case .answer(_, .success(let result)) = message else { return nil }
                return result["outcome"]["optionId"].text
            }.first
        }

        #expect(answer([.execute]) == "no")
        #expect(answer([.delete]) == "no")
        #expect(answer([]) == "allow")
    }

    @Test("A kind that was told with the call counts for the leave that it asks for")
    func remembersKinds() {
        let call =
            #"{"sessionUpdate":"tool_call","toolCallId":"c1","title":"Run it","kind":"execute"}"#
        let ask = permission("7").replacing(#","kind":"fetch""#, with: "")

        let log = DialogueLog.conversation(
            dialogue(refusing: [.delete]), [hello, session, update(call), ask, done])

        #expect(
            said(log).contains {
                if case .answer(_, .success(let result)) = $0 {
                    result["outcome"]["optionId"].text == "allow"
                } else {
                    false
                }
            })
    }

    @Test("Who asks for ever other things is stopped as well")
    func losesPatienceInAll() {
        let asking = (1...1001).map {
            permission("\($0)").replacing("Look it up", with: "Look up \($0)")
        }

        let log = DialogueLog.conversation(dialogue(refusing: [.fetch]), [hello, session] + asking)

        #expect(log.events(dialogue()).troubles.map(\.code) == ["policy_violation"])
        #expect(log.wishes(dialogue(refusing: [.fetch])) == ["stop"])
    }
}
