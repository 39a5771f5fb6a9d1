import SkepCore
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Drives an agent that is a program: started in the workspace with a prompt, at work until it
/// ends.
struct CommandAgent: Agent {
    let definition: AgentDefinition
    private let options: CommandOptions
    private let house: AgentHouse

    init(_ definition: AgentDefinition, options: CommandOptions, house: AgentHouse) {
        self.definition = definition
        self.options = options
        self.house = house
    }

    func check() async throws {
        guard FileStatus.isExecutableFile(house.host) else {
            throw AgentsError.hostMissing(path: house.host)
        }
        try house.checkUser()
        _ = try program(in: try environment())
        guard case .own(let links) = definition.home else { return }
        for link in links where !FileStatus.exists(house.loginHome + "/" + link) {
            throw AgentsError.linkMissing(agent: definition.name, path: "~/" + link)
        }
    }

    func withSession<R: Sendable>(
        _ assignment: Assignment, in workspace: Workspace,
        _ body: (any AgentSession) async throws -> R
    ) async throws -> R {
        let host = house.sessionHost(assignment.session)
        let isAdopted = try await take(host, assignment, workspace)
        let session = HostedSession(host: host, isAdopted: isAdopted)
        let outcome: Result<R, any Error>
        do {
            outcome = .success(try await body(session))
        } catch {
            outcome = .failure(error)
        }
        // The body failed for a reason of its own, while nobody wants the session ended.
        if case .failure = outcome, !Task.isCancelled { return try outcome.get() }
        // Whoever comes next relies on this; so it goes before the body's own error.
        try await leave(host, assignment)
        return try outcome.get()
    }

    /// Starts the session, unless it is there. True: it was.
    private func take(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) async throws -> Bool {
        switch try host.state() {
        case .alive, .ended: return true
        case .dead:
            _ = try await host.bury()
            return true
        case .notStarted: break
        }
        let request = try prepare(host, assignment, workspace)
        do {
            try await host.start(request)
            return false
        } catch {
            // The host that an earlier attempt was starting may have come first.
            guard try host.state() != .notStarted else { throw error }
            return true
        }
    }

    private func leave(_ host: SessionHost, _ assignment: Assignment) async throws {
        if try host.state() == .alive, assignment.ending() == .detach { return }
        try await host.end(grace: house.grace)
    }
}

extension CommandAgent {
    /// Everything the agent needs, put where it will look, and the request to start it.
    private func prepare(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) throws -> LaunchRequest {
        try house.checkUser()
        // An agent that is another user may read its prompt by name, and nothing else.
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        let promptFile = host.folder + "/prompt.md"
        let issueFile = host.folder + "/issue.md"
        try writeForAgent(assignment.prompt, to: promptFile)
        try writeForAgent(assignment.issue.body, to: issueFile)
        let home = try prepareHome(workspace)
        let output = workspace.outputPath + "/" + Self.outputName

        var environment = try environment()
        environment["HOME"] = home
        environment["SKEP_OUTPUT"] = output
        environment.merge(house.userVariables) { own, _ in own }
        let arguments = options.command.filled([
            .prompt: assignment.prompt, .promptFile: promptFile, .issueFile: issueFile,
            .workspace: workspace.path, .output: output, .home: home, .model: options.model ?? "",
        ])
        try checkLengths(arguments)
        let takesInput =
            !options.command.contains(.prompt) && !options.command.contains(.promptFile)
            && !options.command.contains(.issueFile)
        return LaunchRequest(
            session: AgentHouse.marker(assignment.session), program: try program(in: environment),
            arguments: arguments, environment: environment, directory: workspace.path,
            input: takesInput ? promptFile : nil, user: house.user?.launchUser,
            limits: LaunchRequest.Limits(definition.limits, grace: house.grace))
    }

    /// A file that nobody reads but Skep and the agent.
    private func writeForAgent(_ text: String, to path: String) throws(AgentsError) {
        try wrapping { () throws(WireError) in
            try Files.replace(path, with: Array(text.utf8), mode: 0o600)
        }
        try FileStatus.open(path, toGroupOf: house.user)
    }

    /// The file in a workspace's output folder that `SKEP_OUTPUT` and `{output}` name.
    static var outputName: String { "output.json" }

    private func prepareHome(_ workspace: Workspace) throws -> String {
        guard case .own(let links) = definition.home else { return house.loginHome }
        let home = workspace.homePath
        if !FileStatus.exists(home) {
            try FileStatus.makeFolder(home, mode: 0o700)
            try FileStatus.give(home, to: house.user)
        }
        for link in links {
            var folder = home
            for part in link.split(separator: "/").dropLast() {
                folder += "/" + part
                try FileStatus.makeFolder(folder, mode: 0o700)
                try FileStatus.give(folder, to: house.user)
            }
            try FileStatus.link(home + "/" + link, to: house.loginHome + "/" + link)
        }
        return home
    }

    /// What is allowed, what the agent's file sets, and its secrets; the later wins.
    private func environment() throws -> [String: String] {
        var variables = house.allowed(definition.environment)
        variables.merge(options.variables) { _, set in set }
        for (name, source) in definition.secrets {
            variables[name] = try secret(name, from: source)
        }
        return variables
    }

    private func secret(_ name: String, from source: AgentDefinition.SecretSource) throws -> String
    {
        switch source {
        case .environment(let variable):
            if let value = house.environment[variable], !value.isEmpty { return value }
            throw AgentsError.secretMissing(
                agent: definition.name, variable: name,
                source: source)
        case .file(let file):
            let path = file.hasPrefix("~/") ? house.operatorHome + file.dropFirst() : file
            let bytes = try? Files.read(path)
            var text = String(decoding: bytes ?? [], as: UTF8.self)
            if text.hasSuffix("\n") { text.removeLast() }
            guard !text.isEmpty else {
                throw AgentsError.secretMissing(
                    agent: definition.name, variable: name, source: .file(path))
            }
            return text
        }
    }

    /// The program's file. Never one that lies in the workspace: that was written by who knows
    /// whom.
    private func program(in environment: [String: String]) throws -> String {
        let word = options.command.filled([:]).first ?? ""
        if word.contains("/") {
            let path = word.hasPrefix("~/") ? house.loginHome + word.dropFirst() : word
            guard path.hasPrefix("/"), FileStatus.exists(path) else {
                throw AgentsError.programMissing(
                    agent: definition.name, program: word, searched: "")
            }
            guard FileStatus.isExecutableFile(path) else {
                throw AgentsError.programNotExecutable(agent: definition.name, program: path)
            }
            return path
        }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") where folder.hasPrefix("/") {
            let candidate = folder + "/" + word
            if FileStatus.isExecutableFile(candidate) { return candidate }
        }
        throw AgentsError.programMissing(agent: definition.name, program: word, searched: path)
    }

    private func checkLengths(_ arguments: [String]) throws {
        // MAX_ARG_STRLEN of Linux, the end's zero byte counted.
        let limit = (128 << 10) - 1
        if let longest = arguments.map(\.utf8.count).max(), longest > limit {
            throw AgentsError.promptTooLong(agent: definition.name, bytes: longest, limit: limit)
        }
    }
}
