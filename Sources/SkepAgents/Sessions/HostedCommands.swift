public import SkepCore
public import SkepQueue
import SkepWire

/// Runs commands on the same leash as agents: a host, limits, an end that leaves nobody behind.
public struct HostedCommands: Commands {
    private let house: AgentHouse
    /// How much of a command's output a result carries.
    private static let tailBytes = 16 << 10

    public init(_ house: AgentHouse) { self.house = house }

    public func run(
        _ commandLine: String, in workspace: Workspace, for lease: LeaseToken,
        environment: CommandEnvironment, limits: SessionLimits
    ) async throws -> CommandResult {
        try house.checkUser()
        let place = CommandPlace(run: workspace.run, lease: lease)
        // A worker that died may have left a command running in this very workspace.
        for earlier in house.commandPlaces() where earlier.precedes(place) {
            try await house.endCommand(earlier, grace: .zero)
        }
        let host = house.commandHost(place)
        FileStatus.removeFolder(host.folder)
        try FileStatus.makeFolder(host.folder, mode: 0o711)

        var variables = house.allowed(environment.names)
        variables.merge(environment.values) { _, value in value }
        variables.merge(environment.secrets) { _, secret in secret }
        variables["HOME"] = workspace.homePath
        variables.merge(house.userVariables) { own, _ in own }
        var request = LaunchRequest(
            session: AgentHouse.marker(workspace.run), program: "/bin/sh",
            arguments: ["sh", "-c", commandLine], environment: variables,
            directory: workspace.path, secrets: environment.secrets.values.sorted(),
            user: house.user?.launchUser,
            limits: LaunchRequest.Limits(
                limits, grace: house.grace, folders: workspace.ownFolders))
        request.shutIn(sandbox(environment.sandbox, workspace, variables["PATH"] ?? ""))
        try await host.start(request)
        let record = try await outcome(of: host)
        let result = try SessionResult(record, of: host, tailBytes: Self.tailBytes)
        FileStatus.removeFolder(host.folder)
        return CommandResult(
            ending: result.ending, tail: result.tail,
            duration: .milliseconds(record.endedAt.uptimeMS - record.startedAt.uptimeMS))
    }

    /// What an agent wrote is about to run: it gets no further than the agent did.
    private func sandbox(
        _ policy: SandboxPolicy, _ workspace: Workspace, _ searchPath: String
    ) -> Sandbox? {
        SandboxPlan(
            policy: policy, isReadOnly: false,
            places: SandboxPlan.Places(
                workspace: workspace.path, output: workspace.outputPath, home: workspace.homePath,
                given: house.objects(of: workspace), houses: house.hidden,
                loginHome: house.loginHome, otherHomes: [house.operatorHome], links: [],
                logins: [], program: "/bin/sh", searchPath: searchPath)
        ).sandbox
    }

    private func outcome(of host: SessionHost) async throws -> ExitRecord {
        do {
            _ = try await host.waitUntilOver()
        } catch {
            try await host.end(grace: house.grace)
            FileStatus.removeFolder(host.folder)
            throw error
        }
        return try await host.end(grace: house.grace)
    }
}

extension AgentHouse {
    /// Ends a command and forgets it.
    func endCommand(_ place: CommandPlace, grace: Duration) async throws {
        let host = commandHost(place)
        try await host.end(grace: grace)
        FileStatus.removeFolder(host.folder)
    }

    /// The variables of Skep's environment that may be passed on.
    func allowed(_ names: [String]) -> [String: String] {
        environment.filter { names.contains($0.key) && !isOwn($0.key) }
    }

    /// A session's marker: the number for people, the rest so that no other Skep has the same.
    static func marker(_ number: some CustomStringConvertible) -> String {
        "\(number)-" + String(UInt64.random(in: 1 << 60 ... .max), radix: 16)
    }
}

extension LaunchRequest.Limits {
    /// An agent's: its silence is judged by who leads it, who knows what it waits for.
    init(agent limits: SessionLimits, grace: Duration, folders: [String]) {
        self.init(limits, grace: grace, folders: folders)
        silenceMS = nil
    }

    /// - Parameter folders: What may be written and is the session's own, for the limit of disk.
    init(_ limits: SessionLimits, grace: Duration, folders: [String]) {
        self.init(
            wallMS: Int64(limits.time / .milliseconds(1)), outputBytes: limits.outputBytes,
            silenceMS: limits.silence.map { Int64($0 / .milliseconds(1)) },
            graceMS: Int64(grace / .milliseconds(1)), processes: UInt64(limits.processes),
            memoryBytes: limits.memoryBytes,
            processorMS: limits.processorTime.map { Int64($0 / .milliseconds(1)) },
            diskBytes: limits.diskBytes, diskFolders: limits.diskBytes == nil ? [] : folders)
    }
}

extension Workspace {
    /// The folders of a session that are its own, whatever home it has.
    var ownFolders: [String] { [path, outputPath, homePath] }
}
