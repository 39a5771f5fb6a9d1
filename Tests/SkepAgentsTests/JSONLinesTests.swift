@testable import SkepAgents
import SkepCore
import SkepWire
import Testing

@Suite("Agents that print JSON lines")
struct JSONLinesTests {
    private typealias Value = SettingsNode.Value

    private static let place = SettingsLocation(source: "bee.md", line: 1)

    /// What a file says, written as JSON.
    private static func settings(_ value: JSONValue) -> Value {
        switch value {
        case .null: .null
        case .bool(let flag): .boolean(flag)
        case .integer(let number): .integer(Int(number))
        case .number(let number): .number(number)
        case .text(let text): .text(text)
        case .list(let elements): .list(elements.map { SettingsNode(settings($0), at: place) })
        case .object(let members):
            CommandFixture.map(
                members.sorted { $0.key < $1.key }.map { ($0.key, settings($0.value)) })
        }
    }

    private func options(_ events: String) throws -> JSONLinesOptions {
        let events = try #require(JSONValue(decoding: events))
        let front: JSONValue = ["command": ["x"], "events": events]
        let mistakes = SettingsMistakes()
        let reader = SettingsReader(
            SettingsNode(Self.settings(front), at: Self.place), of: "an agent", mistakes: mistakes)
        let options = JSONLinesOptions(reader)
        reader.finish()
        try mistakes.check()
        return options
    }

    private func mistakes(_ events: String) throws -> [String] {
        do {
            _ = try options(events)
            return []
        } catch let error as SettingsError {
            return error.mistakes.map(\.message)
        }
    }

    private func events(_ mapping: String, _ lines: [String]) throws -> [SessionEvent.Kind] {
        let rules = try options(mapping).rules
        var log = DialogueLog()
        for line in lines { log.print(line) }
        log.add(.over)
        log.expectAdoption { JSONLinesDialogue(rules, resumes: nil) }
        return log.events(JSONLinesDialogue(rules, resumes: nil))
    }

