import SkepCore
import SkepWire

/// What an agent tells while it works, made into events.
struct ACPUpdates: Sendable {
    var counting = ACPOptions.Counting.turn
    private var calls: [String: Call] = [:]
    private var order: [String] = []
    /// Of so many calls the newest words are known: an agent may begin ever more.
    private static let mostCalls = 200
    private var speaking: (kind: String, id: String)?
    private var messages = 0
    /// Of turns that have ended.
    private var used = Usage()
    private var cost: Money?
    /// What an earlier session had cost already.
    private var earlierCost = Money.zero

    private struct Call: Sendable {
        var call: ToolCall
        var beganAt: Moment?
        var changes: [FileChange] = []
        /// As it was told.
        var purpose: ToolCall.Purpose?
    }

    func call(_ id: String) -> ToolCall? { calls[id]?.call }

    func purpose(of id: String) -> ToolCall.Purpose? { calls[id]?.purpose }

    /// A person or Skep speaks now: what the agent says next is a new message.
    mutating func beginTurn() { speaking = nil }

    /// Of what comes before the first prompt only the figures count, as what was there before.
    mutating func takeHistory(_ update: JSONValue?) {
        guard update["sessionUpdate"].text == "usage_update", let cost = Money(update["cost"])
        else { return }
        earlierCost = cost
    }

    mutating func take(_ update: JSONValue?, at moment: Moment) -> [SessionEvent.Kind] {
        let kind = update["sessionUpdate"].text ?? ""
        switch kind {
        case "agent_message_chunk": return piece(kind, update).map { [.message($0)] } ?? []
        case "agent_thought_chunk": return piece(kind, update).map { [.reasoning($0)] } ?? []
        case "tool_call", "tool_call_update":
            speaking = nil
            return tool(update, at: moment)
        case "plan": return [.plan((update["entries"].list ?? []).map(PlanEntry.init))]
        case "usage_update":
            guard let cost = Money(update["cost"]), cost >= earlierCost else { return [] }
            self.cost = Money(microdollars: cost.microdollars - earlierCost.microdollars)
            return []
        // Skep's own words, the agent's commands, modes and titles, and what isn't known here.
        default: return []
        }
    }

    /// The session is over; so are its tools.
    mutating func end() -> [SessionEvent.Kind] {
        order.compactMap { id in
            guard var call = calls[id]?.call, call.status == .running else { return nil }
            call.status = .unfinished
            return .tool(call)
        }
    }

    private mutating func piece(_ kind: String, _ update: JSONValue?) -> MessagePiece? {
        let content = update["content"]
        let text: String
        switch content["type"].text {
        case "text": text = content["text"].text ?? ""
        case "resource_link": text = content["uri"].text ?? ""
        case let type?: text = "[\(type)]"
        case nil: return nil
        }
        guard !text.isEmpty else { return nil }
        if let id = update["messageId"].text {
            speaking = (kind, id)
        } else if speaking?.kind != kind {
            messages += 1
            speaking = (kind, "message-\(messages)")
        }
        return MessagePiece(id: speaking?.id ?? "", text: text, isPartial: true)
    }

    private mutating func tool(_ update: JSONValue?, at moment: Moment) -> [SessionEvent.Kind] {
        guard let id = merge(update), var call = calls[id] else { return [] }
        if call.beganAt == nil { call.beganAt = moment }
        let hadEnded = call.call.status != .running
        switch update["status"].text {
        case "completed": call.call.status = .completed
        case "failed": call.call.status = .failed
        default: break
        }
        let hasEnded = call.call.status != .running
        if hasEnded, !hadEnded, let began = call.beganAt {
            call.call.duration = .milliseconds(max(0, moment.uptimeMS - began.uptimeMS))
        }
        calls[id] = call
        guard call.call.status == .completed, !hadEnded else { return [.tool(call.call)] }
        return [.tool(call.call)] + call.changes.map { .change($0) }
    }

