import SkepCore

/// How a session is opened: Skep's requests before the first prompt, with what came of them.
///
/// Requests have ids by what they are for, so what the log shows as said and as answered tells how
/// far the conversation is, and nothing else is kept.
struct ACPOpening: Sendable {
    typealias Step = (id: String, method: String, params: JSONValue)

    let options: ACPOptions
    let toolServers: [ToolServer]

    /// Skep's requests by their ids: what was said, and the first answer to each.
    private var asked: [String: (method: String, params: JSONValue?)] = [:]
    private var answers: [String: ACPAnswer] = [:]

    init(_ options: ACPOptions, _ toolServers: [ToolServer]) {
        self.options = options
        self.toolServers = toolServers
    }

    mutating func said(_ id: String, _ method: String, _ params: JSONValue?) {
        asked[id] = (method, params)
    }

    /// - Returns: The method of the request that it answers; `nil` for what wasn't asked, or has been
    ///   answered.
    mutating func take(_ answer: ACPAnswer, to id: String) -> String? {
        guard let method = asked[id]?.method, answers[id] == nil else { return nil }
        answers[id] = answer
        return method
    }

    func isOpen(_ id: String) -> Bool { asked[id] != nil && answers[id] == nil }

    /// The request by which the session was opened, with its answer.
    private var session: (method: String, params: JSONValue?, result: JSONValue)? {
        for id in ["session", "session-anew"] {
            if let said = asked[id], case .success(let result)? = answers[id] {
                return (said.method, said.params, result)
            }
        }
        return nil
    }

    /// What the agent calls the session; `nil` before it is open.
    var vendorSession: String? {
        session.flatMap { $0.result["sessionId"].text ?? $0.params["sessionId"].text }
    }

    var isNew: Bool { session?.method == "session/new" }

    func start(_ id: String, _ result: JSONValue) -> SessionStart {
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

    /// Whether a new session is begun when this request to go on with an earlier one fails.
    func triesToResume(_ id: String, _ error: ACPError) -> Bool {
        id == "session" && asked[id]?.method != "session/new"
            && error.code != ACPError.authenticationRequired
    }

    enum Next {
        case say(Step)
        case wait
        /// The session is open, and set as it is to be.
        case done
    }

    func next(_ brief: Brief) -> Next {
        for step in steps(brief) {
            if asked[step.id] == nil { return .say(step) }
            if answers[step.id] == nil { return .wait }
        }
        return .done
    }

    /// As far as they can be known.
    private func steps(_ brief: Brief) -> [Step] {
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
