public import SkepCore

/// What can go wrong when the embedded tracker is opened, served or changed from the command line.
public enum ForgeError: SkepError, Equatable {
    case invalidUserName(String)
    case userExists(String)
    case noSuchUser(String)
    case invalidRepositoryName(String)
    case repositoryExists(String)
    case noSuchRepository(String)
    case emptyTitle
    case emptyComment
    case noSuchIssue(IssueReference)
    case noSuchPull(IssueReference)
    case stateIsSo(IssueReference, isOpen: Bool)
    case invalidLabel(String)
    case invalidScope(String)
    /// A word of a plan of faults, or of a list of quirks, that can't be understood.
    case invalidFault(String)
    case openDependencies(IssueReference)
    case labelNotThere(String, on: IssueReference)
    /// Only those who can write are assigned.
    case notAssignable(user: String, repository: String)
    case notAssigned(user: String, to: IssueReference)
    case notMerged(IssueReference, MergeObstacle)
    /// The `git` program can't be found; names what was to be done with it.
    case gitMissing(purpose: String)
    case gitFailed(command: String, message: String)
    case importFailed(source: String, message: String)
    case newerDatabase(path: String, found: Int, known: Int)
    case unsuitableDatabase(path: String, reason: String)
    /// The folder has no tracker, and none was to be made.
    case noTracker(folder: String)
    /// Another server has the folder; `process` is 0 when it couldn't be read.
    case alreadyServed(folder: String, process: Int32)
    case remoteBindRefused(host: String)
    case notAnAddress(String)
    case addressUnavailable(address: String, reason: String)

    public var kind: ErrorKind {
        switch self {
        case .userExists, .noSuchUser, .repositoryExists, .noSuchRepository, .noSuchIssue,
            .noSuchPull, .stateIsSo, .labelNotThere, .notAssignable, .notAssigned, .notMerged,
            .noTracker, .alreadyServed, .openDependencies:
            .conflict
        case .invalidUserName, .invalidRepositoryName, .emptyTitle, .emptyComment, .invalidLabel,
            .invalidScope, .invalidFault, .notAnAddress:
            .usage
        case .gitFailed, .importFailed, .remoteBindRefused: .refused
        case .gitMissing, .addressUnavailable: .unavailable
        case .newerDatabase, .unsuitableDatabase: .configuration
        }
    }

    public var what: String {
        switch self {
        case .invalidUserName(let name): "\"\(name)\" can't be a user's name."
        case .userExists(let name): "There is a user \"\(name)\" already."
        case .noSuchUser(let name): "There is no user \"\(name)\" on this tracker."
        case .invalidRepositoryName(let name): "\"\(name)\" can't be a repository's name."
        case .repositoryExists(let name): "There is a repository \"\(name)\" already."
        case .noSuchRepository(let name): "There is no repository \"\(name)\" on this tracker."
        case .emptyTitle: "An issue needs a title."
        case .emptyComment: "A comment needs a text."
        case .noSuchIssue(let issue): "There is no issue \(issue) on this tracker."
        case .noSuchPull(let pull): "There is no pull request \(pull) on this tracker."
        case .stateIsSo(let issue, let isOpen): "\(issue) is \(isOpen ? "open" : "closed") already."
        case .invalidLabel(let name): "\"\(name)\" can't be a label's name."
        case .invalidScope(let word): "\"\(word)\" isn't a scope of tokens."
        case .invalidFault(let word): "Can't understand \"\(word)\" as a fault or quirk."
        case .openDependencies(let issue): "Can't close \(issue)."
        case .labelNotThere(let name, let issue): "\(issue) has no label \"\(name)\"."
        case .notAssignable(let user, let repository):
            "\"\(user)\" can't be assigned to issues of \(repository)."
        case .notAssigned(let user, let issue): "\"\(user)\" isn't assigned to \(issue)."
        case .notMerged(let pull, .isMerged): "\(pull) is merged already."
        case .notMerged(let pull, _): "Can't merge \(pull)."
        case .gitMissing(let purpose): "Can't \(purpose) without the git program."
        case .gitFailed(let command, _): "\"git \(command)\" failed."
        case .importFailed(let source, _): "Can't import a repository from \"\(source)\"."
        case .newerDatabase(let path, _, _): "Can't open the tracker's database \"\(path)\"."
        case .unsuitableDatabase(let path, _): "Can't open the tracker's database \"\(path)\"."
        case .noTracker(let folder): "There is no tracker in \"\(folder)\"."
        case .alreadyServed(let folder, _): "Another \"skep forge serve\" works on \"\(folder)\"."
        case .notAnAddress(let host): "\"\(host)\" isn't an address to listen on."
        case .remoteBindRefused(let host): "The tracker doesn't listen on \"\(host)\"."
        case .addressUnavailable(let address, _): "The tracker can't listen on \(address)."
        }
    }