    @Test("grok's streaming-json")
    func readsGrok() throws {
        let mapping = """
            {"message": {"when": {"type": "text"}, "text": "data", "pieces": true},
             "reasoning": {"when": {"type": "thought"}, "text": "data", "pieces": true},
             "session": {"when": {"type": "end"}, "id": "sessionId"},
             "usage": {"when": {"type": "end"}, "input": "usage.input_tokens",
                       "cached_input": "usage.cache_read_input_tokens", "output": "usage.output_tokens"},
             "problem": {"when": {"type": "error"}, "text": "message"},
             "end": {"when": {"type": "end"}, "reason": "stopReason"}}
            """
        let events = try events(
            mapping,
            [
                #"{"type":"text","data":"Do"}"#, #"{"type":"text","data":"ne."}"#,
                #"{"type":"end","stopReason":"EndTurn","sessionId":"s1","usage":{"input_tokens":2400,"output_tokens":160,"cache_read_input_tokens":5}}"#,
                #"{"type":"error","message":"no key"}"#,
            ])

        #expect(
            events == [
                .message(MessagePiece(id: "message-1", text: "Do", isPartial: true)),
                .message(MessagePiece(id: "message-1", text: "ne.", isPartial: true)),
                .began(SessionStart(vendorSession: "s1")),
                .usage(Usage(input: 2400, cachedInput: 5, output: 160)), .turnEnded(.done),
                .problem(AgentTrouble(text: "no key", isFatal: true)),
            ])
    }

    @Test("kimi's stream-json: chat messages with calls in them")
    func readsKimi() throws {
        let mapping = """
            {"message": {"when": {"role": "assistant"}, "text": "content"},
             "tool": [{"when": {"role": "assistant"}, "each": "tool_calls", "id": "id",
                       "title": "function.name", "input": "function.arguments"},
                      {"when": {"role": "tool"}, "id": "tool_call_id", "output": "content"}]}
            """
        let events = try events(
            mapping,
            [
                #"{"role":"assistant","content":[{"type":"text","text":"I will."}],"tool_calls":[{"type":"function","id":"c1","function":{"name":"WriteFile","arguments":"{}"}}]}"#,
                #"{"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"ok"}]}"#,
                #"{"role":"assistant","content":"Done."}"#,
            ])

        #expect(
            events == [
                .message(MessagePiece(id: "message-1", text: "I will.")),
                .tool(ToolCall(id: "c1", title: "WriteFile", purpose: .edit, input: "{}")),
                .tool(
                    ToolCall(
                        id: "c1", title: "WriteFile", purpose: .edit, input: "{}", output: "ok",
                        status: .completed, duration: .seconds(1))),
                .message(MessagePiece(id: "message-2", text: "Done.")),
            ])
    }

    @Test("A tool of which only the beginning is told is over at once")
    func endsTools() throws {
        let events = try events(
            #"{"tool": {"when": {"type": "tool"}, "id": "id", "title": "name"}}"#,
            [#"{"type":"tool","id":"t1","name":"bash"}"#])

        #expect(
            events == [
                .tool(ToolCall(id: "t1", title: "bash", purpose: .execute, status: .completed))
            ])
    }

    @Test("vibe's streaming: entries of a history")
    func readsVibe() throws {
        let mapping = """
            {"session": {"when": {"type": "message", "role": "user"}, "id": "sessionId"},
             "message": {"when": {"type": "message", "role": "assistant"}, "id": "id", "text": "content"},
             "tool": {"when": {"type": "effect"}, "id": "id", "title": "title", "input": "detail",
                      "status": "state"}}
            """
        let events = try events(
            mapping,
            [
                #"{"id":"u1","sessionId":"s1","type":"message","role":"user","content":[{"type":"text","text":"Do."}]}"#,
                #"{"id":"e1","type":"effect","title":"bash","detail":"ls","state":"completed"}"#,
                #"{"id":"m1","type":"message","role":"assistant","content":[{"type":"text","text":"Done."}]}"#,
            ])

        #expect(
            events == [
                .began(SessionStart(vendorSession: "s1")),
                .tool(
                    ToolCall(
                        id: "e1", title: "bash", purpose: .execute, input: "ls", status: .completed)
                ),
                .message(MessagePiece(id: "m1", text: "Done.")),
            ])
    }

    @Test("gemini's stream-json")
    func readsGemini() throws {
        let mapping = """
            {"session": {"when": {"type": "init"}, "id": "session_id", "model": "model"},
             "message": {"when": {"type": "message", "role": "assistant"}, "text": "content", "pieces": true},
             "tool": [{"when": {"type": "tool_use"}, "id": "tool_id", "title": "tool_name", "input": "parameters"},
                      {"when": {"type": "tool_result"}, "id": "tool_id", "output": "output", "status": "status"}],
             "usage": {"when": {"type": "result"}, "input": "stats.input_tokens",
                       "cached_input": "stats.cached", "output": "stats.output_tokens"},
             "problem": [{"when": {"type": "error"}, "text": "message"},
                         {"when": {"type": "result", "status": "error"}, "text": "error.message", "code": "error.type"}],
             "end": {"when": {"type": "result"}, "reason": "status"}}
            """
        let events = try events(
            mapping,
            [
                #"{"type":"init","session_id":"s","model":"gemini-3"}"#,
                #"{"type":"tool_use","tool_name":"run_shell_command","tool_id":"t","parameters":{"command":"ls"}}"#,
                #"{"type":"tool_result","tool_id":"t","status":"error","output":"no"}"#,
                #"{"type":"result","status":"error","error":{"type":"quota","message":"none left"},"stats":{"input_tokens":7,"output_tokens":2,"cached":3}}"#,
            ])

        #expect(events.first == .began(SessionStart(vendorSession: "s", model: "gemini-3")))
        #expect(
            events.contains(
                .tool(
                    ToolCall(
                        id: "t", title: "run_shell_command", purpose: .execute,
                        input: #"{"command":"ls"}"#, output: "no", status: .failed,
                        duration: .seconds(1)))))
        #expect(
            events.suffix(3) == [
                .usage(Usage(input: 7, cachedInput: 3, output: 2)),
                .problem(AgentTrouble(text: "none left", code: "quota", isFatal: true)),
                .turnEnded(.failed),
            ])
    }

    @Test("qwen's stream-json: blocks in messages, and turns to add up")
    func readsQwen() throws {
        let mapping = """
            {"session": {"when": {"type": "system", "subtype": "init"}, "id": "session_id"},
             "message": {"when": {"type": "assistant"}, "each": "message.content", "where": {"type": "text"}, "text": "text"},
             "tool": [{"when": {"type": "assistant"}, "each": "message.content", "where": {"type": "tool_use"},
                       "id": "id", "title": "name", "input": "input"},
                      {"when": {"type": "user"}, "each": "message.content", "where": {"type": "tool_result"},
                       "id": "tool_use_id", "output": "content", "status": "is_error"}],
             "usage": {"when": {"type": "result"}, "adds": true, "input": ["usage.input_tokens", "usage.more"],
                       "output": "usage.output_tokens"},
             "end": {"when": {"type": "result"}, "reason": "is_error"}}
            """
        let result =
            #"{"type":"result","is_error":false,"usage":{"input_tokens":10,"more":1,"output_tokens":2}}"#
        let events = try events(
            mapping,
            [
                #"{"type":"assistant","message":{"content":[{"type":"text","text":"a"},{"type":"tool_use","id":"t","name":"read_file","input":{}},{"type":"text","text":"b"}]}}"#,
                #"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":"x","is_error":true}]}}"#,
                result, result,
            ])

        #expect(events.prefix(2).map(Self.words) == ["a", "b"])
        #expect(
            events.suffix(2) == [.usage(Usage(input: 22, output: 4)), .turnEnded(.done)])
        #expect(
            events.contains {
                if case .tool(let call) = $0 { call.status == .failed } else { false }
            })
    }

    private static func words(_ event: SessionEvent.Kind) -> String? {
        if case .message(let piece) = event { piece.text } else { nil }
    }

    @Test("hermes' usage file, printed as a last line", arguments: [false, true])
    func readsUsageFile(hasFailed: Bool) throws {
        let file =
            #"{ "input_tokens": 2000, "output_tokens": 160, "cache_read_tokens": 400, "cache_write_tokens": 0, "reasoning_tokens": 0, "total_tokens": 2560, "api_calls": 2, "model": "scripted", "session_id": "20261123_044303_85b354", "completed": true, "failed": \#(hasFailed), "service_tier": null}"#

        let events = try events(
            #"""
            {
              "usage": {
                "when": {"api_calls": "*"}, "cached_input": "cache_read_tokens",
                "input": ["input_tokens", "cache_read_tokens", "cache_write_tokens"],
                "cache_writes": "cache_write_tokens", "output": "output_tokens",
                "reasoning": "reasoning_tokens"
              },
              "end": {"when": {"api_calls": "*"}, "reason": "failed"}
            }
            """#, ["Done.", file])

        #expect(
            events == [
                .output(Array("Done.\n".utf8)),
                .usage(Usage(input: 2400, cachedInput: 400, output: 160)),
                .turnEnded(hasFailed ? .failed : .done),
            ])
    }

    @Test("What no rule speaks of is output")
    func passesOthers() throws {
        let lines = ["x", "{", #"{"type":"other"}"#, #"{"type":"text"}"#]

        let events = try events(#"{"message": {"when": {"type": "text"}, "text": "data"}}"#, lines)

        #expect(events == lines.map { .output(Array(($0 + "\n").utf8)) })
    }

    @Test(
        "A mistake in the mapping is told",
        arguments: [
            (
                #"{"mesage": {"when": {"a": "b"}, "text": "x"}}"#,
                "\"events\" has no key \"mesage\"; did you mean \"message\"?"
            ),
            (
                #"{"message": [{"when": {"a": "b"}, "txt": "x"}]}"#,
                "\"message\" has no key \"txt\"; did you mean \"text\"?"
            ),
            (
                #"{"message": {"when": {"a": "b"}, "text": "a..b"}}"#,
                "\"a..b\" is no path; one looks like a.b[0].c"
            ),
            (#"{"end": {}}"#, "\"end\" needs \"when\", or every line would be one"),
            (
                #"{"message": {"text": "x", "where": {"a": "b"}}}"#,
                "\"where\" is of the elements of \"each\""
            ),
            (
                #"{"message": {"when": {"a": {"b": "c"}}, "text": "x"}}"#,
                "a condition is a word, or a list of words"
            ),
        ])
    func refuses(_ mapping: String, _ mistake: String) throws {
        #expect(try mistakes(mapping) == [mistake])
    }
}
