import SkepCore
import SkepWire

/// Reads the events of `codex exec --json`.
struct CodexDialogue: Dialogue {
    private let brief: Brief?
    private let model: String?
    private var tools = RunningTools()
    /// What the thread's earlier sessions used: the figures it tells are the whole thread's.
    private var before = Usage()
    /// Of the present thread.
    private var rollout: CodexRollout?
    private var told = Usage()
    private var hasBegun = false
    /// The end of what it printed as errors before it had begun.
    private var complaint: [UInt8] = []

    init(_ brief: Brief?, model: String?) {
        self.brief = brief
        self.model = model
    }

    var framing: Framing { .lines(longest: 16 << 20) }
    var tellsTurnEnds: Bool { true }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        switch entry.kind {
        case .output(let line): return take(line, at: entry.at)
        case .overlong(let beginning, let length): return .overlong(beginning, length: length)
        case .errorOutput(let bytes):
            if !hasBegun { complaint = Array((complaint + bytes).suffix(4096)) }
            return []
        case .over:
            return notResumed() + used(by: entry.at) + tools.abandon().map(SessionEvent.Kind.tool)
        case .said, .inputEnded, .mail, .sandbox, .note: return []
        }
    }

    /// A thread that is gone ends it before its first event.
    private func notResumed() -> [SessionEvent.Kind] {
        let words = String(decoding: complaint, as: UTF8.self)
        guard !hasBegun,
            let line = words.split(separator: "\n").last(where: {
                $0.contains("thread/resume failed")
            })
        else { return [] }
        return [
            .problem(
                AgentTrouble(text: String(line), code: AgentTrouble.resumeFailed, isFatal: true)),
            .turnEnded(.failed),
        ]
    }

    private mutating func take(_ line: [UInt8], at moment: Moment) -> [SessionEvent.Kind] {
        guard !line.isEmpty else { return [] }
        guard let value = JSONValue(decoding: line) else { return .foreign(line) }
        switch value["type"].text {
        case "thread.started": return begin(value["thread_id"].text)
        case "turn.started": return []
        case "item.started", "item.updated", "item.completed":
            guard let item = value["item"], item["type"].text != nil else { return .foreign(line) }
            let isOver = value["type"].text == "item.completed"
            guard let events = take(item, isOver: isOver, at: moment) else { return .foreign(line) }
            return isOver ? events + used(by: moment) : events
        case "turn.completed":
            told = Self.usage(value["usage"]).since(before)
            return [.usage(told), .turnEnded(.done)]
        case "turn.failed":
            let trouble = Self.trouble(value["error"]["message"].text ?? "", isFatal: true)
            return used(by: moment) + [.problem(trouble), .turnEnded(.failed)]
        case "error": return [Self.error(value["message"].text ?? "")]
        default: return .foreign(line)
        }
    }

    private mutating func begin(_ thread: String?) -> [SessionEvent.Kind] {
        hasBegun = true
        if let thread, let home = brief?.places.home {
            rollout = CodexRollout(of: thread, home: home)
        }
        let isResumed = thread != nil && thread == brief?.resumes
        let start = SessionStart(vendorSession: thread, model: model, isResumed: isResumed)
        guard isResumed else { return [.began(start)] }
        guard let total = brief?.memo.flatMap({ JSONValue(decoding: Array($0.utf8)) }) else {
            return [
                .began(start),
                .note("What its thread had used before isn't known; it is counted again."),
            ]
        }
        before = Self.usage(total)
        return [.began(start)]
    }

    /// What it has used so far, when that is news: within a turn its events don't tell.
    private mutating func used(by moment: Moment) -> [SessionEvent.Kind] {
        guard let total = rollout?.usage(at: moment.wallMS) else { return [] }
        let usage = Self.usage(total).since(before)
        guard usage.tokens > told.tokens else { return [] }
        told = usage
        return [.usage(usage)]
    }

    /// As OpenAI's API counts: what was read from a cache is part of the input.
    private static func usage(_ usage: JSONValue?) -> Usage {
        Usage(
            input: usage["input_tokens"].count, cachedInput: usage["cached_input_tokens"].count,
            cacheWrites: usage["cache_write_input_tokens"].count,
            output: usage["output_tokens"].count,
            reasoning: usage["reasoning_output_tokens"].count)
    }

    private static func error(_ text: String) -> SessionEvent.Kind {
        let trouble = trouble(text, isFatal: false)
        guard text.hasPrefix("Reconnecting...") else { return .problem(trouble) }
        let type: FailureType =
            switch trouble.code {
            case "401", "403": .authentication
            case "429": .rateLimit
            case .some: .overload
            case nil: text.contains("high demand") ? .overload : .network
            }
        return .waiting(AgentWait(type: type, text: text))
    }

    /// "unexpected status 401 Unauthorized: …", "exceeded retry limit, last status: 429 Too Many …"
    private static func trouble(_ text: String, isFatal: Bool) -> AgentTrouble {
        let status = ["status ", "status: "].lazy.compactMap { text.firstRange(of: $0) }.first
            .map { text[$0.upperBound...].prefix(3) }
        let code = status.flatMap { $0.count == 3 ? Int($0) : nil }
        return AgentTrouble(text: text, code: code.map(String.init), isFatal: isFatal)
    }

    /// `nil`: no item that is known.
    private mutating func take(
        _ item: JSONValue, isOver: Bool, at moment: Moment
    ) -> [SessionEvent.Kind]? {
        let id = item["id"].text ?? ""
        let text = item["text"].text ?? ""
        switch item["type"].text {
        case "agent_message":
            return isOver ? [.message(MessagePiece(id: id, text: text))] : []
        case "reasoning": return isOver ? [.reasoning(MessagePiece(id: id, text: text))] : []
        case "error": return [.problem(AgentTrouble(text: item["message"].text ?? ""))]
        case "todo_list": return [.plan(CodexItem.plan(item))]
        default:
            guard let call = CodexItem.call(item, id: id) else { return nil }
            guard isOver else { return [.tool(tools.begin(call, at: moment))] }
            let ended = tools.end(id, at: moment) { known in
                let duration = known.duration
                known = call
                known.duration = duration
            }
            return [.tool(ended)] + CodexItem.changes(item).map(SessionEvent.Kind.change)
        }
    }
}
