import Dispatch
public import Logging
public import SkepCore
public import SkepGit
public import SkepQueue

/// Mirrors and workspaces in the state folder of this machine.
///
/// A mirror, `mirrors/<owner>/<name>.git`, holds the remote's branches as `refs/remotes/origin/*`
/// and what runs made as `refs/skep/run-<r>/attempt-<a>`. A workspace is a `Slot` below
/// `workspaces/<owner>/<name>/`. Any number of processes may use the same state folder.
public struct LocalWorkspaces: Workspaces {
    let stateFolder: String
    let owner: FileOwner?
    let leaveHome: @Sendable (_ agent: AgentName, _ home: String) throws -> Void
    let clock: any Clock
    let logger: Logger

    /// - Parameters:
    ///   - stateFolder: An absolute path. Who works in a workspace must be able to pass through it
    ///     and to read the mirrors.
    ///   - owner: The user that agents run as, when it is another than Skep's own.
    ///   - leaveHome: Takes out of an agent's home what must outlive it. Called before others get a
    ///     run's place; while it throws, nobody does.
    public init(
        stateFolder: String, owner: FileOwner? = nil,
        leaveHome: @escaping @Sendable (_ agent: AgentName, _ home: String) throws -> Void = {
            _, _ in
        }, clock: any Clock = SystemClock(), logger: Logger
    ) {
        self.stateFolder = stateFolder
        self.owner = owner
        self.leaveHome = leaveHome
        self.clock = clock
        self.logger = logger
    }

    public func refresh(_ repository: RepositoryName, from access: GitAccess) async throws
        -> BranchHead
    {
        let remote = try GitRemote(access)
        let mirror = mirror(of: repository)
        try mirror.prepare(in: stateFolder)
        let heads = try await mirror.locked {
            try await GitRepository.create(bare: mirror.path).fetch(from: remote)
        }
        guard let branch = heads.defaultBranch, let id = heads.branches[branch] else {
            throw GitError.emptyRepository(remote: remote.description)
        }
        return BranchHead(branch: BranchName(rawValue: branch), commit: try id.commit)
    }

    public func push(
        _ head: CommitID, of repository: RepositoryName, to branch: BranchName,
        replacing old: CommitID?, access: GitAccess
    ) async throws {
        let mirror = mirror(of: repository)
        let git = try await mirror.open()
        let id = try head.object
        try await git.push(
            id, to: branch.rawValue, of: GitRemote(access), replacing: try old?.object)
        // What the next fetch would find.
        try await mirror.locked {
            try await git.forceReference("refs/remotes/origin/\(branch)", to: id)
        }
    }

    public func remoteHead(
        of branch: BranchName, in repository: RepositoryName, access: GitAccess
    ) async throws -> CommitID? {
        let heads = try await mirror(of: repository).open().heads(of: GitRemote(access))
        return try heads.branches[branch.rawValue]?.commit
    }

    public func comparison(
        of head: CommitID, with base: CommitID, in repository: RepositoryName
    ) async throws -> CommitComparison {
        let git = try await mirror(of: repository).open()
        let log = try await git.log(from: base.object, to: head.object, limit: 1000)
        let trees = try await git.comparison(of: head.object, with: base.object)
        let commits = try log.map { commit in
            CommitComparison.Commit(
                id: try commit.id.commit, summary: commit.summary,
                author: CommitAuthor(name: commit.author.name, email: commit.author.email),
                at: Timestamp(milliseconds: commit.author.seconds.multipliedOrMax(by: 1000)))
        }
        return CommitComparison(
            commits: commits, filesChanged: trees.files.count, insertions: trees.insertions,
            deletions: trees.deletions, paths: trees.files.prefix(1000).map(\.path))
    }

    public func diff(
        of head: CommitID, with base: CommitID, in repository: RepositoryName, maxBytes: Int
    ) async throws -> String {
        let git = try await mirror(of: repository).open()
        return try await git.patch(of: head.object, with: base.object, maxBytes: maxBytes).text
    }

    func mirror(of repository: RepositoryName) -> Mirror {
        Mirror(repository, stateFolder: stateFolder, clock: clock)
    }
}

/// Runs what works on many files beside the cooperative pool.
func offPool<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}

extension GitRemote {
    init(_ access: GitAccess) throws {
        // Gitea takes any name beside a token.
        let credentials = access.token.map {
            Credentials(user: access.user ?? "skep", token: $0.value)
        }
        try self.init(access.remote, credentials: credentials)
    }
}

extension CommitID {
    var object: GitObjectID {
        get throws {
            guard let id = GitObjectID(rawValue) else { throw GitError.notFound("commit \(self)") }
            return id
        }
    }
}

extension GitObjectID {
    var commit: CommitID {
        get throws {
            guard let id = CommitID(rawValue: hex) else {
                throw GitError.notFound("commit \(self)")
            }
            return id
        }
    }
}

extension Int64 {
    /// Times in commits are a stranger's numbers.
    func multipliedOrMax(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? (self < 0 ? .min : .max) : product
    }
}
