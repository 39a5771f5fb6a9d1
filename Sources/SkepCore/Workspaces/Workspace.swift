public import SkepQueue

/// A working tree in a repository of its own, lent to one run.
public struct Workspace: Sendable, Hashable {
    public let run: RunID
    public let repository: RepositoryName
    /// The working tree.
    public let path: String
    /// An empty folder for what a step writes beside its changes.
    public let outputPath: String
    /// The agent's HOME where it has its own.
    public let homePath: String
    /// The commit it was made at.
    public let base: CommitID
    /// The branch that is checked out.
    public let branch: BranchName

    public init(
        run: RunID, repository: RepositoryName, path: String, outputPath: String,
        homePath: String, base: CommitID, branch: BranchName
    ) {
        self.run = run
        self.repository = repository
        self.path = path
        self.outputPath = outputPath
        self.homePath = homePath
        self.base = base
        self.branch = branch
    }
}

/// What a workspace is wanted for.
public struct WorkspaceRequest: Sendable, Hashable {
    public var run: RunID
    public var repository: RepositoryName
    public var base: CommitID
    public var branch: BranchName
    /// Name and address that the agent's own commits get.
    public var author: CommitAuthor
    /// The path of the run's workspace that is wanted as it was left, for a session that goes on
    /// there; `nil`: any, made ready at `base`.
    public var resumes: String?
    /// Whether ignored files of an earlier use may stay (build results, dependencies).
    public var keepsIgnored: Bool
    /// Ignored folders of an earlier use that may stay in any case: caches of dependencies.
    public var keeps: [String]

    public init(
        run: RunID, repository: RepositoryName, base: CommitID, branch: BranchName,
        author: CommitAuthor, resumes: String? = nil, keepsIgnored: Bool = false,
        keeps: [String] = []
    ) {
        self.run = run
        self.repository = repository
        self.base = base
        self.branch = branch
        self.author = author
        self.resumes = resumes
        self.keepsIgnored = keepsIgnored
        self.keeps = keeps
    }
}

/// The workspace of a session is gone, or another run's.
public struct WorkspaceGone: SkepError, Hashable {
    public let run: RunID
    public let path: String

    public init(run: RunID, path: String) {
        self.run = run
        self.path = path
    }

    public var kind: ErrorKind { .conflict }
    public var what: String { "The workspace \"\(path)\" of run \(run) is gone." }
}

/// That a run has a workspace.
public struct WorkspaceReservation: Sendable, Hashable {
    public let run: RunID
    public let repository: RepositoryName

    public init(run: RunID, repository: RepositoryName) {
        self.run = run
        self.repository = repository
    }
}

public struct CommitAuthor: Sendable, Hashable {
    public let name: String
    public let email: String

    public init(name: String, email: String) {
        self.name = name
        self.email = email
    }
}

/// Keeps mirrors of repositories, lends workspaces, collects what was made there, pushes it.
///
/// Errors conform to `SkepError`; `kind == .unavailable` where trying later may help.
public protocol Workspaces: Sendable {
    /// Fetches the repository and answers with the default branch and its head.
    ///
    /// - Throws: An error of kind `.refused` when the repository is empty.
    func refresh(_ repository: RepositoryName, from access: GitAccess) async throws -> BranchHead

    /// Lends a workspace at `request.base` for as long as `body` runs. What was left in it by an
    /// earlier use is saved under `refs/skep/rescue/` first, then taken away. It stays the run's
    /// until the run is released.
    ///
    /// - Throws: `WorkspaceGone` when the one to resume isn't there any more.
    func withWorkspace<R: Sendable>(
        _ request: WorkspaceRequest, _ body: (Workspace) async throws -> R
    ) async throws -> R

    /// The disk that workspaces are on, where it is nearly full.
    func fullDisk() -> FullDisk?

    /// The runs that have workspaces.
    func reservations() async throws -> Set<WorkspaceReservation>

    /// Lets others have the workspaces of a run that is closed. Those in use stay, and so do those
    /// with something in an agent's home that must outlive it and can't be taken out: then it throws.
    func release(run: RunID, of repository: RepositoryName) async throws

    /// What a workspace was set up with, as `recordSetup` was told; `nil` when it wasn't, or when
    /// nothing of that was kept since.
    func setup(of workspace: Workspace) async throws -> String?
    /// Writes down what a workspace is set up with; `nil`: it isn't any more.
    func recordSetup(_ key: String?, of workspace: Workspace) async throws

    /// Ports of this machine's loopback interface that are a run's alone until it is released, the
    /// same ones each time it asks.
    ///
    /// - Throws: An error of kind `.unavailable` when there aren't so many.
    func ports(_ count: Int, for run: RunID) async throws -> [Int]

