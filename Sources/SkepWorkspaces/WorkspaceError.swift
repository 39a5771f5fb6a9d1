public import SkepCore
import SkepQueue

/// What can go wrong with workspaces, apart from what git says.
public enum WorkspaceError: SkepError, Hashable {
    /// The repository was never fetched on this machine.
    case noMirror(RepositoryName)
    /// Another process has the workspace of the run.
    case inUse(RunID, path: String)
    /// The base isn't in the mirror of this machine.
    case noSuchBase(CommitID, RepositoryName)
    /// The value doesn't name a workspace of this state folder.
    case notOurs(path: String)
    case invalidBranch(BranchName)
    /// Other runs or programs have all of them.
    case noPorts(RunID, wanted: Int)

    public var kind: ErrorKind {
        switch self {
        case .noMirror, .noSuchBase: .conflict
        case .inUse, .noPorts: .unavailable
        case .notOurs: .defect
        case .invalidBranch: .configuration
        }
    }

    public var what: String {
        switch self {
        case .noMirror(let repository): "There is no mirror of \(repository) on this machine."
        case .inUse(let run, _): "Can't open the workspace of run \(run): it is in use."
        case .noSuchBase(let commit, let repository):
            "Commit \(commit) isn't in the mirror of \(repository)"
        case .notOurs(let path): "\"\(path)\" isn't a workspace."
        case .invalidBranch(let branch): "\"\(branch)\" can't be the name of a branch."
        case .noPorts(let run, let wanted): "There are no \(wanted) free ports for run \(run)."
        }
    }

    public var why: String? {
        switch self {
        case .noMirror: "It is made when the repository is fetched."
        case .inUse(_, let path): "Another process holds \"\(path)\"."
        case .noSuchBase:
            "A run's commits stay on the machine that made them until it is published."
        case .noPorts: "Other runs have them, or other programs listen there."
        case .notOurs, .invalidBranch: nil
        }
    }

    public var advice: String? {
        switch self {
        case .noMirror: nil
        case .inUse: "Wait for the worker that has it, or end it."
        case .noSuchBase: "Let the worker on that machine go on with the run."
        case .noPorts: "Wait for other runs to end, or ask for fewer in the repository's \"setup\"."
        case .notOurs: nil
        case .invalidBranch: "Change \"branch\" in the workflow."
        }
    }
}
