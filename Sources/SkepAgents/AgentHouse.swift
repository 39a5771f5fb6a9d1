public import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What every agent and command of this Skep is started with.
public struct AgentHouse: Sendable {
    /// Absolute; each session has a folder of its own below it, named by its number.
    public var sessions: String
    /// The program `skep-host`, absolute.
    public var host: String
    /// Skep's own environment; agents get the variables that are allowed by name.
    public var environment: [String: String]
    /// The home of Skep's user, absolute. Agents that run as another have that user's.
    public var operatorHome: String
    /// `nil`: agents run as Skep's user.
    public var user: AgentUser?
    /// Whether that user may be root. False by default.
    public var allowsRoot: Bool
    /// How to call Skep itself, for agents that are part of it: program (absolute) and arguments.
    public var selfCommand: [String]
    /// Skep's own folders, state and configuration; a sandbox hides them.
    public var ownFolders: [String] = []
    /// The files that the configuration names for tokens and secrets, absolute. A sandbox hides
    /// them, too.
    public var credentialFiles: [String] = []
    /// The variables that it names for the same; they are never passed on.
    public var credentialVariables: Set<String> = []
    /// The folder of the repositories whose objects workspaces borrow: `<owner>/<name>.git`, lower
    /// case. An agent may read its own repository's objects.
    public var mirrors: String?
    /// The skills that agents' files may name, by their names.
    public var skills: [String: Skill] = [:]
    /// Between asking an agent to end and killing it. 10 s by default.
    public var grace: Duration

    public init(
        sessions: String, host: String, environment: [String: String], operatorHome: String,
        user: AgentUser? = nil, allowsRoot: Bool = false, selfCommand: [String] = [],
        grace: Duration = .seconds(10)
    ) {
        self.sessions = sessions
        self.host = host
        self.environment = environment
        self.operatorHome = operatorHome
        self.user = user
        self.allowsRoot = allowsRoot
        self.selfCommand = selfCommand
        self.grace = grace
    }

    /// Refuses to start anything as root unless that was asked for.
    func checkUser() throws(AgentsError) {
        let uid = user?.uid ?? geteuid()
        if uid == 0, !allowsRoot { throw .rootRefused }
    }

    /// The home of whoever agents run as, where its logins are.
    var loginHome: String { user?.home ?? operatorHome }

    /// The variables by which programs learn who they are.
    var userVariables: [String: String] {
        user.map { ["USER": $0.name, "LOGNAME": $0.name] } ?? [:]
    }

    /// The words of a command as they are run by whoever agents run as.
    ///
    /// - Parameter words: The program, by its name or path, and its arguments.
    public func byAgentsUser(_ words: [String]) -> [String] {
        user.map { [host, "--user", "\($0.uid):\($0.gid)"] + words } ?? words
    }

    /// What of the mirror a workspace can't be without. Its names stay hidden: of other runs, and of
    /// commits that are kept because they hold a secret.
    func objects(of workspace: Workspace) -> [String] {
        mirrors.map { ["\($0)/\(workspace.repository.description.lowercased()).git/objects"] } ?? []
    }

    /// What a sandbox hides beside homes.
    var hidden: [String] { ownFolders + credentialFiles }

    /// Whether a variable is Skep's own: its configuration, a token.
    func isOwn(_ variable: String) -> Bool {
        variable.hasPrefix("SKEP_") || credentialVariables.contains(variable)
    }

    func sessionHost(_ session: SessionID) -> SessionHost {
        SessionHost(folder: "\(sessions)/\(session)", program: host)
    }

    func commandHost(_ place: CommandPlace) -> SessionHost {
        SessionHost(folder: "\(sessions)/\(place.folder)", program: host)
    }

    /// The places of commands that are being run, or were left behind.
    func commandPlaces() -> [CommandPlace] {
        FileStatus.names(in: sessions).compactMap(CommandPlace.init(folder:))
    }
}
