import SkepCore
import SkepWire

/// The commands that Skep runs for an agent: each one an errand of its session, with the same user,
/// sandbox and environment, and a share of its limits.
struct ACPTerminals: Sendable {
    private let place: SessionWorkplace
    private let files: WorkspaceFiles
    private let session: SessionHost
    /// How many there may be that weren't released.
    static let most = 8
    /// What is shown of one's output when the agent doesn't say.
    static let shownBytes = 1 << 20

    init(_ place: SessionWorkplace, _ files: WorkspaceFiles) {
        self.place = place
        self.files = files
        session = SessionHost(folder: place.folder, program: place.house.host)
    }

    /// Starts the command, unless an earlier attempt has.
    func create(_ request: ACPRequest) async throws(ACPError) -> JSONValue {
        let id = "\(request.number)-\(Self.shown(request))"
        let errand = session.errand(id)
        let launch = try launch(request)
        try await Self.failing { () async throws(AgentsError) in
            guard try errand.state() == .notStarted else { return }
            guard session.errands.count < Self.most else {
                throw .hostFailed(
                    folder: errand.folder, text: "There are \(Self.most) terminals already.")
            }
            try FileStatus.makeFolder(errand.folder, mode: 0o711)
            // Two may lead the session at once.
            try await errand.startUnlessBegun(launch)
            // Whoever ends a session ends the errands that are there; this one may have come later.
            if try session.state() != .alive { try await errand.endAndForget() }
        }
        return ["terminalId": .text(id)]
    }

    /// Answers what is asked of a terminal that was created.
    func answer(_ request: ACPRequest, terminal: String) async throws(ACPError) -> JSONValue {
        let isReleased = request.method == "terminal/release"
        guard let errand = session.errands.first(where: { $0 == session.errand(terminal) }) else {
            // Released already, by an attempt that couldn't say so.
            if isReleased { return [:] }
            throw .notFound("There is no terminal \"\(terminal)\".")
        }
        return try await Self.failing { () async throws(AgentsError) in
            switch request.method {
            case "terminal/output":
                let state = try errand.state()
                // One byte more tells whether it was all.
                let limit = Int(terminal.split(separator: "-").last ?? "") ?? Self.shownBytes
                let text = try errand.tail(limit: limit + 1)
                let isCut = text.utf8.count > limit
                return [
                    "output": .text(SessionHost.text(Array(text.utf8), limit: limit)),
                    "truncated": .bool(isCut), "exitStatus": Self.status(state) ?? .null,
                ]
            case "terminal/wait_for_exit":
                let state: SessionHost.State
                do { state = try await errand.waitUntilOver() } catch {
                    throw .sessionFiles(text: "\(error)")
                }
                return Self.status(state) ?? [:]
            case "terminal/kill":
                try await errand.end(grace: .zero)
            default:
                try await errand.endAndForget()
            }
            return [:]
        }
    }

    private func launch(_ request: ACPRequest) throws(ACPError) -> LaunchRequest {
        guard let command = request.params["command"].text, !command.isEmpty else {
            throw .refused("\"terminal/create\" needs \"command\", a text.")
        }
        let further = (request.params["args"].list ?? []).compactMap(\.text)
        let directory = request.params["cwd"].text ?? place.places.workspace
        try files.checkFolder(directory)
        var environment = place.environment
        for variable in request.params["env"].list ?? [] {
            guard let name = variable["name"].text, let value = variable["value"].text,
                !name.isEmpty, !name.contains("="), !(name + value).utf8.contains(0)
            else { throw .refused("A variable of \"env\" has no name or no value.") }
            environment[name] = value
        }
        // Some give a whole line for a shell as their command.
        let isLine = further.isEmpty && command.contains(where: \.isWhitespace)
        let words = isLine ? ["-c", command] : ["-c", "exec \"$0\" \"$@\"", command] + further
        let agent = place.request
        var limits = agent.limits
        limits.silenceMS = nil
        // The first has as much as the agent, the next half of that, and so on: together, and there are
        // `most`, less than three times as much.
        let share = Int64(session.errands.count + 1)
        limits.memoryBytes = limits.memoryBytes.map { $0 / share }
        limits.processes = limits.processes.map { max(8, $0 / UInt64(share)) }
        return LaunchRequest(
            session: AgentHouse.marker(agent.session), program: "/bin/sh",
            arguments: ["sh"] + words, environment: environment, directory: directory,
            sandbox: agent.sandbox, secrets: place.secrets, user: agent.user, limits: limits)
    }

    /// It stands in the terminal's name: what is asked of it later knows no more than that.
    private static func shown(_ request: ACPRequest) -> Int {
        let limit = request.params["outputByteLimit"].integer ?? Int64(shownBytes)
        return Int(min(max(limit, 0), Int64(shownBytes)))
    }

    private static func status(_ state: SessionHost.State) -> JSONValue? {
        switch state {
        case .ended(let record):
            switch record.how {
            case .exited(let code): ["exitCode": .integer(Int64(code)), "signal": .null]
            case .signalled(let number): ["exitCode": .null, "signal": .text("SIG\(number)")]
            default: ["exitCode": .null, "signal": "SIGKILL"]
            }
        case .dead: ["exitCode": .null, "signal": "SIGKILL"]
        case .alive, .notStarted: nil
        }
    }

    private static func failing<R>(
        _ body: () async throws(AgentsError) -> R
    ) async throws(ACPError) -> R {
        do throws(AgentsError) { return try await body() } catch {
            throw .failed(error.why ?? error.what)
        }
    }
}
