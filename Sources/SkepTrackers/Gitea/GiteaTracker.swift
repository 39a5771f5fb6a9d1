internal import Foundation
public import Logging
public import SkepCore
public import SkepHTTP
public import SkepQueue

/// A tracker that speaks Gitea's API: Gitea, Forgejo, Codeberg, and Skep's own embedded one.
///
/// What the API promises and what servers do are two things; where they differ, the method that is
/// touched says so. Nothing is needed to begin with but the address: who the token belongs to is
/// learned on the way, since a token may not be allowed to ask.
public final class GiteaTracker: Tracker {
    let api: GiteaAPI
    private let address: HTTPURL
    let configuredLogin: LoginName?
    /// Where repositories are fetched from and pushed to instead of the tracker's address.
    let remotes: [RepositoryName: String]
    let capabilities: GiteaCapabilities

    /// - Parameters:
    ///   - address: Of the tracker's front page, below a path if it lives there; `/api/v1` is added.
    ///   - login: Whose token it is, where that is known beforehand.
    ///   - remotes: Where repositories are fetched from and pushed to instead of the tracker's
    ///     address: local paths, or addresses without credentials.
    ///   - chance: Gives numbers in 0..<1 that spread the waits of several clients.
    public init(
        address: HTTPURL, token: Secret?, login: LoginName? = nil,
        remotes: [RepositoryName: String] = [:], client: HTTPClient,
        clock: any Clock = SystemClock(), retries: GiteaRetries = GiteaRetries(),
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        logger: Logger = Logger(label: "skep.tracker")
    ) {
        self.address = address
        configuredLogin = login
        self.remotes = remotes
        capabilities = GiteaCapabilities()
        api = GiteaAPI(
            root: address.appending(["api", "v1"]), token: token, client: client,
            memory: GiteaMemory(), clock: clock, retries: retries, chance: chance, logger: logger)
    }

    private init(_ other: GiteaTracker, token: Secret) {
        address = other.address
        configuredLogin = nil
        remotes = other.remotes
        capabilities = other.capabilities
        api = GiteaAPI(
            root: other.api.root, token: token, client: other.api.client, memory: GiteaMemory(),
            clock: other.api.clock, retries: other.api.retries, chance: other.api.chance,
            logger: other.api.logger)
    }

    /// Shares connections, and the limit of requests at once, with this one.
    public func signedIn(with token: Secret) -> any Tracker { GiteaTracker(self, token: token) }

    /// Asks for the version, and, with a token, whose it is.
    ///
    /// A token that may not ask for its own user (403) is a good one all the same: the request got as
    /// far as its scopes. 401 is thrown.
    public func probe() async throws -> TrackerProbe {
        let version: GiteaVersion
        var call = GiteaCall.get(["version"], subject: "version")
        call.isPatient = false
        do {
            version = try await api.value(call)
        } catch GiteaError.notFound, GiteaError.unreadable {
            throw GiteaError.notGitea(
                url: address.description, why: "\(api.root.path)/version doesn't tell a version.")
        }
        return TrackerProbe(
            product: Self.product(version.version), version: version.version,
            login: try await askLogin() ?? configuredLogin)
    }

    /// Forgejo says "12.0.0+gitea-1.22.0", the embedded tracker "1.27.0+skep-0.1". Numbers of the
    /// two can't be compared.
    private static func product(_ version: String) -> String {
        if version.contains("+gitea-") { return "Forgejo" }
        return version.contains("+skep") ? "Skep" : "Gitea"
    }

    private func askLogin() async throws -> LoginName? {
        guard api.token != nil else { return nil }
        do {
            let user: GiteaUser = try await api.value(.get(["user"], subject: "user of the token"))
            let login = LoginName(rawValue: user.login)
            learn(login)
            return login
        } catch GiteaError.missingScope, GiteaError.forbidden, GiteaError.notFound {
            return nil
        }
    }

    func learn(_ login: LoginName) { api.memory.learn(login) }

    /// Whose token it is, said by the tracker itself; `nil` until it has.
    var provenLogin: LoginName? { api.memory.login }

    public func repository(_ name: RepositoryName) async throws -> TrackerRepository {
        let found: GiteaRepository = try await api.value(
            .get(name.path, subject: "repository \(name)", in: .repository(name)))
        return TrackerRepository(
            name: found.fullName, defaultBranch: BranchName(rawValue: found.defaultBranch),
            cloneURL: remote(of: found), isEmpty: found.isEmpty, isArchived: found.isArchived,
            canPush: found.permissions?.push, url: found.url)
    }

    /// The address git uses, below the address that is configured: the one the server tells is made of
    /// its own idea of where it is, need not be reachable, and would be sent the token. A path on
    /// this machine is taken from a tracker on this machine.
    private func remote(of found: GiteaRepository) -> String {
        if found.cloneURL.hasPrefix("/"), address.origin.isLoopback { return found.cloneURL }
        return address.appending([found.fullName.owner, found.fullName.name + ".git"]).description
    }

    /// Only an account with administration rights on the repository may ask for others. Without,
    /// `GiteaError.forbidden` is thrown, but for the owner and for the account itself.
    public func canWrite(_ user: LoginName, to repository: RepositoryName) async throws -> Bool {
        guard user != LoginName(rawValue: repository.owner) else { return true }
        let call = GiteaCall.get(
            [
                "repos", repository.owner, repository.name, "collaborators", user.rawValue,
                "permission",
            ], subject: "the rights of \(user) on \(repository)")
        do {
            let answer: GiteaPermission = try await api.value(call)
            return ["owner", "admin", "write"].contains(answer.permission)
        } catch GiteaError.notFound {
            return false
        }
    }
}
