import SkepCore
import SkepQueue
import SkepWire

/// A session of the Agent Client Protocol, from Skep's side.
///
/// Skep's own requests have ids by what they are for: "initialize", "session", "session-anew" when
/// the one to go on with is gone, "mode", "model", "prompt-1" and so on. So what the log shows as said
/// and as answered tells how far the conversation is, and nothing else is kept.
struct ACPDialogue: Dialogue {
    var framing: Framing { .lines(longest: 16 << 20) }
    var tellsTurnEnds: Bool { true }

    let brief: Brief?
    let options: ACPOptions
    let permissions: PermissionPolicy
    let toolServers: [ToolServer]

    /// Skep's requests by their ids: what was said, and the first answer to each.
    private var asked: [String: (method: String, params: JSONValue?)] = [:]
    private var answers: [String: ACPAnswer] = [:]
    /// What the agent asked and has no answer to, in the order it came.
    private(set) var open: [ACPRequest] = []
    private var requestsSeen = 0
    private var mail: [String] = []
    private var prompts = 0
    private var inputHasEnded = false
    private var wasCancelled = false
    private var hasFailed = false
    private var refusals: [String: Int] = [:]
    private var hasGoneTooFar = false
    var updates = ACPUpdates()

    /// As often the same thing may be asked for in vain.
    static let patience = 50