    /// Imports what was made in a workspace as `refs/skep/run-<r>/attempt-<a>`. Trusts nothing but
    /// the files: no hook, filter or configuration found there is used.
    func collect(
        _ workspace: Workspace, attempt: Int, message: String, author: CommitAuthor
    ) async throws -> Collection

    /// The commit that the newest of some attempts at a run left above `base`; `nil`: none did. In any
    /// workspace of the repository it can be read by its id.
    func left(
        by attempts: Range<Int>, of run: RunID, above base: CommitID, in repository: RepositoryName
    ) async throws -> CommitID?

    /// Where the commits of the mirror that lead to `head` and not to `base` hold a secret, in a file
    /// that one of them adds or changes, in its path, or in the commit itself: each a few words that
    /// name the place, "config.env in commit 1a2b3c4". Empty when nowhere.
    func leaks(
        of screen: SecretScreen, from base: CommitID, to head: CommitID,
        in repository: RepositoryName
    ) async throws -> [String]

    /// Those of some texts that stand in a file of a commit of the mirror.
    func texts(_ texts: Set<String>, heldBy commit: CommitID, in repository: RepositoryName)
        async throws -> Set<String>

    /// Saves the workspace as it is under `refs/skep/rescue/run-<r>/…`, if anything is in it that
    /// isn't known already.
    ///
    /// - Returns: The name of the ref, `nil` when there was nothing to save.
    func rescue(_ workspace: Workspace, reason: String) async throws -> String?

    /// What attempts of a run have made and what was saved from its workspaces, the newest first;
    /// commits that an attempt's result doesn't contain last.
    func kept(of run: RunID, in repository: RepositoryName) async throws -> [KeptWork]

    /// Pushes a commit to a branch of the remote, if the branch is where it is thought to be.
    ///
    /// Pushing what is there already is done at once.
    ///
    /// - Parameter old: The commit the branch has; `nil`: it doesn't exist.
    /// - Throws: An error of kind `.conflict` when the branch is somewhere else.
    func push(
        _ head: CommitID, of repository: RepositoryName, to branch: BranchName,
        replacing old: CommitID?, access: GitAccess
    ) async throws

    /// The head of a branch on the remote, asked now; `nil` when it doesn't exist.
    func remoteHead(of branch: BranchName, in repository: RepositoryName, access: GitAccess)
        async throws -> CommitID?

    /// What lies between two commits of the mirror.
    func comparison(of head: CommitID, with base: CommitID, in repository: RepositoryName)
        async throws -> CommitComparison
    /// The unified diff between two commits, cut at `maxBytes`.
    func diff(
        of head: CommitID, with base: CommitID, in repository: RepositoryName, maxBytes: Int
    ) async throws -> String
}

public struct BranchHead: Sendable, Hashable {
    public let branch: BranchName
    public let commit: CommitID

    public init(branch: BranchName, commit: CommitID) {
        self.branch = branch
        self.commit = commit
    }
}

/// What was found in a workspace after a session.
public struct Collection: Sendable, Hashable {
    /// The newest commit above the base; `nil` when nothing changed.
    public let head: CommitID?
    /// What was out of the ordinary, each a sentence for the report: "It deleted its branch; …".
    public let notes: [String]
    /// Whether there is nothing to look at any more: the working tree was removed.
    public let isTreeGone: Bool

    public init(head: CommitID?, notes: [String], isTreeGone: Bool = false) {
        self.head = head
        self.notes = notes
        self.isTreeGone = isTreeGone
    }
}

/// A commit that is kept of a run, whatever became of the run.
public struct KeptWork: Sendable, Hashable {
    /// Its name in the mirror: "refs/skep/run-4/attempt-3".
    public let reference: String
    public let commit: CommitID
    public let at: Timestamp

    public init(reference: String, commit: CommitID, at: Timestamp) {
        self.reference = reference
        self.commit = commit
        self.at = at
    }
}

public struct CommitComparison: Sendable, Hashable {
    public struct Commit: Sendable, Hashable {
        public let id: CommitID
        public let summary: String
        public let author: CommitAuthor
        public let at: Timestamp

        public init(id: CommitID, summary: String, author: CommitAuthor, at: Timestamp) {
            self.id = id
            self.summary = summary
            self.author = author
            self.at = at
        }
    }

    /// Newest first.
    public let commits: [Commit]
    public let filesChanged: Int
    public let insertions: Int
    public let deletions: Int
    /// Changed paths, at most 1,000.
    public let paths: [String]

    public init(
        commits: [Commit], filesChanged: Int, insertions: Int, deletions: Int, paths: [String]
    ) {
        self.commits = commits
        self.filesChanged = filesChanged
        self.insertions = insertions
        self.deletions = deletions
        self.paths = paths
    }
}
