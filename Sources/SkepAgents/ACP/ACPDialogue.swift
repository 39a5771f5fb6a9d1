import SkepCore
import SkepQueue
import SkepWire

/// A session of the Agent Client Protocol, from Skep's side: `ACPOpening` opens it, prompts follow
/// ("prompt-1" and so on), `ACPUpdates` reads what the agent tells, and `ACPRequests` answers what it
/// asks.
struct ACPDialogue: Dialogue {
    var framing: Framing { .lines(longest: 16 << 20) }
    var tellsTurnEnds: Bool { true }

    private let brief: Brief?
    private let options: ACPOptions
    private let permissions: PermissionPolicy
    private var opening: ACPOpening
    private var requests = ACPRequests()
    private var updates = ACPUpdates()
    private var mail: [String] = []
    private var prompts = 0
    private var inputHasEnded = false
    private var wasCancelled = false
    private var hasFailed = false

    init(
        _ brief: Brief?, options: ACPOptions, permissions: PermissionPolicy,
        toolServers: [ToolServer] = []
    ) {
        self.brief = brief
        self.options = options
        self.permissions = permissions
        opening = ACPOpening(options, toolServers)
        updates.counting = options.counting
    }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        switch entry.kind {
        case .output(let line): return take(line, at: entry.at)
        case .overlong(let beginning, let length): return .overlong(beginning, length: length)
        case .said(let line): return said(line)
        case .inputEnded:
            inputHasEnded = true
            return []
        case .mail(let text):
            mail.append(text)
            return [.waiting(text)]
        case .over: return updates.end()
        case .errorOutput, .sandbox, .note: return []
        }
    }

    private mutating func take(_ line: [UInt8], at moment: Moment) -> [SessionEvent.Kind] {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return [] }
        guard let message = ACPMessage(line) else { return .foreign(line) }
        switch message {
        case .notification("session/update", let params):
            // What comes before the first prompt is the history of a session that is gone on with.
            guard prompts > 0, isOurs(params) else {
                updates.takeHistory(params["update"])
                return []
            }
            return updates.take(params["update"], at: moment)
        case .notification(let method, let params):
            return ACPRetry.wait(method, params).map { [.waiting($0)] } ?? []
        case .request(let id, let method, let params):
            guard let request = requests.take(id: id, method: method, params: params) else {
                return []
            }
            return heard(request)
        case .answer(.text(let id), let answer):
            guard let method = opening.take(answer, to: id) else { return [] }
            return answered(id, method, answer)
        case .answer: return []
        }
    }

    private func isOurs(_ params: JSONValue?) -> Bool {
        guard let named = params["sessionId"].text, let session = opening.vendorSession else {
            return true
        }
        return named == session
    }

    private mutating func heard(_ request: ACPRequest) -> [SessionEvent.Kind] {
        switch request.method {
        case "session/request_permission":
            updates.merge(request.params["toolCall"])
            return []
        case "elicitation/create":
            return [.question(request.params["message"].text ?? "It asks for something.")]
        default: return []
        }
    }

    private mutating func said(_ line: [UInt8]) -> [SessionEvent.Kind] {
        switch ACPMessage(line) {
        case .request(.text(let id), let method, let params):
            opening.said(id, method, params)
            guard method == "session/prompt" else { return [] }
            prompts += 1
            updates.beginTurn()
            return [.told(params["prompt"][0]["text"].text ?? "")]
        case .notification("session/cancel", _):
            wasCancelled = true
            return []
        case .answer(let id, let answer):
            return requests.said(answer, to: id, updates, wasCancelled: wasCancelled)
        case .request, .notification, nil: return []
        }
    }

    private mutating func answered(
        _ id: String, _ method: String, _ answer: ACPAnswer
    ) -> [SessionEvent.Kind] {
        if method == "session/prompt" { return turnEnded(answer) }
        switch answer {
        case .success(let result) where method == "initialize":
            let version = result["protocolVersion"].integer
            guard version != 1 else { return [] }
            return fail(
                "It speaks version \(version.map(String.init) ?? "?") of the Agent Client Protocol; this is 1.",
                code: FailureType.wrongVersion.rawValue)
        case .success(let result) where id.hasPrefix("session"):
            return [.began(opening.start(id, result))]
        case .success: return []
        // The session is gone; a new one is begun.
        case .failure(let error) where opening.triesToResume(id, error):
            return [.note("It can't go on with its earlier session: \(error.message)")]
        case .failure(let error): return fail(error.message, code: String(error.code))
        }
    }

    private mutating func turnEnded(_ answer: ACPAnswer) -> [SessionEvent.Kind] {
        switch answer {
        case .success(let result):
            let end = result["stopReason"].text.map(TurnEnd.init(stopReason:)) ?? .done
            return updates.usage(result).map { [.usage($0), .turnEnded(end)] } ?? [.turnEnded(end)]
        case .failure where wasCancelled: return [.turnEnded(.cancelled)]
        case .failure(let error):
            return fail(error.message, code: String(error.code)) + [.turnEnded(.failed)]
        }
    }

    private mutating func fail(_ text: String, code: String) -> [SessionEvent.Kind] {
        hasFailed = true
        return [.problem(AgentTrouble(text: text, code: code, isFatal: true))]
    }
}

extension ACPDialogue {
    var wishes: [Wish] {
        if hasFailed && prompts == 0 { return [.stop] }
        let answers = requests.wishes(updates, permissions, wasCancelled: wasCancelled)
        if requests.refusals.areTooMany { return (wasCancelled ? answers : []) + [.stop] }
        if inputHasEnded { return options.endsWithInput ? [] : [.stop] }
        return answers + [next].compactMap { $0 }
    }

    private var isInTurn: Bool { opening.isOpen("prompt-\(prompts)") }

    /// Every open request for leave is answered as cancelled then.
    var cancel: [UInt8]? {
        guard isInTurn, !wasCancelled, let session = opening.vendorSession else { return nil }
        return ACPMessage.notification(
            method: "session/cancel", params: ["sessionId": .text(session)]
        ).line
    }

    var unheard: UnheardMail {
        UnheardMail(Array(mail.dropFirst(max(0, prompts - 1))), wasPrompted: prompts > 0)
    }

    /// Skep's own next step, when it is its turn.
    private var next: Wish? {
        guard let brief else { return nil }
        switch opening.next(brief) {
        case .say(let step): return Self.say(step)
        case .wait: return nil
        case .done: break
        }
        guard let session = opening.vendorSession else { return .stop }
        if isInTurn { return nil }
        let texts = [opening.isNew ? brief.fullPrompt : brief.prompt] + mail
        guard prompts < texts.count, !wasCancelled, !hasFailed else {
            return requests.areAnswered ? .endInput : nil
        }
        return Self.say(
            (
                "prompt-\(prompts + 1)", "session/prompt",
                [
                    "sessionId": .text(session),
                    "prompt": [["type": "text", "text": .text(texts[prompts])]],
                ]
            ))
    }

    private static func say(_ step: ACPOpening.Step) -> Wish {
        .say(
            ACPMessage.request(id: .text(step.id), method: step.method, params: step.params).line)
    }
}

extension TurnEnd {
    init(stopReason: String) {
        switch stopReason {
        case "max_tokens", "max_turn_requests": self = .limit
        case "refusal": self = .refused
        case "cancelled": self = .cancelled
        default: self = .done
        }
    }
}