    init(
        _ brief: Brief?, options: ACPOptions, permissions: PermissionPolicy,
        toolServers: [ToolServer] = []
    ) {
        self.brief = brief
        self.options = options
        self.permissions = permissions
        self.toolServers = toolServers
        updates.counting = options.counting
    }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        switch entry.kind {
        case .output(let line): return take(line, at: entry.at)
        case .overlong(let beginning, let length):
            return [
                .output(beginning),
                .note("A line of \(length) bytes was passed over: it is too long for a message."),
            ]
        case .said(let line): return said(line)
        case .inputEnded:
            inputHasEnded = true
            return []
        case .mail(let text):
            mail.append(text)
            return []
        case .over: return updates.end()
        case .errorOutput, .sandbox, .note: return []
        }
    }

    private mutating func take(_ line: [UInt8], at moment: Moment) -> [SessionEvent.Kind] {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return [] }
        guard let message = ACPMessage(line) else {
            return [
                .output(line + [UInt8(ascii: "\n")]),
                .note("A line of its output is no message of its protocol."),
            ]
        }
        switch message {
        case .notification("session/update", let params):
            // What comes before the first prompt is the history of a session that is gone on with.
            guard prompts > 0, isOurs(params) else {
                updates.takeHistory(params["update"])
                return []
            }
            return updates.take(params["update"], at: moment)
        case .notification: return []
        case .request(let id, let method, let params):
            // One that uses the id of another can't be told from it in our answers.
            guard !open.contains(where: { $0.id == id }) else { return [] }
            requestsSeen += 1
            let request = ACPRequest(
                number: requestsSeen, id: id, method: method, params: params ?? [:])
            open.append(request)
            return heard(request)
        case .answer(.text(let id), let answer):
            guard asked[id] != nil, answers[id] == nil else { return [] }
            answers[id] = answer
            return answered(id, answer)
        case .answer: return []
        }
    }

    private func isOurs(_ params: JSONValue?) -> Bool {
        guard let named = params["sessionId"].text, let session = vendorSession else { return true }
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
            asked[id] = (method, params)
            guard method == "session/prompt" else { return [] }
            prompts += 1
            updates.beginTurn()
            return [.told(params["prompt"][0]["text"].text ?? "")]
        case .notification("session/cancel", _):
            wasCancelled = true
            return []
        case .answer(let id, let answer):
            guard let index = open.firstIndex(where: { $0.id == id }) else { return [] }
            return done(open.remove(at: index), answer)
        case .request, .notification, nil: return []
        }
    }

    private mutating func done(
        _ request: ACPRequest, _ answer: ACPAnswer
    ) -> [SessionEvent.Kind] {
        guard request.method == "session/request_permission", case .success(let result) = answer
        else { return [] }
        let decision = ACPPermission(request, updates).decision(
            told: result, wasCancelled: wasCancelled)
        guard decision.answer == .refused else { return [.permission(decision)] }
        let thing = "\(decision.purpose): \(decision.subject)"
        refusals[thing, default: 0] += 1
        guard refusals[thing] == Self.patience + 1, !hasGoneTooFar else {
            return [.permission(decision)]
        }
        hasGoneTooFar = true
        return [
            .permission(decision),
            .problem(
                AgentTrouble(
                    text:
                        "It asked \(Self.patience + 1) times for leave that it doesn't get: \(thing)",
                    code: FailureType.policyViolation.rawValue, isFatal: true)),
        ]
    }

    private mutating func answered(_ id: String, _ answer: ACPAnswer) -> [SessionEvent.Kind] {
        let method = asked[id]?.method
        if method == "session/prompt" { return turnEnded(answer) }
        switch answer {
        case .success(let result) where method == "initialize":
            let version = result["protocolVersion"].integer
            guard version != 1 else { return [] }
            return fail(
                "It speaks version \(version.map(String.init) ?? "?") of the Agent Client Protocol; this is 1.",
                code: FailureType.wrongVersion.rawValue)
        case .success(let result) where id.hasPrefix("session"): return [.began(start(id, result))]
        case .success: return []
        // The session is gone; a new one is begun.
        case .failure(let error) where triesToResume(id, error):
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

    private func triesToResume(_ id: String, _ error: ACPError) -> Bool {
        id == "session" && asked[id]?.method != "session/new"
            && error.code != ACPError.authenticationRequired
    }
}

extension ACPDialogue {
    /// The request by which the session was opened, with its answer.
    private var session: (method: String, params: JSONValue?, result: JSONValue)? {
        for id in ["session", "session-anew"] {
            if let said = asked[id], case .success(let result)? = answers[id] {
                return (said.method, said.params, result)
            }
        }
        return nil
    }

    private var vendorSession: String? {
        session.flatMap { $0.result["sessionId"].text ?? $0.params["sessionId"].text }
    }

    private func start(_ id: String, _ result: JSONValue) -> SessionStart {
        let asked = asked[id]
        var version: String?
        if case .success(let hello)? = answers["initialize"] {
            version = hello["agentInfo"]["version"].text
        }
        let modelOption = result["configOptions"].list?.first {
            $0["category"].text == "model" || $0["id"].text == "model"
        }
        return SessionStart(
            vendorSession: result["sessionId"].text ?? asked?.params["sessionId"].text,
            model: result["models"]["currentModelId"].text ?? modelOption?["currentValue"].text,
            version: version, isResumed: asked?.method != "session/new")
    }

    var wishes: [Wish] {
        if hasGoneTooFar, !wasCancelled, let session = vendorSession {
            let cancel = ACPMessage.notification(
                method: "session/cancel", params: ["sessionId": .text(session)])
            return [.say(cancel.line)]
        }
        if hasGoneTooFar || (hasFailed && prompts == 0) { return [.stop] }
        if inputHasEnded { return options.endsWithInput ? [] : [.stop] }
        return open.map(answer) + [next].compactMap { $0 }
    }

    private func answer(_ request: ACPRequest) -> Wish {
        switch request.method {
        case "session/request_permission":
            let permission = ACPPermission(request, updates)
            let result = wasCancelled ? ACPPermission.cancelled : permission.answer(permissions)
            return .say(ACPMessage.answer(id: request.id, .success(result)).line)
        case "elicitation/create":
            let action: JSONValue = wasCancelled ? "cancel" : "decline"
            return .say(ACPMessage.answer(id: request.id, .success(["action": action])).line)
        default:
            let errand = ACPErrand(request: request, permissions: permissions)
            guard errand.isKnown else {
                let error = ACPError.noSuchMethod(request.method)
                return .say(ACPMessage.answer(id: request.id, .failure(error)).line)
            }
            return .perform(key: "request-\(request.number)") { place in
                ACPMessage.answer(id: request.id, await errand.perform(place)).line
            }
        }
    }

    /// Skep's own next step, when it is its turn.
    private var next: Wish? {
        guard let brief else { return nil }
        for step in opening(brief) {
            if asked[step.id] == nil {
                return .say(
                    ACPMessage.request(id: .text(step.id), method: step.method, params: step.params)
                        .line)
            }
            if answers[step.id] == nil { return nil }
        }
        guard let session, let name = vendorSession else { return .stop }
        if prompts > 0, answers["prompt-\(prompts)"] == nil { return nil }
        let first = session.method == "session/new" ? brief.fullPrompt : brief.prompt
        let texts = [first] + mail
        guard prompts < texts.count, !wasCancelled, !hasFailed else {
            return open.isEmpty ? .endInput : nil
        }
        let prompt = ACPMessage.request(
            id: .text("prompt-\(prompts + 1)"), method: "session/prompt",
            params: [
                "sessionId": .text(name),
                "prompt": [["type": "text", "text": .text(texts[prompts])]],
            ])
        return .say(prompt.line)
    }

    private typealias Step = (id: String, method: String, params: JSONValue)

    /// The requests before the first prompt, as far as they can be known.
    private func opening(_ brief: Brief) -> [Step] {
        var steps: [Step] = [("initialize", "initialize", Self.hello)]
        guard case .success(let hello)? = answers["initialize"] else { return steps }
        let known = hello["agentCapabilities"]
        let new: JSONValue = [
            "cwd": .text(brief.places.workspace),
            "mcpServers": .list(toolServers.compactMap { $0.description(for: known) }),
        ]
        if let earlier = brief.resumes, let method = Self.wayToResume(known) {
            let params = new.object?.merging(["sessionId": .text(earlier)]) { old, _ in old }
            steps.append(("session", method, .object(params ?? [:])))
            if case .failure? = answers["session"] {
                steps.append(("session-anew", "session/new", new))
            }
        } else {
            steps.append(("session", "session/new", new))
        }
        return steps + settings
    }

    private static func wayToResume(_ known: JSONValue?) -> String? {
        if let resume = known["sessionCapabilities"]["resume"], !resume.isNull {
            return "session/resume"
        }
        return known["loadSession"].bool == true ? "session/load" : nil
    }

    /// Mode and model: by options where the agent has such, or by requests of their own.
    private var settings: [Step] {
        guard let session, let name = vendorSession else { return [] }
        var steps: [Step] = []
        func set(_ id: String, _ method: String, _ parameter: String, _ value: String?) {
            guard let value else { return }
            let option = session.result["configOptions"].list?.first {
                $0["category"].text == id || $0["id"].text == id
            }
            var params: [String: JSONValue] = ["sessionId": .text(name)]
            if let option = option?["id"].text {
                params["configId"] = .text(option)
                params["value"] = .text(value)
            } else {
                params[parameter] = .text(value)
            }
            steps.append(
                (id, option == nil ? method : "session/set_config_option", .object(params)))
        }
        set("mode", "session/set_mode", "modeId", options.mode)
        if !options.command.contains(.model) {
            set("model", "session/set_model", "modelId", options.model)
        }
        return steps
    }

    private static let hello: JSONValue = [
        "protocolVersion": 1,
        "clientCapabilities": [
            "fs": ["readTextFile": true, "writeTextFile": true], "terminal": true,
        ],
        "clientInfo": ["name": "skep", "title": "Skep", "version": "1"],
    ]
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

extension ToolServer {
    /// As session/new wants it; `nil` when the agent can't reach servers of its kind.
    func description(for capabilities: JSONValue?) -> JSONValue? {
        func pairs(_ values: [String: String]) -> JSONValue {
            .list(
                values.sorted { $0.key < $1.key }
                    .map { ["name": .text($0.key), "value": .text($0.value)] })
        }
        switch transport {
        case .command(let words, let environment):
            return [
                "name": .text(name), "command": .text(words.first ?? ""),
                "args": .list(words.dropFirst().map(JSONValue.text)), "env": pairs(environment),
            ]
        case .http(let url, let headers):
            guard capabilities["mcpCapabilities"]["http"].bool == true else { return nil }
            return [
                "type": "http", "name": .text(name), "url": .text(url), "headers": pairs(headers),
            ]
        }
    }
}
