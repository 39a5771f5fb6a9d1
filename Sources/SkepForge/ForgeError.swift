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
    /// The `git` program can't be found; names what was to be done with it.
    case gitMissing(purpose: String)
    case gitFailed(command: String, message: String)
    case importFailed(source: String, message: String)
    case newerDatabase(path: String, found: Int, known: Int)
    case unsuitableDatabase(path: String, reason: String)
    case remoteBindRefused(host: String)
    case addressUnavailable(address: String, reason: String)

    public var kind: ErrorKind {
        switch self {
        case .userExists, .noSuchUser, .repositoryExists, .noSuchRepository: .conflict
        case .invalidUserName, .invalidRepositoryName, .emptyTitle: .usage
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
        case .gitMissing(let purpose): "Can't \(purpose) without the git program."
        case .gitFailed(let command, _): "\"git \(command)\" failed."
        case .importFailed(let source, _): "Can't import a repository from \"\(source)\"."
        case .newerDatabase(let path, _, _): "Can't open the tracker's database \"\(path)\"."
        case .unsuitableDatabase(let path, _): "Can't open the tracker's database \"\(path)\"."
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
        default: nil
        }
    }

    public var advice: String? {
        switch self {
        case .invalidUserName:
            "Use letters, digits, \"-\", \"_\" and \".\", at most 40, beginning with a letter or digit."
        case .noSuchUser(let name): "Add it with \"skep forge user add \(name)\"."
        case .invalidRepositoryName:
            "Write OWNER/NAME, each of letters, digits, \"-\", \"_\" and \".\"."
        case .noSuchRepository(let name): "Add it with \"skep forge repo add \(name)\"."
        case .gitMissing:
            "Install git. Reading and writing issues and comments works without it."
        case .importFailed: "Give the path or address of a git repository that can be read."
        case .newerDatabase: "Use the newer program, or another data folder."
        case .remoteBindRefused:
            "Listen on 127.0.0.1, behind a proxy that encrypts if others must reach it, or allow it explicitly."
        case .addressUnavailable: "Choose another port, or 0 for any that is free."
        default: nil
        }
    }
}
