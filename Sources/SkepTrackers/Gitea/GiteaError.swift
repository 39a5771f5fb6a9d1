public import SkepCore
public import SkepHTTP
public import SkepQueue

/// What can go wrong with a Gitea-style tracker.
public enum GiteaError: SkepError, Hashable {
    /// 401. `redirectedTo` says where the answer came from when that is another place than the
    /// address in the configuration: a token isn't taken along there.
    case unauthorized(host: String, hasToken: Bool, redirectedTo: String?)
    /// 403: the token is good, but was made without a scope that this needs.
    case missingScope(required: [String], granted: [String], request: String)
    /// 403 for another reason: no right to it, a locked issue, an archived repository. `needs` is
    /// what the account must have, where the request tells.
    case forbidden(subject: String, request: String, message: String, needs: String?)
    /// 404: not there, or not visible with this token; a tracker doesn't say which.
    case notFound(subject: String, hasToken: Bool)
    /// 404 for what there is reason to believe was there.
    case gone(subject: String, Absence)
    /// 409.
    case conflict(subject: String, message: String)
    /// It can't be done as things stand: 405, 409 and 412 where they are understood.
    case prevented(subject: String, Obstacle, message: String)
    /// 400, 412, 422 and other refusals of what was sent.
    case invalid(subject: String, status: Int, message: String)
    /// A write was answered with a redirect that doesn't promise to keep it a write.
    case moved(subject: String, to: String)
    /// 429 or 503, still so after the tries there are.
    case busy(host: String, status: Int, retryAt: Timestamp?)
    /// Another 5xx.
    case serverFailed(request: String, status: Int, message: String)
    /// What answers isn't a Gitea: a web page, or JSON of another kind.
    case notGitea(url: String, why: String)
    /// An answer lacks what every Gitea sends.
    case unreadable(request: String, why: String)
    case noSuchLabel(String, repository: String)
    /// The tracker answered well but didn't do it, as it does for accounts that may not write.
    case ignored(subject: String, what: String)
    /// A review was taken as a draft that nobody sees.
    case keptAsDraft(subject: String, event: String)
    /// This tracker, or this repository of it, can't do that.
    case unsupported(what: String, subject: String)
    /// It isn't known whether a write took place, and looking failed as well.
    case outcomeUnknown(subject: String, why: String)
    case transport(HTTPError)
    /// The token can't be had from where the configuration says.
    case token(what: String, why: String, advice: String)

    public enum Absence: Hashable, Sendable {
        /// This account has read the repository before.
        case repositoryWasThere
        /// The repository is there, the issue isn't.
        case repositoryAnswers
    }

    public enum Obstacle: Hashable, Sendable {
        /// Issues that block this one are open.
        case openDependencies
        /// A pull request that is merged can't be opened again.
        case merged
        case closed
        /// The branch has other commits than those that were to be merged.
        case headMoved(from: String, to: String)
        /// A conflict with the base.
        case conflicts
        /// 405: a draft, missing approvals or checks, or a style that isn't allowed.
        case notMergeable
        /// Somebody changed the text since it was read.
        case textChanged
    }

    public var kind: ErrorKind {
        switch self {
        case .unauthorized, .missingScope, .moved, .notGitea, .token: .configuration
        case .forbidden, .invalid, .unreadable, .ignored, .keptAsDraft, .unsupported: .refused
        case .notFound, .gone, .conflict, .prevented, .noSuchLabel: .conflict
        case .busy, .serverFailed, .outcomeUnknown: .unavailable
        case .transport(let error): error.kind
        }
    }

    /// A token is renewed, a proxy shows its maintenance page for a while: work that is done must
    /// not be given up for that.
    public var retryAt: Timestamp? {
        if case .busy(_, _, let time) = self { time } else { nil }
    }

    public var mayPass: Bool {
        switch self {
        case .unauthorized, .missingScope, .moved, .notGitea, .forbidden, .unreadable: true
        default: kind == .unavailable
        }
    }

    /// Whether a write that ended so may have taken place all the same.
    var mayHaveHappened: Bool {
        switch self {
        case .serverFailed, .busy(_, 503, _), .unreadable: true
        case .transport(let error): error.mayHaveArrived
        default: false
        }
    }
}

extension HTTPError {
    fileprivate var kind: ErrorKind {
        switch self {
        case .invalidURL, .redirectRefused, .tooManyRedirects: .configuration
        case .invalidRequest: .defect
        case .tooLarge: .refused
        case .unreachable, .tls, .timedOut, .cut, .malformed, .exhausted: .unavailable
        }
    }
}
