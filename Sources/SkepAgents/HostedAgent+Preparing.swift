import Dispatch
import SkepCore
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension HostedAgent {
    func brief(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) -> Brief {
        let home: String
        switch definition.home.mode {
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

    /// What a session was started with, whatever would be written today.
    func brief(_ host: SessionHost, _ request: LaunchRequest) -> Brief {
        func text(_ path: String) -> String {
            String(decoding: ((try? Files.read(path)) ?? nil) ?? [], as: UTF8.self)
        }
        let places = Brief.Places(
            workspace: request.directory, home: request.environment["HOME"] ?? "",
            output: request.environment[LaunchRequest.output] ?? "",
            promptFile: host.folder + "/prompt.md", issueFile: host.folder + "/issue.md")
        return Brief(
            prompt: text(places.promptFile), resumes: request.resumes, memo: request.memo,
            fullPrompt: text(fullPromptFile(host)), places: places)
    }

    /// Everything the agent needs, put where it will look, and the request to start it.
    func prepare(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) async throws -> LaunchRequest {
        try house.checkUser()
        var brief = brief(host, assignment, workspace)
        // An agent that is another user may read its prompt by name, and nothing else.
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        try await prepareHome(brief.places.home)
        if let skills = try installSkills(brief.places.home, shelf: host.folder) {
            brief.prompt += "\n\n" + skills
            brief.fullPrompt += "\n\n" + skills
        }
        try writeForAgent(brief.prompt, to: brief.places.promptFile)
        try writeForAgent(brief.fullPrompt, to: fullPromptFile(host))
        try writeForAgent(assignment.issue.body, to: brief.places.issueFile)
        let launch = adapter.launch(brief)

        let secrets = try await secretValues()
        let environment = environment(brief, assignment, launch.variables)
            .merging(secrets) { _, secret in secret }
        let program = try program(in: environment)
        let arguments = [word(for: program)] + launch.arguments
        try checkLengths(arguments)
        var request = LaunchRequest(
            session: AgentHouse.marker(assignment.session), program: program, arguments: arguments,
            environment: environment, directory: workspace.path,
            input: launch.input == .prompt ? brief.places.promptFile : nil,
            hasDialogue: launch.input == .dialogue, adapter: Adapter.name,
            resumes: assignment.resumes, memo: launch.memo,
            secrets: (Array(secrets.values) + assignment.secrets.values).sorted(),
            user: house.user?.launchUser,
            limits: LaunchRequest.Limits(
                agent: definition.limits, grace: house.grace,
                folders: workspace.ownFolders))
        request.shutIn(
            sandbox(
                brief, host, assignment, workspace, program: program,
                searchPath: environment["PATH"] ?? ""))
        return request
    }

    /// - Returns: What the agent is told of them, where its program doesn't look by itself.
    private func installSkills(_ home: String, shelf: String) throws(AgentsError) -> String? {
        let isOwn = definition.home.mode == .own
        return try SkillInstaller(user: house.user).install(
            definition.skills.compactMap { house.skills[$0] }, adapter: Adapter.name,
            program: adapter.program, home: isOwn ? home : nil, shelf: shelf)
    }

    private func sandbox(
        _ brief: Brief, _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace,
        program: String, searchPath: String
    ) -> Sandbox? {
        let places = brief.places
        return SandboxPlan(
            policy: definition.sandbox, isReadOnly: assignment.isReadOnly,
            places: SandboxPlan.Places(
                workspace: workspace.path, output: workspace.outputPath, home: places.home,
                given: [places.promptFile, places.issueFile, host.folder + "/skills"]
                    + adapter.commandFiles + house.objects(of: workspace),
                houses: house.hidden, loginHome: house.loginHome,
                otherHomes: [house.operatorHome], links: definition.home.links,
                logins: definition.home.logins, program: program, searchPath: searchPath)
        ).sandbox
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

    func fullPromptFile(_ host: SessionHost) -> String { host.folder + "/full-prompt.md" }

    private func prepareHome(_ path: String) async throws {
        guard definition.home.mode == .own else { return }
        await takeLoginsBack(path)
        let home = try OwnHome(path, of: house.user)
        for link in definition.home.needed {
            try home.link(link, to: house.loginHome + "/" + link)
        }
    }

    /// Other sessions shall find a renewed login at once. One that can't be taken back stays in the home,
    /// and is tried again before that is removed: no reason to lose what this session did.
    func takeLoginsBack(_ path: String) async {
        await withCheckedContinuation { continuation in
            // It waits when another session is at that: not on the cooperative pool.
            DispatchQueue.global().async {
                try? house.takeLoginsBack(of: definition, from: path)
                continuation.resume()
            }
        }
    }

    /// What a session finds, and the commands that are run for it; without the agent's own secrets.
    func environment(
        _ brief: Brief, _ assignment: Assignment, _ variables: [String: String]
    ) -> [String: String] {
        var environment = plainEnvironment(brief.places.home)
        environment.merge(assignment.environment) { own, _ in own }
        environment.merge(assignment.secrets) { own, _ in own }
        environment[LaunchRequest.output] = brief.places.output
        environment.merge(variables) { _, set in set }
        return environment
    }

    /// What is allowed by name, and who it is; without secrets.
    func plainEnvironment(_ home: String) -> [String: String] {
        var variables = house.allowed(definition.environment)
        variables["HOME"] = home
        // The times at which quotas are reset are read in Skep's zone.
        if let zone = house.environment["TZ"] { variables["TZ"] = zone }
        variables.merge(house.userVariables) { own, _ in own }
        return variables
    }

    func environment() async throws -> [String: String] {
        plainEnvironment(house.loginHome).merging(try await secretValues()) { _, secret in secret }
    }

    func secretValues() async throws -> [String: String] {
        var values: [String: String] = [:]
        for (name, source) in definition.secrets {
            guard let value = try await house.value(of: source), !value.isEmpty else {
                throw AgentsError.secretMissing(
                    agent: definition.name, variable: name, source: source)
            }
            guard value.utf8.count >= SecretPatterns.shortest else {
                throw AgentsError.secretTooShort(agent: definition.name, variable: name)
            }
            values[name] = value
        }
        given.add(values)
        return values
    }

    /// The program's file, as a session finds it. Never one that lies in the workspace: that was
    /// written by who knows whom.
    func program(in environment: [String: String]) throws -> String {
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
            if let closed = closed(path) { throw closed }
            return path
        }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let found = path.split(separator: ":").filter { $0.hasPrefix("/") }
            .map { $0 + "/" + word }.filter(FileStatus.isExecutableFile)
        if let open = found.first(where: { closed($0) == nil }) { return open }
        throw found.first.flatMap(closed)
            ?? AgentsError.programMissing(agent: definition.name, program: word, searched: path)
    }

    /// What a program is called by: its path, where that was named. The Python of a virtual environment
    /// knows by it where it is.
    func word(for program: String) -> String {
        adapter.program.contains("/") ? program : adapter.program
    }

    /// Why the user that agents run as can't run a program that Skep could; `nil`: it can.
    private func closed(_ path: String) -> AgentsError? {
        guard let user = house.user, geteuid() == 0 else { return nil }
        // A sandbox puts back what a program needs of a home, also of one that is closed to others.
        let isPutBack =
            definition.sandbox.level != .none
            && [house.loginHome, house.operatorHome, "/root"].contains { path.hasPrefix($0 + "/") }
        let isOpen =
            isPutBack
            ? FileStatus.isOpen(path, to: user) : FileStatus.isReachable(path, by: user)
        return isOpen
            ? nil
            : .programClosed(agent: definition.name, program: path, user: user.name)
    }

    private func checkLengths(_ arguments: [String]) throws {
        // MAX_ARG_STRLEN of Linux, the end's zero byte counted.
        let limit = (128 << 10) - 1
        if let longest = arguments.map(\.utf8.count).max(), longest > limit {
            throw AgentsError.promptTooLong(agent: definition.name, bytes: longest, limit: limit)
        }
    }
}
