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
    let given = GivenSecrets()

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
        for link in definition.home.needed where !FileStatus.exists(house.loginHome + "/" + link) {
            throw AgentsError.linkMissing(
                agent: definition.name, path: house.loginHome + "/" + link)
        }
    }

    func withSession<R: Sendable>(
        _ assignment: Assignment, in workspace: Workspace,
        _ body: (any AgentSession) async throws -> R
    ) async throws -> R {
        let host = house.sessionHost(assignment.session)
        let isAdopted = try await take(host, assignment, workspace)
        // What an adopted one was started with is known only as far as it is the same today.
        if isAdopted { _ = try? await secretValues() }
        let leader = Result { try makeLeader(host, assignment) }
        // Waited for below, whatever happens.
        let leading = Task {
            // Without a request it ended before anything was begun.
            try await leader.get()?.lead() ?? SessionLeader.Outcome(digest: SessionDigest())
        }
        let session = HostedSession(
            agent: self, host: host, isAdopted: isAdopted, leading: leading)
        let outcome: Result<R, any Error>
        do {
            outcome = .success(try await body(session))
        } catch {
            outcome = .failure(error)
        }
        var obstacle: (any Error)?
        if case .failure = outcome, !Task.isCancelled {
            // The body failed for a reason of its own, while nobody wants the session ended.
        } else {
            do {
                try await leave(host, assignment, leader)
                if try host.state() != .alive { await takeLoginsBack(workspace.homePath) }
            } catch {
                obstacle = error
            }
        }
        leading.cancel()
        _ = await leading.result
        // Whoever comes next relies on the end; so it goes before the body's own error.
        if let obstacle { throw obstacle }
        return try outcome.get()
    }

    func events(of session: SessionID, waits: Bool)
        -> AsyncThrowingStream<SessionEvent, any Error>
    {
        events(of: house.sessionHost(session), waits: waits)
    }

    func events(of host: SessionHost, waits: Bool = true)
        -> AsyncThrowingStream<SessionEvent, any Error>
    {
        let request = (try? host.request()) ?? nil
        return EventReader.events(
            of: host, adapter.dialogue(request.map { brief(host, $0) }), waits: waits)
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

    func unheard(in session: SessionID) async throws -> UnheardMail {
        let host = house.sessionHost(session)
        guard let request = try host.request() else { return UnheardMail(wasPrompted: false) }
        // In another protocol's log there is nothing that this one could read.
        guard request.hasDialogue, request.adapter == Adapter.name else { return UnheardMail() }
        var reader = EventReader(host, adapter.dialogue(brief(host, request)))
        while case .entries = try reader.read() {}
        return reader.dialogue.unheard
    }

    func stop(_ session: SessionID) async throws {
        let host = house.sessionHost(session)
        if try host.state() == .alive, let leader = try makeLeader(host, nil) {
            try await leader.end()
        } else {
            try await HostedSessionReaper(house).end(session)
        }
    }

    func secretScreen(with others: [String]) async throws -> SecretScreen {
        if !given.hold(definition.secrets.keys) { _ = try await secretValues() }
        let values = given.all + others
        guard let patterns = SecretPatterns(values.sorted()) else { return .none }
        return SecretScreen { SecretFilter.redact($0, patterns) }
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
        return try await !host.startUnlessBegun(request)
    }

    /// - Parameter assignment: `nil` for one that only ends it, and runs no more errands.
    /// - Returns: `nil` when there is no request to be found.
    private func makeLeader(
        _ host: SessionHost, _ assignment: Assignment?
    ) throws(AgentsError) -> SessionLeader? {
        guard let request = try host.request() else { return nil }
        let brief = brief(host, request)
        let place = SessionWorkplace(
            places: brief.places, house: house, folder: host.folder, request: request,
            environment: assignment.map {
                environment(brief, $0, adapter.launch(brief).variables)
            } ?? [:],
            secrets: given.all + (assignment?.secrets.values ?? [:].values),
            isReadOnly: assignment?.isReadOnly ?? true)
        let started = try host.hostRecord()?.startedAt
        return SessionLeader(
            host, adapter.dialogue(brief), limits: definition.limits, startedAt: started ?? .now,
            place: place, watch: { await assignment?.watch($0) },
            tick: { await assignment?.tick($0) })
    }

    /// - Parameter leader: Leads it still, and hears what it says while it is being ended.
    private func leave(
        _ host: SessionHost, _ assignment: Assignment, _ leader: Result<SessionLeader?, any Error>
    ) async throws {
        if try host.state() == .alive, assignment.ending() == .detach { return }
        if let leader = try? leader.get() {
            try await leader.end()
        } else {
            try await host.end(grace: house.grace)
        }
    }
}
