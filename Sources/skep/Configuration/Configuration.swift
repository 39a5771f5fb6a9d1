import Logging
import SkepCore
import SkepEngine
import SkepQueue
import SkepTrackers

/// What the configuration says, checked.
struct Configuration: Sendable {
    /// A repository that is worked on.
    struct Repository: Sendable, Hashable {
        let name: RepositoryName
        /// Where it is fetched from and pushed to instead of the tracker's address.
        let remote: String?
        /// How its working trees are made ready.
        let setup: RepositorySetup?
    }

    static let standardAgentUser = "skep-agent"

    /// `nil` where nothing is said of a tracker.
    let tracker: TrackerSettings?
    let repositories: [Repository]
    let stateFolder: String
    let agentsFolder: String?
    let agentUser: String
    /// How many sessions provider accounts may have at once, where that is limited.
    let accountPlaces: [ProviderAccount: Int]
    let workflowsFolder: String?
    let leaseLength: Duration
    let renewInterval: Duration
    let slots: Int
    let reportSlots: Int
    let pollInterval: Duration
    let dispatch: DispatchSettings
    /// `nil` where no webhooks are taken.
    let webhooks: WebhookSettings?
    let logLevel: Logger.Level

    /// Reads the merged layers. What isn't right goes into `mistakes`, and defaults stand in.
    init(_ tree: SettingsNode, of layers: ConfigurationLayers, into mistakes: SettingsMistakes) {
        let reader = SettingsReader(tree, of: "the configuration", mistakes: mistakes)
        tracker = reader.node("tracker").map {
            TrackerCatalog.settings($0, mistakes: mistakes)
        }
        repositories = Self.repositories(reader, layers, mistakes)
        stateFolder =
            Self.folder("state", reader, layers) ?? layers.surroundings.standardStateFolder

        let agents = reader.map("agents", of: "\"agents\"")
        agentsFolder = agents.flatMap { Self.folder("folder", $0, layers) }
        agentUser = agents?.text("user") ?? Self.standardAgentUser
        accountPlaces = agents.map(Self.accountPlaces) ?? [:]
        agents?.finish()
        let workflows = reader.map("workflows", of: "\"workflows\"")
        workflowsFolder = workflows.flatMap { Self.folder("folder", $0, layers) }
        workflows?.finish()

        let queue = reader.map("queue", of: "\"queue\"")
        let lease = queue?.integer("lease_seconds", in: 3...3600) ?? 30
        let renew = queue?.integer("renew_seconds", in: 1...1800)
        if let renew, renew * 2 > lease, let queue {
            queue.mistake(
                "\"renew_seconds\" must be at most half of \"lease_seconds\", which is \(lease)",
                at: ConfigurationLayers.node("queue.renew_seconds", in: tree)?.location
                    ?? queue.location)
        }
        leaseLength = .seconds(lease)
        renewInterval = .seconds(renew ?? max(1, lease / 3))
        queue?.finish()

        let worker = reader.map("worker", of: "\"worker\"")
        slots = worker?.integer("slots", in: 1...1000) ?? 4
        reportSlots = worker?.integer("report_slots", in: 1...100) ?? 2
        worker?.finish()
        let dispatching = reader.map("dispatch", of: "\"dispatch\"")
        pollInterval = .seconds(dispatching?.integer("poll_seconds", in: 1...86400) ?? 30)
        dispatch = DispatchSettings(dispatching, repositories: repositories.map(\.name))
        dispatching?.finish()
        webhooks = reader.map("webhooks", of: "\"webhooks\"").flatMap(WebhookSettings.init)
        let log = reader.map("log", of: "\"log\"")
        logLevel = log?.choice("level", Logger.Level.self) ?? .notice
        log?.finish()
        reader.finish()
    }

    /// The repository that a bare issue number means: the only one there is.
    var onlyRepository: RepositoryName? { repositories.count == 1 ? repositories[0].name : nil }

    var setups: [RepositoryName: RepositorySetup] {
        Dictionary(
            repositories.compactMap { repository in
                repository.setup.map { (repository.name, $0) }
            }, uniquingKeysWith: { first, _ in first })
    }

    private static func accountPlaces(_ agents: SettingsReader) -> [ProviderAccount: Int] {
        let accounts = agents.map("account_sessions", of: "agents.account_sessions")
        defer { accounts?.finish() }
        return (accounts?.keys ?? []).reduce(into: [:]) { places, account in
            places[ProviderAccount(rawValue: account)] =
                accounts?.integer(account, in: 1...1000)
        }
    }

    /// Refuses an issue in a repository that isn't worked on.
    func requireRepository(of issue: IssueReference) throws {
        try requireRepository(issue.repository)
    }

    func requireRepository(_ name: RepositoryName) throws {
        guard !repositories.contains(where: { $0.name == name }) else { return }
        throw ProgramError(
            .configuration, "Repository \(name) isn't among \"repositories\" in skep.yaml.",
            advice: "Add it there, or name another.")
    }

    private static func folder(
        _ key: String, _ reader: SettingsReader, _ layers: ConfigurationLayers
    ) -> String? {
        guard let node = reader.node(key), let text = reader.text(key) else { return nil }
        guard !text.isEmpty else {
            reader.mistake("\"\(key)\" must not be empty", at: node.location)
            return nil
        }
        return layers.surroundings.path(text, in: layers.folder(of: node.location))
    }

    private static func repositories(
        _ reader: SettingsReader, _ layers: ConfigurationLayers, _ mistakes: SettingsMistakes
    ) -> [Repository] {
        var repositories: [Repository] = []
        for node in reader.nodes("repositories") ?? [] {
            guard let repository = repository(node, layers, mistakes) else { continue }
            if repositories.contains(where: { $0.name == repository.name }) {
                mistakes.add("\"\(repository.name)\" stands there twice", at: node.location)
            } else {
                repositories.append(repository)
            }
        }
        return repositories
    }

    private static func repository(
        _ node: SettingsNode, _ layers: ConfigurationLayers, _ mistakes: SettingsMistakes
    ) -> Repository? {
        var text = ""
        var remote: String?
        var setup: RepositorySetup?
        switch node.value {
        case .text(let name): text = name
        case .map:
            let reader = SettingsReader(node, of: "a repository", mistakes: mistakes)
            text = reader.requiredText("name")
            remote = reader.text("remote").map { remote in
                remote.contains("://")
                    ? remote
                    : layers.surroundings.path(remote, in: layers.folder(of: node.location))
            }
            setup = reader.map("setup", of: "\"setup\"").map(RepositorySetup.init)
            reader.finish()
            if text.isEmpty { return nil }
        default:
            mistakes.add(
                "a repository is \"owner/name\" or {name, remote, setup}", at: node.location)
            return nil
        }
        guard let name = RepositoryName(text) else {
            mistakes.add("\"\(text)\" isn't of the form owner/name", at: node.location)
            return nil
        }
        if let remote, let scheme = remote.firstRange(of: "://"),
            !["http", "https"].contains(String(remote[..<scheme.lowerBound]))
        {
            mistakes.add(
                "\"remote\" must be a local path or an http or https address", at: node.location)
        }
        if let remote, remote.contains("://"), remote.contains("@") {
            mistakes.add(
                "\"remote\" must not carry credentials", at: node.location)
        }
        return Repository(name: name, remote: remote, setup: setup)
    }
}
