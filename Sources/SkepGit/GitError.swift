/// What can go wrong with a repository. Never holds a token.
public enum GitError: Error, Sendable, Hashable {
    /// There is no such commit, reference or file.
    case notFound(String)
    case notARepository(path: String)
    /// The remote has no branch yet.
    case emptyRepository(remote: String)
    /// The remote wants credentials, or others.
    case authentication(remote: String)
    /// The remote answers, but not with this repository, or not to us.
    case refused(remote: String, reason: String)
    /// The remote took the push and refused the reference.
    case rejected(reference: String, reason: String)
    /// The remote's branch isn't where it was thought to be; nothing was pushed.
    case staleLease(reference: String, expected: GitObjectID?, found: GitObjectID?)
    /// A reference isn't where it was thought to be; nothing was changed.
    case staleReference(String)
    case unreachable(remote: String, reason: String)
    case timedOut(remote: String, after: Duration)
    /// The remote sent us to another host; credentials are not taken there.
    case redirected(remote: String, host: String)
    case certificate(remote: String)
    case invalidRemote(reason: String)
    /// Files are in the way of a checkout.
    case conflict(String)
    case corrupt(String)
    /// Another process holds a lock file of the repository.
    case locked(String)
    case invalidName(String)
    /// A patch can't be read or doesn't fit. Nothing was changed.
    case patch(file: String?, hunk: String?, reason: String)
    case exists(String)
    /// A file can't be read or written.
    case file(path: String, reason: String)
    /// Anything else, with libgit2's code and, if it gave any, its text.
    case other(code: Int32, what: String, message: String)
}

extension GitError: CustomStringConvertible {
    public var description: String {
        [what, why, advice].compactMap { $0 }.joined(separator: "\n")
    }

    /// What happened, and to which thing.
    public var what: String {
        switch self {
        case .notFound(let name): "There is no \(name)"
        case .notARepository(let path): "There is no git repository at \"\(path)\"."
        case .emptyRepository(let remote): "The repository \(remote) is empty."
        case .authentication(let remote): "Can't log in to \(remote)"
        case .refused(let remote, _): "The server of \(remote) refused."
        case .rejected(let reference, _): "The remote refused the push to \"\(reference)\"."
        case .staleLease(let reference, _, _): "Can't push to \"\(reference)\": it has moved."
        case .staleReference(let name): "Can't change \"\(name)\": it has moved."
        case .unreachable(let remote, _): "Can't reach \(remote)"
        case .timedOut(let remote, _): "The server of \(remote) fell silent."
        case .redirected(let remote, let host): "\(remote) leads to another server, \"\(host)\"."
        case .certificate(let remote): "The certificate of \(remote) isn't valid."
        case .invalidRemote: "The remote's address can't be used."
        case .conflict(let what): what
        case .corrupt(let what): "The repository is damaged: \(what)."
        case .locked(let what): "The repository is locked: \(what)."
        case .invalidName(let name): "\"\(name)\" can't be a git name."
        case .patch(let file, let hunk, _):
            if let file, let hunk {
                "Can't apply the patch to \"\(file)\" at \(hunk)"
            } else if let file {
                "Can't apply the patch to \"\(file)\"."
            } else {
                "Can't apply the patch."
            }
        case .exists(let name): "\"\(name)\" exists already."
        case .file(let path, _): "Can't read or write \"\(path)\"."
        case .other(_, let what, _): "\(what)."
        }
    }

    public var why: String? {
        switch self {
        case .notFound, .notARepository, .exists, .conflict: nil
        case .emptyRepository: "It has no branch with a commit."
        case .authentication: "The user name or token was refused, or none was given."
        case .refused(_, let reason), .rejected(_, let reason), .unreachable(_, let reason),
            .invalidRemote(let reason), .patch(_, _, let reason), .file(_, let reason):
            reason
        case .staleLease(_, let expected, let found):
            "Expected \(Self.place(expected)), found \(Self.place(found))."
        case .staleReference: "Somebody else changed it since it was read."
        case .timedOut(_, let length): "Nothing came for \(length.components.seconds) seconds."
        case .redirected: "Credentials are given to the configured server only."
        case .certificate: "It is expired, for another name, or signed by nobody we know."
        case .corrupt: nil
        case .locked: "Another program is changing it, or one was ended while it did."
        case .invalidName: "Git allows no spaces, \"..\", \"~^:?*[\\\", or \".lock\" at the end."
        case .other(let code, _, let message):
            message.isEmpty
                ? "libgit2's code is \(code)." : "libgit2 says \"\(message)\" (\(code))."
        }
    }

    public var advice: String? {
        switch self {
        case .emptyRepository: "Push a first commit to it."
        case .authentication:
            "Check the account's token and that it may read and write repositories."
        case .refused: "Check the repository's name and what the token may do."
        case .rejected: "See the branch's protection on the server."
        case .staleLease: "Fetch, and decide what to do with what is there."
        case .unreachable, .timedOut: "Try again later; check the address and the network."
        case .redirected: "Put the new address into the configuration."
        case .certificate: "Install the server's authority on this machine."
        case .invalidRemote: "Give a path, or an http or https address without credentials."
        case .corrupt:
            "Remove the mirror; it is fetched again. Look for unpublished work in it first."
        case .locked: "Remove the file if no program uses the repository."
        case .notFound, .notARepository, .staleReference, .conflict, .invalidName, .patch, .exists,
            .file, .other:
            nil
        }
    }

    private static func place(_ id: GitObjectID?) -> String { id?.hex ?? "no such branch" }
}
