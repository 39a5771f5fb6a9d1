internal import Logging
internal import SkepCore
internal import SkepQueue

/// Makes a working tree ready as its repository's `setup` says, unless what was made for the same
/// commands and the same inputs is still there.
struct SetUp: Sendable {
    let context: StepContext
    private let setup: RepositorySetup

    /// An input that is larger is taken for changed.
    private static let maxInputBytes = 16 << 20

    /// `nil` when the repository needs none.
    init?(_ context: StepContext) {
        guard let setup = context.parts.setups[context.run.issue.repository] else { return nil }
        self.context = context
        self.setup = setup
    }

    /// Where the step ends when it can't be made ready.
    ///
    /// - Returns: `nil` when it is ready. A failure is no agent's.
    func makeReady(_ workspace: Workspace) async throws -> StepOutcome? {
        let workspaces = context.parts.workspaces
        let key = await key(in: workspace)
        if let key, try await workspaces.setup(of: workspace) == key,
            await hasCaches(workspace)
        {
            return nil
        }
        // Commands that are cut short leave who knows what.
        try await workspaces.recordSetup(nil, of: workspace)
        let environment = try await environment()
        for command in setup.commands {
            let result = try await context.parts.commands.run(
                command, in: workspace, for: context.lease.token, environment: environment,
                limits: setup.limits)
            if result.succeeded { continue }
            return outcome(of: command, result)
        }
        if let key { try await workspaces.recordSetup(key, of: workspace) }
        context.logger.info("Set up workspace")
        return nil
    }

    /// What the run's commands and sessions find in their environment.
    ///
    /// - Parameter withFiles: Whether the variables of its files are among it. Reviewers, who may be
    ///   of another provider and have nothing to run with them, don't get them.
    func environment(withFiles: Bool = true) async throws -> CommandEnvironment {
        var environment = CommandEnvironment(names: setup.environment)
        if setup.ports > 0 {
            let ports = try await context.parts.workspaces.ports(setup.ports, for: context.run.id)
            for (number, port) in ports.enumerated() {
                environment.values["SKEP_PORT_\(number + 1)"] = String(port)
            }
        }
        guard withFiles else { return environment }
        for (name, value) in try await variables() {
            if EnvironmentFile.isSecret(value) {
                environment.secrets[name] = value
            } else {
                environment.values[name] = value
            }
        }
        return environment
    }

    /// Those variables of its files whose values are kept out of what is shown.
    func secrets() async throws -> [String: String] {
        try await variables().filter { EnvironmentFile.isSecret($0.value) }
    }

    private func variables() async throws -> [String: String] {
        var variables: [String: String] = [:]
        for path in setup.environmentFiles {
            variables.merge(try await EnvironmentFile.read(path)) { _, later in later }
        }
        return variables
    }

    private func outcome(of command: String, _ result: CommandResult) -> StepOutcome {
        let message = "`\(command)`: \(result.ending)"
        var outcome: StepOutcome
        switch result.ending {
        case .lost, .stopped, .startFailed:
            // It says nothing about the command.
            outcome = StepOutcome(.retry(Failure(kind: "setup_lost", message: message)))
        case .exited, .signalled, .timedOut, .outputLimit, .silent, .overLimit:
            outcome = StepOutcome(
                .giveUp(AgentFailure(type: .setupFailed, message: message)))
        }
        outcome.tail = "$ \(command)\n\(result.tail)"
        return outcome
    }

    /// What the commands and the inputs are; `nil` when an input can't be read.
    private func key(in workspace: Workspace) async -> String? {
        await offPool { [setup] in
            guard let tree = OpenFolder(workspace.path) else { return nil }
            // Inputs that were made to have another's hash gain nothing: what they would keep is in
            // the tree, where whoever made them may change it anyway.
            var hash = FNV1a.hash(setup.commands + setup.environment)
            for path in setup.inputs {
                hash.add(path)
                switch tree.contents(of: path, atMost: Self.maxInputBytes) {
                case .bytes(let bytes): hash.add(bytes)
                case .missing: hash.add("missing")
                case .refused: return nil
                }
            }
            return hash.hex
        }
    }

    private func hasCaches(_ workspace: Workspace) async -> Bool {
        await offPool { [setup] in
            guard let tree = OpenFolder(workspace.path) else { return false }
            return setup.cache.allSatisfy { tree.folder($0.split(separator: "/")) != nil }
        }
    }
}

extension OpenFolder {
    /// The file that a path leads to.
    fileprivate func contents(of path: String, atMost limit: Int) -> Reading {
        let names = path.split(separator: "/")
        guard let name = names.last, let folder = folder(names.dropLast()) else { return .missing }
        return folder.read(String(name), atMost: limit)
    }
}

extension StepContext {
    /// Folders in the working tree that outlive a run.
    var keptFolders: [String] { parts.setups[run.issue.repository]?.cache ?? [] }
}
