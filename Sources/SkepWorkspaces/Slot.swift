import SkepCore
import SkepGit
import SkepQueue

/// One place for a workspace on the disk, used by one run after the other.
///
/// It holds `tree/` (the working tree, with an island in `tree/.git`), `output/` and a folder for each
/// agent in `homes/`, which the agent may write, and `skep.git/`, `state`, `setup` and `lock`, which only Skep
/// does.
struct Slot {
    let path: String
    /// The folder, held open.
    let folder: Folder

    /// Who has it, or had it last.
    struct State: Hashable {
        var run: RunID
        var base: CommitID
        var branch: BranchName
        /// Whether the run may come back for what is in it.
        var isReserved: Bool
        /// When it was last lent or given back.
        var at: Timestamp
    }

    init(_ path: String) throws {
        self.path = path
        folder = try Folder(path)
    }

    /// The slot that a workspace is in.
    init(of workspace: Workspace, in stateFolder: String) throws {
        let suffix = "/tree"
        guard workspace.path.hasPrefix(stateFolder + "/workspaces/"),
            workspace.path.hasSuffix(suffix)
        else { throw WorkspaceError.notOurs(path: workspace.path) }
        try self.init(String(workspace.path.dropLast(suffix.count)))
    }

    var treePath: String { path + "/tree" }
    var gitPath: String { path + "/skep.git" }
    var homesPath: String { path + "/homes" }

    func lock() throws -> FileLock? { try FileLock.attempt(path + "/lock") }

    /// Takes the lock of a slot that was a run's when it was looked at; `nil` when somebody has it, or
    /// it was lent to another run since.
    func lock(of run: RunID) throws -> FileLock? {
        guard let lock = try lock(), state()?.run == run else { return nil }
        return lock
    }

    /// `nil` when it was never used, or what is written there can't be read.
    func state() -> State? {
        guard let bytes = try? folder.read("state", atMost: 4096) else { return nil }
        var facts: [Substring: Substring] = [:]
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            facts[line[..<space]] = line[line.index(after: space)...]
        }
        guard let run = facts["run"].flatMap({ RunID(String($0)) }),
            let base = facts["base"].flatMap({ CommitID(rawValue: String($0)) }),
            let branch = facts["branch"], let at = facts["at_ms"].flatMap({ Int64($0) })
        else { return nil }
        return State(
            run: run, base: base, branch: BranchName(rawValue: String(branch)),
            isReserved: facts["reserved"] == "yes", at: Timestamp(milliseconds: at))
    }

    func write(_ state: State) throws {
        let text = """
            run \(state.run)
            base \(state.base)
            branch \(state.branch)
            reserved \(state.isReserved ? "yes" : "no")
            at_ms \(state.at.milliseconds)

            """
        try folder.replace("state", Array(text.utf8))
    }

    /// What it was set up with.
    var setup: String? {
        (try? folder.read("setup", atMost: 4096)).map { String(decoding: $0, as: UTF8.self) }
    }

    func writeSetup(_ key: String?) throws {
        guard let key else { return try folder.remove("setup") }
        try folder.replace("setup", Array(key.utf8))
    }

    /// Skep's own repository over the working tree: index, and objects of the mirror.
    func repository(of mirror: Mirror) async throws -> GitRepository {
        _ = try folder.makeFolder("skep.git", mode: 0o700)
        _ = try await GitRepository.create(bare: gitPath)
        let info = try Folder(gitPath + "/objects/info")
        try info.replace("alternates", Array((mirror.objects + "\n").utf8))
        return try await GitRepository.open(gitPath, workTree: treePath)
    }
}
