import SkepCore
import SkepWire

/// Reads JSON lines by the rules of an agent's file.
struct JSONLinesDialogue: Dialogue {
    private let rules: [LineRule]
    private let resumes: String?
    private var tools = RunningTools()
    private var usage = Usage()
    private var start: SessionStart?
    /// Counts messages that have no id of their own.
    private var messages = 0
    private var lastPiece: LineRule.Kind?

    init(_ rules: [LineRule], resumes: String?) {
        self.rules = rules
        self.resumes = resumes
    }

    var framing: Framing { .lines(longest: 16 << 20) }
    var tellsTurnEnds: Bool { rules.contains { $0.kind == .end } }
    /// Whether its lines say when a tool has done.
    private var tellsToolEnds: Bool {
        rules.contains { $0.kind == .tool && ($0.has("output") || $0.has("status")) }
    }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        switch entry.kind {
        case .output(let line): return take(line, at: entry)
        case .overlong(let beginning, let length): return .overlong(beginning, length: length)
        case .over: return tools.abandon().map(SessionEvent.Kind.tool)
        case .errorOutput, .said, .inputEnded, .mail, .sandbox, .note: return []
        }
    }

    private mutating func take(_ line: [UInt8], at entry: LogEntry) -> [SessionEvent.Kind] {
        guard !line.isEmpty else { return [] }
        guard let value = JSONValue(decoding: line), value.object != nil else {
            return .foreign(line)
        }
        var events: [SessionEvent.Kind] = []
        for rule in rules {
            for subject in rule.subjects(in: value) { events += take(subject, rule, entry) }
        }
        return events.isEmpty ? .foreign(line) : events
    }

    private mutating func take(
        _ subject: JSONValue, _ rule: LineRule, _ entry: LogEntry
    ) -> [SessionEvent.Kind] {
        func text(_ name: String) -> String? { rule.text(name, in: subject) }
        if rule.kind != lastPiece, rule.kind != .usage { lastPiece = nil }
        switch rule.kind {
        case .session:
            let start = SessionStart(
                vendorSession: text("id"), model: text("model"), version: text("version"),
                isResumed: resumes != nil && resumes == text("id"))
            guard start != self.start else { return [] }
            self.start = start
            return [.began(start)]
        case .message, .reasoning: return take(words: subject, rule)
        case .tool: return take(tool: subject, rule, entry)
        case .change: return [.change(FileChange(path: text("path") ?? "", kind: .modified))]
        case .usage:
            let figures = Self.usage(subject, rule)
            usage = rule.adds ? usage + figures : figures
            return [.usage(usage)]
        case .waiting:
            let seconds = Double(text("seconds") ?? "").map { min(max($0, 0), 1_000_000) }
            return [
                .waiting(
                    AgentWait(
                        type: .overload, text: text("text") ?? "",
                        length: seconds.map { .seconds($0) }))
            ]
        case .problem:
            return [
                .problem(AgentTrouble(text: text("text") ?? "", code: text("code"), isFatal: true))
            ]
        case .question: return [.question(text("text") ?? "")]
        case .end: return [.turnEnded(Self.end(text("reason")))]
        }
    }

    private mutating func take(
        words subject: JSONValue, _ rule: LineRule
    ) -> [SessionEvent.Kind] {
        guard let text = rule.text("text", in: subject), !text.isEmpty else { return [] }
        let goesOn = rule.isPiece && lastPiece == rule.kind
        if !goesOn { messages += 1 }
        lastPiece = rule.isPiece ? rule.kind : nil
        let id = rule.text("id", in: subject) ?? "\(rule.kind.rawValue)-\(messages)"
        let piece = MessagePiece(id: id, text: text, isPartial: rule.isPiece)
        return [rule.kind == .message ? .message(piece) : .reasoning(piece)]
    }

    /// A call, or what came of one: that has an output, or a status that says so.
    private mutating func take(
        tool subject: JSONValue, _ rule: LineRule, _ entry: LogEntry
    ) -> [SessionEvent.Kind] {
        guard let id = rule.text("id", in: subject) else { return [] }
        let title = rule.text("title", in: subject)
        let input = rule.text("input", in: subject)
        let status = rule.text("status", in: subject).flatMap(Self.status)
        let isOver = status.map { $0 != .running } ?? (rule.has("output") || !tellsToolEnds)
        guard isOver else {
            let call = ToolCall(
                id: id, title: title ?? "tool", purpose: ToolNames.purpose(of: title ?? ""),
                input: ToolText.cutAtEnd(input ?? ""))
            return [.tool(tools.begin(call, at: entry.at))]
        }
        let output = rule.text("output", in: subject)
        let call = tools.end(id, at: entry.at) { call in
            if let title {
                call.title = title
                call.purpose = ToolNames.purpose(of: title)
            }
            if let input { call.input = ToolText.cutAtEnd(input) }
            call.output = ToolText.cutInMiddle(output ?? "")
            call.status = status ?? .completed
        }
        return [.tool(call)]
    }

    private static func status(_ word: String) -> ToolCall.Status? {
        switch word.lowercased() {
        case "pending", "running", "in_progress", "started": .running
        case "completed", "success", "succeeded", "done", "ok", "false": .completed
        // "is_error: true", too.
        case "failed", "failure", "error", "cancelled", "rejected", "true": .failed
        default: nil
        }
    }

    private static func end(_ reason: String?) -> TurnEnd {
        switch reason?.lowercased() {
        case "error", "failed", "failure", "true": .failed
        case "cancelled", "canceled", "interrupted", "aborted": .cancelled
        case "refusal", "refused": .refused
        case "max_tokens", "max_turns", "maxtokens", "max_turn_requests", "limit": .limit
        default: .done
        }
    }

    private static func usage(_ subject: JSONValue, _ rule: LineRule) -> Usage {
        Usage(
            input: rule.count("input", in: subject),
            cachedInput: rule.count("cached_input", in: subject),
            cacheWrites: rule.count("cache_writes", in: subject),
            output: rule.count("output", in: subject),
            reasoning: rule.count("reasoning", in: subject), cost: rule.money("cost", in: subject))
    }
}
