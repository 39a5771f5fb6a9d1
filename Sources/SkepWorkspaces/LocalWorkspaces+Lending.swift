import Logging
public import SkepCore
import SkepGit
import SkepQueue

extension LocalWorkspaces {
    /// How long a slot is kept for a run that doesn't come back. Longer than any session may last.
    static let reservation = Duration.seconds(8 * 24 * 3600)

    /// Lends a workspace for as long as `body` runs.
    ///
    /// The workspace stays reserved for the run, which finds it as it was when it resumes: a session
    /// may still be at work there, and what it did may not be settled.
    public func withWorkspace<R: Sendable>(
        _ request: WorkspaceRequest, _ body: (Workspace) async throws -> R
    ) async throws -> R {
        guard GitRepository.isValid(branch: request.branch.rawValue) else {
            throw WorkspaceError.invalidBranch(request.branch)
        }
        let mirror = mirror(of: request.repository)
        let base = try request.base.object
        guard try await mirror.open().hasCommit(base) else {
            throw WorkspaceError.noSuchBase(request.base, request.repository)
        }
        let (slot, lock) = try slot(for: request)
        defer { withExtendedLifetime(lock) {} }
        let workspace = try await prepare(slot, for: request, mirror)
        return try await body(workspace)
    }

    public func setup(of workspace: Workspace) async throws -> String? {
        try Slot(of: workspace, in: stateFolder).setup
    }

    public func recordSetup(_ key: String?, of workspace: Workspace) async throws {
        try Slot(of: workspace, in: stateFolder).writeSetup(key)
    }

    public func reservations() async throws -> Set<WorkspaceReservation> {
        var found: Set<WorkspaceReservation> = []
        let root = try Folder(stateFolder).makeFolder("workspaces")
        for owner in try root.names().names {
            for name in try Folder("\(root.path)/\(owner)").names().names {
                guard let repository = RepositoryName("\(owner)/\(name)") else { continue }
                for slot in try slots(of: repository) {
                    guard let state = slot.state(), state.isReserved else { continue }
                    found.insert(WorkspaceReservation(run: state.run, repository: repository))
                }
            }
        }
        return found
    }

    public func release(run: RunID, of repository: RepositoryName) async throws {
        var locks: [FileLock] = []
        var isLent = false
        for slot in try slots(of: repository) where slot.state()?.run == run {
            guard let lock = try slot.lock(of: run) else {
                isLent = isLent || slot.state()?.run == run
                continue
            }
            try release(slot)
            locks.append(lock)
        }
        // A run that was tried again is at work, and its ports are its own.
        if !isLent { try await releasePorts(of: run) }
        withExtendedLifetime(locks) {}
    }

    private func release(_ slot: Slot) throws {
        try leaveHomes(of: slot)
        guard var state = slot.state() else { return }
        state.isReserved = false
        state.at = clock.now
        try slot.write(state)
    }

    private func leaveHomes(of slot: Slot) throws {
        guard slot.folder.status("homes")?.kind == .folder else { return }
        for name in try slot.folder.folder("homes").names().names {
            try leaveHome(AgentName(rawValue: name), slot.homesPath + "/" + name)
        }
    }

    // MARK: Choosing

    private func slots(of repository: RepositoryName) throws -> [Slot] {
        let path = try slotsFolder(of: repository).path
        let numbers = try Folder(path).names().names.compactMap { Int($0) }
        return try numbers.sorted().map { try Slot("\(path)/\($0)") }
    }

    private func slotsFolder(of repository: RepositoryName) throws -> Folder {
        var folder = try Folder(stateFolder)
        let names = ["workspaces", repository.owner.lowercased(), repository.name.lowercased()]
        for name in names { folder = try folder.makeFolder(name) }
        return folder
    }

    /// The run's own slot, else one that is free, else a new one; locked.
    private func slot(for request: WorkspaceRequest) throws -> (Slot, FileLock) {
        let slots = try slots(of: request.repository).map { ($0, $0.state()) }
        if let path = request.resumes {
            // That one or none: the session's work is nowhere else.
            guard let (slot, _) = slots.first(where: { $0.0.treePath == path }) else {
                throw WorkspaceGone(run: request.run, path: path)
            }
            guard let lock = try slot.lock() else {
                throw WorkspaceError.inUse(request.run, path: slot.path)
            }
            guard slot.state()?.run == request.run else {
                throw WorkspaceGone(run: request.run, path: path)
            }
            return (slot, lock)
        }
        for (slot, state) in slots where state?.run == request.run {
            if let lock = try slot.lock(of: request.run) { return (slot, lock) }
        }
        for (slot, _) in slots {
            guard let lock = try slot.lock() else { continue }
            // Read again: it may have been lent since.
            if let state = slot.state(), state.isReserved, state.run != request.run,
                clock.now - state.at < Self.reservation
            {
                continue
            }
            if isLeft(slot) { return (slot, lock) }
        }
        return try newSlot(of: request.repository, after: slots.count)
    }

