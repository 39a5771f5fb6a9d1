public import SkepCore
internal import SkepQueue
internal import Synchronization

/// Workspaces that are names only; what a session "changed" is what the test says.
public final class ScriptedWorkspaces: Workspaces {
    public struct State: Sendable {
        /// What is collected next, by attempts; afterwards nothing has changed.
        public var collections: [Collection] = []
        public var remote: [BranchName: CommitID] = [:]
        public var requests: [WorkspaceRequest] = []
        public var rescues: [String] = []
        public var released: [RunID] = []
        public var pushFailure: (any SkepError)?
    }

    private let state: Mutex<State>

    public init() { state = Mutex(State()) }

    public func change<R>(_ body: (inout sending State) -> sending R) -> sending R {
        state.withLock(body)
    }

    public func refresh(_ repository: RepositoryName, from access: GitAccess) async throws
        -> BranchHead
    {
        BranchHead(branch: "main", commit: .sample("0"))
    }

    public func withWorkspace<R: Sendable>(
        _ request: WorkspaceRequest, _ body: (Workspace) async throws -> R
    ) async throws -> R {
        state.withLock { $0.requests.append(request) }
        return try await body(
            Workspace(
                run: request.run, repository: request.repository, path: "/nowhere/tree",
                outputPath: "/nowhere/output", homePath: "/nowhere/home", base: request.base,
                branch: request.branch))
    }

    public func reservations() async throws -> Set<WorkspaceReservation> {
        state.withLock { state in
            Set(
                state.requests.filter { !state.released.contains($0.run) }.map {
                    WorkspaceReservation(run: $0.run, repository: $0.repository)
                })
        }
    }

    public func release(run: RunID, of repository: RepositoryName) async throws {
        state.withLock { $0.released.append(run) }
    }

    public func collect(
        _ workspace: Workspace, attempt: Int, message: String, author: CommitAuthor
    ) async throws -> Collection {
        state.withLock { state in
            state.collections.isEmpty
                ? Collection(head: nil, notes: []) : state.collections.removeFirst()
        }
    }

    public func rescue(_ workspace: Workspace, reason: String) async throws -> String? {
        state.withLock { state in
            state.rescues.append(reason)
            return "refs/skep/rescue/run-\(workspace.run)/\(state.rescues.count)"
        }
    }

    public func push(
        _ head: CommitID, of repository: RepositoryName, to branch: BranchName,
        replacing old: CommitID?, access: GitAccess
    ) async throws {
        try state.withLock { state in
            if let failure = state.pushFailure { throw failure }
            guard state.remote[branch] != head else { return }
            guard state.remote[branch] == old else {
                throw ScriptedRefusal(kind: .conflict, what: "\(branch) has moved")
            }
            state.remote[branch] = head
        }
    }

    public func remoteHead(
        of branch: BranchName, in repository: RepositoryName, access: GitAccess
    ) async throws -> CommitID? {
        state.withLock { $0.remote[branch] }
    }

    public func comparison(
        of head: CommitID, with base: CommitID, in repository: RepositoryName
    ) async throws -> CommitComparison {
        CommitComparison(commits: [], filesChanged: 1, insertions: 2, deletions: 3, paths: ["a"])
    }

    public func diff(
        of head: CommitID, with base: CommitID, in repository: RepositoryName, maxBytes: Int
    ) async throws -> String { "" }
}