    public var why: String? {
        switch self {
        case .gitMissing: "No \"git\" was found in PATH."
        case .gitFailed(_, let message), .importFailed(_, let message):
            message.isEmpty ? nil : message
        case .newerDatabase(_, let found, let known):
            "Its version is \(found); this program knows versions up to \(known)."
        case .unsuitableDatabase(_, let reason), .addressUnavailable(_, let reason): reason
        case .remoteBindRefused:
            "It has no encryption: tokens and code would cross the network in the clear."
        case .notMerged(_, let obstacle): obstacle.why
        case .openDependencies: "It depends on issues that are open."
        case .notAssignable: "Only those who can write to the repository are."
        case .alreadyServed(_, let process): process > 0 ? "It is process \(process)." : nil
        default: nil
        }
    }

    public var advice: String? {
        switch self {
        case .invalidUserName:
            "Use letters, digits, \"-\", \"_\" and \".\", at most 40, beginning with a letter or digit."
        case .userExists(let name):
            "\"skep forge user token \(name)\" prints a further token for it."
        case .invalidLabel: "Write 1 to 200 bytes."
        case .invalidScope:
            "Write \"all\", \"public-only\", or read: or write: and one of \(TokenScope.Category.allCases.map(\.rawValue).joined(separator: ", "))."
        case .invalidFault:
            "Write faults such as 502=0.05, cut=2x or slow=1x@POST:repos/*/*/issues, and seed=7; quirks are \(GiteaQuirks.names)."
        case .openDependencies: "Close those first, or take the dependencies away."
        case .notAssignable(let user, let repository):
            "Let it write with \"skep forge repo grant \(repository) \(user)\"."
        case .notMerged(_, .conflict), .notMerged(_, .notFastForward):
            "Merge or rebase the branch by hand, push it, and try again."
        case .notMerged(_, .isDraft): "Take \"WIP:\" from its title."
        case .notMerged(let pull, .isClosed):
            "Open it with \"skep forge issue reopen \(pull.repository) \(pull.number)\"."
        case .notMerged(_, .baseMoved), .notMerged(_, .headMoved): "Look at it, and try again."
        case .noTracker:
            "\"skep forge user add\" makes one; --data names another folder."
        case .notAnAddress: "Give an address of this machine, such as 127.0.0.1."
        case .noSuchUser(let name): "Add it with \"skep forge user add \(name)\"."
        case .invalidRepositoryName:
            "Write OWNER/NAME, each of letters, digits, \"-\", \"_\" and \".\"."
        case .noSuchRepository(let name): "Add it with \"skep forge repo add \(name)\"."
        case .gitMissing:
            "Install git. Reading and writing issues and comments works without it."
        case .importFailed: "Give the path or address of a git repository that can be read."
        case .newerDatabase: "Use the newer program, or another data folder."
        case .remoteBindRefused:
            "Listen on 127.0.0.1, behind a proxy that encrypts if others must reach it, or pass --allow-remote."
        case .addressUnavailable: "Choose another port, or 0 for any that is free."
        default: nil
        }
    }
}

extension MergeObstacle {
    var why: String? {
        switch self {
        case .isMerged: nil
        case .isClosed: "It is closed."
        case .isDraft: "It is work in progress."
        case .headMoved(let head): "Its head is \(head) by now."
        case .baseMissing(let branch): "There is no branch \"\(branch)\" to merge it into."
        case .baseMoved(let branch): "Branch \"\(branch)\" was changed meanwhile."
        case .conflict: "It conflicts with its base."
        case .notFastForward: "Its base has commits that it lacks."
        case .isProtected(let reason): reason
        }
    }
}