    /// Takes what is told of a tool call, by whatever message; answers with its id.
    @discardableResult
    mutating func merge(_ update: JSONValue?) -> String? {
        guard let id = update["toolCallId"].text else { return nil }
        if calls[id] == nil {
            order.append(id)
            if order.count > Self.mostCalls { calls[order.removeFirst()] = nil }
        }
        var call = calls[id] ?? Call(call: ToolCall(id: id, title: "a tool"))
        if let title = update["title"].text, !title.isEmpty { call.call.title = title }
        if let kind = update["kind"].text {
            call.purpose = ToolCall.Purpose(kind: kind)
            call.call.purpose = call.purpose ?? .other
        }
        if let input = update["rawInput"], !input.isNull {
            call.call.input = ToolText.cutAtEnd(Self.inputText(input))
        }
        let content = update["content"].list ?? []
        let texts = content.compactMap { Self.outputText($0) }
        if !texts.isEmpty {
            call.call.output = ToolText.cutInMiddle(texts.joined(separator: "\n"))
        } else if call.call.output.isEmpty, let output = update["rawOutput"], !output.isNull {
            call.call.output = ToolText.cutInMiddle(Self.rawText(output))
        }
        for part in content where part["type"].text == "diff" {
            guard let path = part["path"].text else { continue }
            // Some leave out the old text when they replace a file.
            let change = FileChange(
                path: path, kind: part["oldText"].text == nil ? .added : .modified)
            if !call.changes.contains(change) { call.changes.append(change) }
        }
        calls[id] = call
        return id
    }

    private static func inputText(_ input: JSONValue) -> String {
        if let text = input.text { return text }
        if let command = input["command"] {
            if let text = command.text { return text }
            if let words = command.list { return words.compactMap(\.text).joined(separator: " ") }
        }
        return input.line
    }

    private static func rawText(_ output: JSONValue) -> String {
        output.text ?? output["output"].text ?? output.line
    }

    private static func outputText(_ part: JSONValue) -> String? {
        switch part["type"].text {
        case "content": part["content"]["text"].text
        case "terminal": part["terminalId"].text.map { "[terminal \($0)]" }
        default: nil
        }
    }
}

extension ACPUpdates {
    /// What the session has used when a prompt is answered; `nil` when that isn't told.
    mutating func usage(_ result: JSONValue) -> Usage? {
        // Beside `_meta.usage`, some tell the figures of their last request only.
        let figures = result["usage"] ?? result["_meta"]["usage"]
        guard let turn = figures.flatMap(Usage.init(acp:)) else {
            return cost.map { Usage(cost: $0) }
        }
        used = counting == .turn ? used + turn : turn
        var usage = used
        usage.cost = cost
        return usage
    }
}

extension Usage {
    /// Agents differ in whether their caches and thoughts are part of input and output; the total
    /// tells which of both it is.
    fileprivate init?(acp figures: JSONValue) {
        func figure(_ names: String...) -> Int64 {
            names.lazy.compactMap { figures[$0] }.first.count
        }
        guard figures.object != nil else { return nil }
        self.init(
            input: figure("inputTokens", "input_tokens"),
            cachedInput: figure("cachedReadTokens", "cached_read_tokens", "cachedInputTokens"),
            cacheWrites: figure("cachedWriteTokens", "cached_write_tokens"),
            output: figure("outputTokens", "output_tokens"),
            reasoning: figure("thoughtTokens", "reasoningTokens", "reasoning_tokens"))
        let beside = figure("totalTokens", "total_tokens") - input - output
        let caches = cachedInput + cacheWrites
        if caches > 0, beside == caches || beside == caches + reasoning { input += caches }
        if reasoning > 0, beside == reasoning || beside == caches + reasoning {
            output += reasoning
        }
        guard tokens > 0 else { return nil }
    }
}

extension Money {
    /// What a usage_update says; `nil` for nothing and for another currency.
    fileprivate init?(_ cost: JSONValue?) {
        guard (cost["currency"].text ?? "USD") == "USD", let money = cost["amount"].money else {
            return nil
        }
        self = money
    }
}

extension PlanEntry {
    fileprivate init(_ entry: JSONValue) {
        self.init(
            text: entry["content"].text ?? "",
            status: entry["status"].text.flatMap(Status.init(rawValue:)) ?? .pending)
    }
}
