import SkepCore
import SkepQueue
import SkepWire
import Subprocess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An agent that is a program in a session of its own, kept by a host, driven by an adapter.
struct HostedAgent<Adapter: AgentAdapter>: Agent {
    let definition: AgentDefinition
    let adapter: Adapter
    let house: AgentHouse

    init(_ definition: AgentDefinition, _ adapter: Adapter, house: AgentHouse) {
        self.definition = definition
        self.adapter = adapter
        self.house = house
    }

    func check() async throws {
        guard FileStatus.isExecutableFile(house.host) else {
            throw AgentsError.hostMissing(path: house.host)
        }
        try house.checkUser()
        _ = try program(in: try await environment())
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
        // Waited for below, whatever happens.
        let leading = Task { [self] in try await lead(host, assignment, workspace) }
        let session = HostedSession(
            host: host, isAdopted: isAdopted, adapter: adapter, leading: leading)
        let outcome: Result<R, any Error>
        do {
            outcome = .success(try await body(session))
        } catch {
            outcome = .failure(error)
        }
        leading.cancel()
        _ = await leading.result
        // The body failed for a reason of its own, while nobody wants the session ended.
        if case .failure = outcome, !Task.isCancelled { return try outcome.get() }
        // Whoever comes next relies on this; so it goes before the body's own error.
        try await leave(host, assignment)
        return try outcome.get()
    }

    func events(of session: SessionID) -> AsyncThrowingStream<SessionEvent, any Error> {
        EventReader.events(of: house.sessionHost(session), adapter.dialogue(nil))
    }

    func say(_ text: String, to session: SessionID) async throws {
        let host = house.sessionHost(session)
        guard try host.request()?.hasDialogue == true else {
            throw AgentsError.cannotBeTold(agent: definition.name, hasEnded: false)
        }
        guard try host.state() == .alive, let reply = await host.mail(text), reply.isAccepted else {
            throw AgentsError.cannotBeTold(agent: definition.name, hasEnded: true)
        }
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
        let request = try await prepare(host, assignment, workspace)
        do {
            try await host.start(request)
            return false
        } catch {
            // The host that an earlier attempt was starting may have come first.
            guard try host.state() != .notStarted else { throw error }
            return true
        }
    }

    private func lead(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) async throws -> SessionLeader.Outcome {
        guard let request = try host.request() else {
            // Ended before anything was begun.
            return SessionLeader.Outcome(digest: SessionDigest())
        }
        let brief = brief(host, assignment, workspace)
        let place = SessionWorkplace(
            places: brief.places, house: house, folder: host.folder, request: request,
            environment: plainEnvironment(brief.places.home))
        let started = try wrapping { () throws(WireError) in
            try HostRecord.read(from: host.files)?.startedAt
        }
        return try await SessionLeader(
            host, adapter.dialogue(brief), limits: definition.limits, startedAt: started ?? .now,
            place: place, watch: assignment.watch
        ).lead()
    }

    private func leave(_ host: SessionHost, _ assignment: Assignment) async throws {
        if try host.state() == .alive, assignment.ending() == .detach { return }
        try await host.end(grace: house.grace)
    }
}

extension HostedAgent {
    private func brief(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) -> Brief {
        let home: String
        switch definition.home {
        case .own: home = workspace.homePath
        case .operator: home = house.loginHome
        }
        return Brief(
            prompt: assignment.resumes == nil
                ? assignment.prompt : assignment.resumePrompt ?? assignment.prompt,
            resumes: assignment.resumes, fullPrompt: assignment.prompt,
            places: Brief.Places(
                workspace: workspace.path, home: home,
                output: workspace.outputPath + "/" + Self.outputName,
                promptFile: host.folder + "/prompt.md", issueFile: host.folder + "/issue.md"))
    }

    /// Everything the agent needs, put where it will look, and the request to start it.
    private func prepare(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) async throws -> LaunchRequest {
        try house.checkUser()
        let brief = brief(host, assignment, workspace)
        let launch = adapter.launch(brief)
        // An agent that is another user may read its prompt by name, and nothing else.
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        try writeForAgent(brief.prompt, to: brief.places.promptFile)
        try writeForAgent(assignment.issue.body, to: brief.places.issueFile)
        try prepareHome(brief.places.home, launch.homeFiles)

        let secrets = try await secretValues()
        var environment = plainEnvironment(brief.places.home)
        environment["SKEP_OUTPUT"] = brief.places.output
        environment.merge(launch.variables) { _, set in set }
        environment.merge(secrets) { _, secret in secret }
        let program = try program(in: environment)
        let word = adapter.program.split(separator: "/").last.map(String.init) ?? adapter.program
        let arguments = [word] + launch.arguments
        try checkLengths(arguments)
        return LaunchRequest(
            session: AgentHouse.marker(assignment.session), program: program, arguments: arguments,
            environment: environment, directory: workspace.path,
            input: launch.input == .prompt ? brief.places.promptFile : nil,
            hasDialogue: launch.input == .dialogue, adapter: Adapter.name,
            secrets: secrets.values.sorted(), user: house.user?.launchUser,
            limits: LaunchRequest.Limits(
                agent: definition.limits, grace: house.grace,
                folders: [workspace.path, brief.places.home]))
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

    private func prepareHome(_ home: String, _ files: [String: String]) throws {
        guard case .own(let links) = definition.home else { return }
        if !FileStatus.exists(home) {
            try FileStatus.makeFolder(home, mode: 0o700)
            try FileStatus.give(home, to: house.user)
        }
        for link in links {
            try makeFolders(above: link, in: home)
            try FileStatus.link(home + "/" + link, to: house.loginHome + "/" + link)
        }
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            try makeFolders(above: path, in: home)
            let file = home + "/" + path
            try wrapping { () throws(WireError) in
                try Files.replace(file, with: Array(text.utf8), mode: 0o600)
            }
            try FileStatus.give(file, to: house.user)
        }
    }

    private func makeFolders(above path: String, in home: String) throws(AgentsError) {
        var folder = home
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            try FileStatus.makeFolder(folder, mode: 0o700)
            try FileStatus.give(folder, to: house.user)
        }
    }

    /// What is allowed by name, and who it is; without secrets.
    private func plainEnvironment(_ home: String) -> [String: String] {
        var variables = house.allowed(definition.environment)
        variables["HOME"] = home
        variables.merge(house.userVariables) { own, _ in own }
        return variables
    }

    private func environment() async throws -> [String: String] {
        plainEnvironment(house.loginHome).merging(try await secretValues()) { _, secret in secret }
    }

    private func secretValues() async throws -> [String: String] {
        var values: [String: String] = [:]
        for (name, source) in definition.secrets {
            guard let value = try await house.value(of: source), !value.isEmpty else {
                throw AgentsError.secretMissing(
                    agent: definition.name, variable: name, source: source)
            }
            values[name] = value
        }
        return values
    }

    /// The program's file. Never one that lies in the workspace: that was written by who knows
    /// whom.
    private func program(in environment: [String: String]) throws -> String {
        let word = adapter.program
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
