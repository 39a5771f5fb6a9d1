internal import Foundation
public import SkepCore
internal import SkepQueue
internal import Synchronization

/// Workspaces that hold what the test puts there; what a session "changed" is what the test says.
public final class ScriptedWorkspaces: Workspaces {
    public struct State: Sendable {
        /// What is collected next, by attempts; afterwards nothing has changed.
        public var collections: [Collection] = []
        /// What attempts left that didn't come to an end, by their numbers.
        public var left: [Int: CommitID] = [:]
        public var remote: [BranchName: CommitID] = [:]
        public var requests: [WorkspaceRequest] = []
        public var rescues: [String] = []
        public var released: [RunID] = []
        public var pushFailure: (any SkepError)?
        /// What the remote's default branch is at.
        public var base: CommitID = .sample("0")
        /// What is in the working tree of a workspace that is made ready, by paths.
        public var files: [String: String] = [:]
        /// What lies between a commit and its base; one file "a" where nothing is said.
        public var comparisons: [CommitID: CommitComparison] = [:]
        public var diffs: [CommitID: String] = [:]
        /// Where a secret stands in a commit.
        public var leaks: [CommitID: [String]] = [:]
        /// What stands in the files of each commit.
        public var texts: Set<String> = []
        /// What workspaces were set up with, by run.
        public var setups: [RunID: String] = [:]
        /// What is free on their disk, in bytes.
        public var freeBytes = Int64.max
    }

    private let state: Mutex<State>
    private let folder: URL

    public init() {
        state = Mutex(State())
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "workspaces-\(UInt64.random(in: 0 ... .max))")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    public func change<R>(_ body: (inout sending State) -> sending R) -> sending R {
        state.withLock(body)
    }

    public func refresh(_ repository: RepositoryName, from access: GitAccess) async throws
        -> BranchHead
    {
        BranchHead(branch: "main", commit: state.withLock { $0.base })
    }

    public func withWorkspace<R: Sendable>(
        _ request: WorkspaceRequest, _ body: (Workspace) async throws -> R
    ) async throws -> R {
        let files = state.withLock { state in
            state.requests.append(request)
            return state.files
        }
        let place = folder.appendingPathComponent("\(request.run)")
        let workspace = Workspace(
            run: request.run, repository: request.repository, path: place.path + "/tree",
            outputPath: place.path + "/output", homePath: place.path + "/home",
            base: request.base, branch: request.branch)
        if request.resumes == nil { try Self.makeReady(place, files) }
        return try await body(workspace)
    }

    public func fullDisk() -> FullDisk? {
        FullDisk(path: "/state", freeBytes: state.withLock(\.freeBytes))
    }

    private static func makeReady(_ place: URL, _ files: [String: String]) throws {
        let manager = FileManager.default
        try? manager.removeItem(at: place)
        for name in ["tree", "output", "home"] {
            try manager.createDirectory(
                at: place.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        for (path, text) in files {
            let file = place.appendingPathComponent("tree").appendingPathComponent(path)
            try manager.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    public func setup(of workspace: Workspace) async throws -> String? {
        state.withLock { $0.setups[workspace.run] }
    }

    public func ports(_ count: Int, for run: RunID) async throws -> [Int] {
        (0..<count).map { 40_000 + $0 }
    }

    public func recordSetup(_ key: String?, of workspace: Workspace) async throws {
        state.withLock { $0.setups[workspace.run] = key }
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

    public func left(
        by attempts: Range<Int>, of run: RunID, above base: CommitID, in repository: RepositoryName
    ) async throws -> CommitID? {
        let left = state.withLock(\.left)
        return attempts.reversed().compactMap { left[$0] }.first
    }

    public func leaks(
        of screen: SecretScreen, from base: CommitID, to head: CommitID,
        in repository: RepositoryName
    ) async throws -> [String] {
        screen.isEmpty ? [] : state.withLock { $0.leaks[head] ?? [] }
    }

    public func texts(
        _ texts: Set<String>, heldBy commit: CommitID, in repository: RepositoryName
    ) async throws -> Set<String> {
        texts.intersection(state.withLock { $0.texts })
    }

    public func rescue(_ workspace: Workspace, reason: String) async throws -> String? {
        state.withLock { state in
            state.rescues.append(reason)
            return "refs/skep/rescue/run-\(workspace.run)/\(state.rescues.count)"
        }
    }

    public func kept(of run: RunID, in repository: RepositoryName) async throws -> [KeptWork] {
        []
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
        state.withLock { $0.comparisons[head] }
            ?? CommitComparison(
                commits: [], filesChanged: 1, insertions: 2, deletions: 3, paths: ["a"])
    }

    public func diff(
        of head: CommitID, with base: CommitID, in repository: RepositoryName, maxBytes: Int
    ) async throws -> String {
        let text = state.withLock { $0.diffs[head] } ?? "diff --git a/a b/a\n+changed in \(head)\n"
        return String(decoding: text.utf8.prefix(maxBytes), as: UTF8.self)
    }
}
