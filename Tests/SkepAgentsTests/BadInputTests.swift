import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

@Suite("Output that is in nobody's protocol")
struct BadInputTests {
    /// A way of speaking, with the lines of a short session before and behind what doesn't belong.
    enum Tongue: String, CaseIterable {
        case acp, claude, codex, lines, text

        var dialogue: any Dialogue {
            switch self {
            case .acp:
                return ACPDialogue(
                    DialogueLog.brief,
                    options: ACPOptions(command: CommandTemplate(words: ["a"], and: .home)),
                    permissions: PermissionPolicy())
            case .claude: return ClaudeDialogue(DialogueLog.brief, PermissionPolicy())
            case .codex: return CodexDialogue(DialogueLog.brief, model: nil)
            case .lines:
                let reader = SettingsReader(
                    SettingsNode(
                        CommandFixture.map([
                            ("when", CommandFixture.map([("type", .text("end"))])),
                            ("input", .text("input")), ("cost", .text("cost")),
                        ]), at: SettingsLocation(source: "test")), of: "test",
                    mistakes: SettingsMistakes())
                return JSONLinesDialogue(
                    [LineRule(.usage, reader), LineRule(.end, reader)], resumes: nil)
            case .text: return PlainText()
            }
        }

        var beginning: [String] {
            switch self {
            case .acp:
                [
                    #"{"jsonrpc":"2.0","id":"initialize","result":{"protocolVersion":1}}"#,
                    #"{"jsonrpc":"2.0","id":"session","result":{"sessionId":"s1"}}"#,
                ]
            case .claude: [#"{"type":"system","subtype":"init","session_id":"s1"}"#]
            case .codex: [#"{"type":"thread.started","thread_id":"s1"}"#]
            case .lines, .text: []
            }
        }

        /// - Parameter figure: What it says that it used.
        func end(_ figure: String = "1") -> String {
            switch self {
            case .acp:
                #"{"jsonrpc":"2.0","id":"prompt-1","result":{"stopReason":"end_turn","usage":{"inputTokens":"#
                    + figure + #","totalTokens":"# + figure + "}}}"
            case .claude:
                #"{"type":"result","subtype":"success","model_usage_since_last_result":{"m":{"inputTokens":"#
                    + figure + #","costUSD":"# + figure + "}}}"
            case .codex:
                #"{"type":"turn.completed","usage":{"input_tokens":"# + figure + "}}"
            case .lines: #"{"type":"end","input":"# + figure + #","cost":"# + figure + "}"
            case .text: figure
            }
        }
    }

    private static let deep = 100_000

    private static let nonsense: [[UInt8]] =
        [
            "", " ", "null", "true", "17", "[]", "{}", #""type""#, "half a li", #"{"type":"res"#,
            #"{"id":"session","resu"#, #"{"type":"never heard of"}"#, #"{"type":7}"#,
            #"{"type":null,"id":null,"method":null,"result":null,"error":null}"#,
            #"{"jsonrpc":"2.0","id":[],"result":{}}"#, #"{"jsonrpc":"2.0","id":"x","result":{}}"#,
            #"{"jsonrpc":"2.0","id":{},"error":7}"#,
            #"{"jsonrpc":"2.0","method":"session/update"}"#,
            #"{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":"new"}}}"#,
            #"{"method":"session/update","params":{"update":{"sessionUpdate":"tool_call","content":7}}}"#,
            #"{"type":"assistant"}"#,
            #"{"type":"assistant","message":{"content":{"type":"text"}}}"#,
            #"{"type":"user","message":[]}"#, #"{"type":"stream_event","event":"x"}"#,
            #"{"type":"system","subtype":"new"}"#, #"{"type":"control_request"}"#,
            #"{"type":"control_cancel_request"}"#, #"{"type":"item.completed","item":[]}"#,
            #"{"type":"item.started"}"#, #"{"type":"item.completed","item":{"type":"new"}}"#,
            #"{"type":1e999}"#, #"{"type":-1e-999}"#, #"{"type":123456789012345678901234567890}"#,
            #"{"type":"\ud800","\udfff":"\udc00\ud800"}"#, #"{"type":"\u0000"}"#,
            "{\"type\":\"\u{0}\"}", "\u{0}\u{0}",
            String(repeating: "[", count: deep), String(repeating: #"{"type":"#, count: deep),
            #"{"type":"assistant","message":"# + String(repeating: "[", count: deep)
                + String(repeating: "]", count: deep) + "}",
        ].map { Array($0.utf8) } + [
            [0xFF, 0xFE], Array(#"{"type":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8),
            Array(#"{"type":"result","#.utf8) + [0xED, 0xA0, 0x80],
        ]

    private func log(_ tongue: Tongue, with lines: [[UInt8]]) -> DialogueLog {
        let text = DialogueLog.conversation(tongue.dialogue, tongue.beginning).entries.dropLast()
        var log = DialogueLog()
        for entry in text { log.add(entry.kind) }
        for line in lines { log.add(.output(line)) }
        log.print(tongue.end())
        log.add(.over)
        return log
    }

    @Test("It is told as output, if at all, and changes nothing else", arguments: Tongue.allCases)
    func changesNothing(tongue: Tongue) {
        func told(_ events: [SessionEvent.Kind]) -> [SessionEvent.Kind] {
            events.filter { if case .output = $0 { tongue == .text } else { true } }
        }
        let without = told(log(tongue, with: []).events(tongue.dialogue))

        let all = log(tongue, with: Self.nonsense)
        if tongue == .text {
            #expect(all.events(tongue.dialogue).count == Self.nonsense.count + 1)
        } else {
            #expect(without.last?.isTurnEnd == true)
            for line in Self.nonsense {
                let events = log(tongue, with: [line]).events(tongue.dialogue)
                let words = String(decoding: line.prefix(99), as: UTF8.self)
                #expect(told(events) == without, "\(words)")
            }
            #expect(told(all.events(tongue.dialogue)) == without)
        }
        all.expectAdoption { tongue.dialogue }
    }

    @Test("Lines that come twice are told once, or as they are", arguments: Tongue.allCases)
    func takesTwice(tongue: Tongue) {
        let twice = log(tongue, with: tongue.beginning.map { Array($0.utf8) })

        let starts = twice.events(tongue.dialogue).filter {
            if case .began = $0 { true } else { false }
        }

        #expect(starts.count <= (tongue == .codex ? 2 : 1))
        twice.expectAdoption { tongue.dialogue }
    }

    @Test(
        "Figures out of any range are counts that can be added up",
        arguments: Tongue.allCases.filter { $0 != .text },
        [
            "-1", "1e300", "-1e300", "9223372036854775807", "99999999999999999999", "0.5", #""7""#,
            "[]",
        ])
    func tamesFigures(tongue: Tongue, figure: String) {
        var log = log(tongue, with: [])
        log.print(tongue.end(figure))
        log.print(tongue.end(figure))

        for event in log.events(tongue.dialogue) {
            guard case .usage(let usage) = event else { continue }
            #expect(usage.input >= 0 && usage.input <= 1 << 42)
            #expect((usage.cost?.microdollars ?? 0) >= 0)
        }
    }

    @Test("A line without an end takes no memory")
    func staysSmall() {
        var cutter = LineCutter(.lines(longest: 1 << 20))
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var lines = 0

        for _ in 0..<16 {
            cutter.take(piece) { _ in lines += 1 }
            #expect(cutter.rest.count <= 1 << 20)
        }
        #expect(lines == 0)
        #expect(cutter.rest.count <= 1024)
        cutter.take(Array("\nnext\n".utf8)) { kind in
            lines += 1
            switch kind {
            case .overlong(let beginning, let length):
                #expect(beginning.count <= 1024)
                #expect(length == 16 << 20)
            case .output(let line): #expect(line == Array("next".utf8))
            default: Issue.record("no line")
            }
        }
        #expect(lines == 2)
    }
}
