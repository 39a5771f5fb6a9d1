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
    func prepare(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) async throws -> LaunchRequest {
        try house.checkUser()
        var brief = brief(host, assignment, workspace)
        // An agent that is another user may read its prompt by name, and nothing else.
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        try prepareHome(brief.places.home)
        if let skills = try installSkills(brief.places.home, shelf: host.folder) {
            brief.prompt += "\n\n" + skills
            brief.fullPrompt += "\n\n" + skills
        }
        try writeForAgent(brief.prompt, to: brief.places.promptFile)
        try writeForAgent(brief.fullPrompt, to: fullPromptFile(host))
        try writeForAgent(assignment.issue.body, to: brief.places.issueFile)
        let launch = adapter.launch(brief)
        try write(launch.homeFiles, inHome: brief.places.home)

        let secrets = try await secretValues()
        var environment = plainEnvironment(brief.places.home)
        environment.merge(assignment.environment) { own, _ in own }
        environment.merge(assignment.secrets) { own, _ in own }
        environment["SKEP_OUTPUT"] = brief.places.output
        environment.merge(launch.variables) { _, set in set }
        environment.merge(secrets) { _, secret in secret }
        let program = try program(in: environment)
        let word = adapter.program.split(separator: "/").last.map(String.init) ?? adapter.program
        let arguments = [word] + launch.arguments
        try checkLengths(arguments)
        var request = LaunchRequest(
            session: AgentHouse.marker(assignment.session), program: program, arguments: arguments,
            environment: environment, directory: workspace.path,
            input: launch.input == .prompt ? brief.places.promptFile : nil,
            hasDialogue: launch.input == .dialogue, adapter: Adapter.name,
            secrets: (Array(secrets.values) + assignment.secrets.values).sorted(),
            user: house.user?.launchUser,
            limits: LaunchRequest.Limits(
                agent: definition.limits, grace: house.grace,
                folders: [workspace.path, brief.places.home]))
        request.shutIn(
            sandbox(
                brief, host, assignment, workspace, program: program,
                searchPath: environment["PATH"] ?? ""))
        return request
    }

    /// - Returns: What the agent is told of them, where its program doesn't look by itself.
    private func installSkills(_ home: String, shelf: String) throws(AgentsError) -> String? {
        let isOwn = definition.home != .operator
        return try SkillInstaller(user: house.user).install(
            definition.skills.compactMap { house.skills[$0] }, adapter: Adapter.name,
            program: adapter.program, home: isOwn ? home : nil, shelf: shelf)
    }

    private func sandbox(
        _ brief: Brief, _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace,
        program: String, searchPath: String
    ) -> Sandbox? {
        var links: [String] = []
        if case .own(let paths) = definition.home { links = paths }
        let places = brief.places
        return SandboxPlan(
            policy: definition.sandbox, isReadOnly: assignment.isReadOnly,
            places: SandboxPlan.Places(
                workspace: workspace.path, output: workspace.outputPath, home: places.home,
                given: [places.promptFile, places.issueFile, host.folder + "/skills"]
                    + adapter.commandFiles + house.mirrors(of: workspace),
                houses: house.ownFolders, loginHome: house.loginHome,
                otherHomes: [house.operatorHome], links: links, program: program,
                searchPath: searchPath)
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

    private func prepareHome(_ home: String) throws {
        guard case .own(let links) = definition.home else { return }
        if !FileStatus.exists(home) {
            try FileStatus.makeFolder(home, mode: 0o700)
            try FileStatus.give(home, to: house.user)
        }
        for link in links {
            try makeFolders(above: link, in: home)
            try FileStatus.link(home + "/" + link, to: house.loginHome + "/" + link)
        }
    }

    private func write(_ files: [String: String], inHome home: String) throws {
        guard definition.home != .operator else { return }
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
    func plainEnvironment(_ home: String) -> [String: String] {
        var variables = house.allowed(definition.environment)
        variables["HOME"] = home
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
            values[name] = value
        }
        return values
    }

    /// The program's file. Never one that lies in the workspace: that was written by who knows
    /// whom.
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
