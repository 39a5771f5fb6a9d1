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
    /// 403 for another reason: no right to it, a locked issue, an archived repository.
    case forbidden(subject: String, request: String, message: String)
    /// 404: not there, or not visible with this token; a tracker doesn't say which.
    case notFound(subject: String, hasToken: Bool)
    /// 409.
    case conflict(subject: String, message: String)
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
    /// It isn't known whether a write took place, and looking failed as well.
    case outcomeUnknown(subject: String, why: String)
    case transport(HTTPError)
    /// The token can't be had from where the configuration says.
    case token(what: String, why: String, advice: String)

    public var kind: ErrorKind {
        switch self {
        case .unauthorized, .missingScope, .moved, .notGitea, .token: .configuration
        case .forbidden, .invalid, .unreadable, .ignored: .refused
        case .notFound, .conflict, .noSuchLabel: .conflict
        case .busy, .serverFailed, .outcomeUnknown: .unavailable
        case .transport(let error): error.kind
        }
    }

    /// A token is renewed, a proxy shows its maintenance page for a while: work that is done must
    /// not be given up for that.
    public var mayPass: Bool {
        switch self {
        case .unauthorized, .missingScope, .moved, .notGitea, .forbidden, .unreadable: true
        default: kind == .unavailable
        }
    }

    public var what: String {
        switch self {
        case .unauthorized(let host, true, _): "\(host) doesn't accept the token."
        case .unauthorized(let host, false, _): "\(host) wants a token, and there is none."
        case .missingScope(let required, _, let request):
            "The token lacks the scope \(Self.list(required)) for \(request)"
        case .forbidden(let subject, _, _): "The tracker refuses access to \(subject)"
        case .notFound(let subject, _): "There is no \(subject) that this account can see."
        case .conflict(let subject, _): "The tracker reports a conflict over \(subject)"
        case .invalid(let subject, let status, _):
            "The tracker didn't take what was sent for \(subject) (status \(status))."
        case .moved(let subject, _): "The tracker has moved \(subject)"
        case .busy(let host, let status, _): "\(host) is busy (status \(status))."
        case .serverFailed(let request, let status, _):
            "The tracker failed with status \(status) at \(request)"
        case .notGitea(let url, _): "\(url) isn't a Gitea or Forgejo."
        case .unreadable(let request, _): "Can't read the tracker's answer to \(request)"
        case .noSuchLabel(let label, let repository):
            "There is no label \"\(label)\" in \(repository)"
        case .ignored(let subject, let what): "The tracker didn't \(what) on \(subject)"
        case .outcomeUnknown(let subject, _):
            "It isn't known whether the write to \(subject) took place."
        case .transport(let error): error.what
        case .token(let what, _, _): what
        }
    }

    public var why: String? {
        switch self {
        case .unauthorized(_, _, let target?): "The address redirects to \(target)"
        case .unauthorized: nil
        case .missingScope(_, let granted, _):
            granted.isEmpty ? nil : "It has \(Self.list(granted))."
        case .forbidden(_, let request, let message):
            message.isEmpty ? "It answered 403 to \(request)" : Self.said(message)
        case .notFound(_, true): "It isn't there, or the token's account has no access to it."
        case .notFound(_, false): "It isn't there, or it is private and there is no token."
        case .conflict(_, let message), .invalid(_, _, let message),
            .serverFailed(_, _, let message):
            message.isEmpty ? nil : Self.said(message)
        case .moved(_, let target): "It is now at \(target)"
        case .busy(_, _, let time?): "It asks to come back after \(GiteaTime.text(time))."
        case .busy: nil
        case .notGitea(_, let why), .unreadable(_, let why), .outcomeUnknown(_, let why): why
        case .noSuchLabel: nil
        case .ignored: "It answered as if it had; accounts that may not write are treated so."
        case .transport(let error): error.why
        case .token(_, let why, _): why
        }
    }

    public var advice: String? {
        switch self {
        case .unauthorized(_, _, let target?): "Set the tracker's url to \(target)"
        case .unauthorized(_, true, _):
            "Make a new one in the tracker under Settings, Applications, and check token_env or "
                + "token_file."
        case .unauthorized(_, false, _): "Name one with token_env or token_file."
        case .missingScope(let required, _, _):
            "Make a token that also has \(Self.list(required)); scopes can't be added to an old one."
        case .forbidden: "Give the token's account write access to the repository."
        case .notFound: "Check the name, and that the account is a collaborator there."
        case .conflict, .invalid: nil
        case .moved: "Use the new name or address in the configuration."
        case .busy: "Try later."
        case .serverFailed: "Try later; the tracker's own log says more."
        case .notGitea: "Check the tracker's url: it is the address of its front page."
        case .unreadable: "Check that nothing between here and there changes its answers."
        case .noSuchLabel(let label, _): "Create the label \"\(label)\" first."
        case .ignored: "Give the token's account write access to the repository."
        case .outcomeUnknown: "Doing it again is safe: Skep looks first."
        case .transport(let error): error.advice
        case .token(_, _, let advice): advice
        }
    }

    private static func said(_ message: String) -> String { "It says: \(message)" }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "it needs" : words.map { "\"\($0)\"" }.joined(separator: ", ")
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
