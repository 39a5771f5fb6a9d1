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
        let leader = Result { try makeLeader(host, assignment, workspace) }
        // Waited for below, whatever happens.
        let leading = Task {
            // Without a request it ended before anything was begun.
            try await leader.get()?.lead() ?? SessionLeader.Outcome(digest: SessionDigest())
        }
        let session = HostedSession(
            host: host, isAdopted: isAdopted, adapter: adapter, leading: leading)
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
            do { try await leave(host, assignment, leader) } catch { obstacle = error }
        }
        leading.cancel()
        _ = await leading.result
        // Whoever comes next relies on the end; so it goes before the body's own error.
        if let obstacle { throw obstacle }
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

    func secretScreen(with others: [String]) async throws -> SecretScreen {
        let values = try await secretValues().values + others
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
        do {
            try await host.start(request)
            return false
        } catch {
            // The host that an earlier attempt was starting may have come first.
            guard try host.state() != .notStarted else { throw error }
            return true
        }
    }

    /// - Returns: `nil` when there is no request to be found.
    private func makeLeader(
        _ host: SessionHost, _ assignment: Assignment, _ workspace: Workspace
    ) throws(AgentsError) -> SessionLeader? {
        guard let request = try host.request() else { return nil }
        var brief = brief(host, assignment, workspace)
        // What it was started with, whatever an adopting worker would write today.
        brief.prompt = Self.text(of: brief.places.promptFile) ?? brief.prompt
        brief.fullPrompt = Self.text(of: fullPromptFile(host)) ?? brief.fullPrompt
        let place = SessionWorkplace(
            places: brief.places, house: house, folder: host.folder, request: request,
            environment: plainEnvironment(brief.places.home))
        let started = try wrapping { () throws(WireError) in
            try HostRecord.read(from: host.files)?.startedAt
        }
        return SessionLeader(
            host, adapter.dialogue(brief), limits: definition.limits, startedAt: started ?? .now,
            place: place, watch: assignment.watch)
    }

    private static func text(of path: String) -> String? {
        (try? Files.read(path)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
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
