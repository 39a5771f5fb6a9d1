import SkepCore
import SkepWire

/// Speaks stream-json with Claude Code: prompt and mail as lines of input, leave that it asks for, and
/// the end of the input when its turn is over and nothing more is to be said.
///
/// Mail that comes while it works is taken into the same turn. What it has been sent when its input
/// ends, it still does.
struct ClaudeDialogue: Dialogue {
    let brief: Brief?
    let permissions: PermissionPolicy

    // What is to be said.
    private var wasPrompted = false
    private var mail: [String] = []
    private var answers: [(request: String, line: [UInt8])] = []
    private var turnIsOver = false
    private var inputHasEnded = false
    private(set) var wasCancelled = false

    // What is told.
    var start: SessionStart?
    var tools = RunningTools()
    /// The input of calls that are to be told as changes when they have ended.
    var edits: [String: (tool: String, input: JSONValue)] = [:]
    var usage = ClaudeUsage()
    /// The message whose text has come in pieces.
    var pieces: String?
    /// Calls that were refused here, and needn't be told again.
    var refused: Set<String> = []
    var refusals = Refusals()

    init(_ brief: Brief?, _ permissions: PermissionPolicy) {
        self.brief = brief
        self.permissions = permissions
    }

    var framing: Framing { .lines(longest: 16 << 20) }
    var tellsTurnEnds: Bool { true }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        switch entry.kind {
        case .output(let line): return take(line: line, at: entry.at)
        case .overlong(let beginning, let length):
            return .overlong(beginning, length: length)
        case .said(let line): return take(said: line)
        case .mail(let text):
            mail.append(text)
            return [.waiting(text)]
        case .inputEnded: inputHasEnded = true
        case .over: return tools.abandon().map(SessionEvent.Kind.tool)
        case .errorOutput, .sandbox, .note: break
        }
        return []
    }

    private mutating func take(said line: [UInt8]) -> [SessionEvent.Kind] {
        guard let value = JSONValue(decoding: line) else { return [] }
        if let request = value["response"]["request_id"].text {
            answers.removeAll { $0.request == request }
            return []
        }
        if value["request"]["subtype"].text == "interrupt" { wasCancelled = true }
        guard value["type"].text == "user" else { return [] }
        // The first one is the prompt, whoever worded it.
        if wasPrompted, !mail.isEmpty { mail.removeFirst() }
        wasPrompted = true
        turnIsOver = false
        return [.told(value["message"]["content"].text ?? "")]
    }

    var wishes: [Wish] {
        guard let brief else { return [] }
        var wishes = answers.map { Self.say($0.line) }
        if refusals.areTooMany { return (wasCancelled ? wishes : []) + [.stop] }
        if inputHasEnded { return [] }
        if !wasCancelled {
            if !wasPrompted { wishes.append(Self.say(Self.message(brief.prompt))) }
            wishes += mail.map { Self.say(Self.message($0)) }
        }
        if wishes.isEmpty, turnIsOver { wishes.append(.endInput) }
        return wishes
    }

    var unheard: UnheardMail { UnheardMail(mail, wasPrompted: wasPrompted) }

    var cancel: [UInt8]? {
        guard wasPrompted, !turnIsOver, !wasCancelled else { return nil }
        return JSONValue.object([
            "type": "control_request", "request_id": "skep-interrupt",
            "request": ["subtype": "interrupt"],
        ]).bytes + [UInt8(ascii: "\n")]
    }

    private static func say(_ line: [UInt8]) -> Wish { .say(line + [UInt8(ascii: "\n")]) }

    private static func message(_ text: String) -> [UInt8] {
        JSONValue.object([
            "type": "user", "message": ["role": "user", "content": .text(text)],
        ]).bytes
    }

    mutating func endTurn() { turnIsOver = true }

    /// An answer to a request of its own.
    mutating func answer(_ request: String, _ response: JSONValue) {
        reply(request, ["subtype": "success", "request_id": .text(request), "response": response])
    }

    mutating func refuse(_ request: String, _ error: String) {
        reply(request, ["subtype": "error", "request_id": .text(request), "error": .text(error)])
    }

    /// True: it was still to be answered.
    mutating func withdraw(_ request: String) -> Bool {
        let count = answers.count
        answers.removeAll { $0.request == request }
        return answers.count < count
    }

    private mutating func reply(_ request: String, _ response: JSONValue) {
        let line = JSONValue.object(["type": "control_response", "response": response]).bytes
        answers.removeAll { $0.request == request }
        answers.append((request, line))
    }
}