    /// Whether what must outlive the homes in it has been taken out; their time may have run out, or
    /// what is written about them was lost, without their run having been released.
    private func isLeft(_ slot: Slot) -> Bool {
        do {
            try leaveHomes(of: slot)
            return true
        } catch {
            logger.warning(
                "Can't use a workspace again",
                metadata: [LogKeys.path: "\(slot.path)", LogKeys.error: "\(error)"])
            return false
        }
    }

    private func newSlot(of repository: RepositoryName, after count: Int) throws -> (Slot, FileLock)
    {
        let folder = try slotsFolder(of: repository)
        var number = count + 1
        while true {
            _ = try folder.makeFolder(String(number))
            let slot = try Slot("\(folder.path)/\(number)")
            // Somebody else may have made the same one at this moment.
            if slot.state() == nil, let lock = try slot.lock(), slot.state() == nil {
                return (slot, lock)
            }
            number += 1
        }
    }

    // MARK: Preparing

    private func prepare(_ slot: Slot, for request: WorkspaceRequest, _ mirror: Mirror) async throws
        -> Workspace
    {
        let old = slot.state()
        let tree = slot.folder.status("tree")
        if request.resumes != nil, var state = old {
            state.isReserved = true
            state.at = clock.now
            try slot.write(state)
            return workspace(slot, state, request)
        }
        if let old, tree?.kind == .folder {
            let found = workspace(slot, old, request)
            if let name = try await rescue(found, reason: "before reuse") {
                logger.notice(
                    "Saved what was left in a workspace",
                    metadata: [
                        LogKeys.run: "\(old.run)", LogKeys.repository: "\(request.repository)",
                        LogKeys.path: "\(slot.path)", LogKeys.outcome: "\(name)",
                    ])
            }
        }
        let state = Slot.State(
            run: request.run, base: request.base, branch: request.branch, isReserved: true,
            at: clock.now)
        try await fill(slot, for: request, mirror)
        try await emptyFolders(of: slot, for: request, keepingHomes: old?.run == request.run)
        // Last: what is there before belongs to the run named before.
        try slot.write(state)
        return workspace(slot, state, request)
    }

    private func fill(_ slot: Slot, for request: WorkspaceRequest, _ mirror: Mirror) async throws {
        let owner = owner
        if slot.folder.status("tree")?.user != owner?.user, owner != nil {
            // Nothing of another user's is built upon.
            try await offPool { try slot.folder.remove("tree") }
        }
        if slot.folder.status("tree") == nil || !request.keepsIgnored && request.keeps.isEmpty {
            try slot.writeSetup(nil)
        }
        let tree = try slot.folder.makeFolder("tree", owner: owner)
        try await offPool { try tree.remove(".git") }
        let git = try await slot.repository(of: mirror)
        try await git.checkOut(
            request.base.object, keepsIgnored: request.keepsIgnored,
            keeping: Set(request.keeps), owner: owner)
        let index = try? Folder(slot.gitPath).read("index", atMost: 256 << 20)
        try Island.make(
            in: tree, branch: request.branch, base: request.base, author: request.author,
            objects: mirror.objects, remote: try await newest(of: mirror), index: index,
            owner: owner)
    }

    /// The default branch as it was fetched last.
    private func newest(of mirror: Mirror) async throws -> BranchHead? {
        let git = try await mirror.open()
        let prefix = "refs/heads/"
        guard let head = try await git.headTarget(), head.hasPrefix(prefix) else { return nil }
        let branch = String(head.dropFirst(prefix.count))
        guard GitRepository.isValid(branch: branch),
            let id = try await git.resolve("refs/remotes/origin/" + branch)
        else { return nil }
        return BranchHead(branch: BranchName(rawValue: branch), commit: try id.commit)
    }

    /// Agents of the same run don't see each other's homes, and find their own again.
    private func emptyFolders(
        of slot: Slot, for request: WorkspaceRequest, keepingHomes: Bool
    ) async throws {
        let owner = owner
        let name = Self.homeName(of: request.author)
        try await offPool {
            try slot.folder.remove("output")
            _ = try slot.folder.makeFolder("output", mode: 0o700, owner: owner)
            if !keepingHomes { try slot.folder.remove("homes") }
            // Who works there passes through, and sees nothing on the way.
            let homes = try slot.folder.makeFolder("homes", mode: 0o711)
            _ = try homes.makeFolder(name, mode: 0o700, owner: owner)
        }
    }

    /// Names of agents are names of files; whatever else comes shares one folder.
    private static func homeName(of author: CommitAuthor) -> String {
        AgentName(rawValue: author.name).isValid ? author.name : "agent"
    }

    private func workspace(_ slot: Slot, _ state: Slot.State, _ request: WorkspaceRequest)
        -> Workspace
    {
        Workspace(
            run: state.run, repository: request.repository, path: slot.treePath,
            outputPath: slot.path + "/output",
            homePath: slot.homesPath + "/" + Self.homeName(of: request.author), base: state.base,
            branch: state.branch)
    }
}
