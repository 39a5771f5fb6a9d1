internal import SkepCore
internal import SkepHTTP
internal import SkepQueue

extension GiteaError {
    public var what: String {
        switch self {
        case .unauthorized(let host, true, _): "\(host) doesn't accept the token."
        case .unauthorized(let host, false, _): "\(host) wants a token, and there is none."
        case .missingScope(let required, _, let request):
            "The token lacks the scope \(Self.list(required)) for \(request)"
        case .forbidden(let subject, _, _, _): "The tracker refuses access to \(subject)"
        case .notFound(let subject, _): "There is no \(subject) that this account can see."
        case .gone(let subject, _): "There is no \(subject) any more that this account can see."
        case .conflict(let subject, _): "The tracker reports a conflict over \(subject)"
        case .prevented(let subject, let obstacle, _): obstacle.what(subject)
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
        case .keptAsDraft(let subject, let event):
            "The tracker kept a review \(event) as a draft that nobody sees, on \(subject)"
        case .unsupported(let what, let subject): "The tracker has no \(what) for \(subject)"
        case .outcomeUnknown(let subject, _):
            "It isn't known whether the write to \(subject) took place."
        case .transport(let error): error.what
        case .token(let what, _, _): what
        }
    }

    public var why: String? {
        switch self {
        case .unauthorized(_, _, let target?): "The address redirects to \(target)"
        case .unauthorized, .unsupported: nil
        case .missingScope(_, let granted, _):
            granted.isEmpty ? nil : "It has \(Self.list(granted))."
        case .forbidden(_, let request, let message, _):
            message.isEmpty ? "It answered 403 to \(request)" : Self.said(message)
        case .notFound(_, true): "It isn't there, or the token's account has no access to it."
        case .notFound(_, false): "It isn't there, or it is private and there is no token."
        case .gone(_, .repositoryWasThere):
            "The repository was there before: it may be deleted, renamed, or no longer visible to "
                + "this account."
        case .gone(_, .repositoryAnswers):
            "Its repository is there: it may be deleted, transferred to another repository, or "
                + "not visible to this account."
        case .prevented(_, let obstacle, let message):
            message.isEmpty ? obstacle.why : Self.said(message)
        case .conflict(_, let message), .invalid(_, _, let message),
            .serverFailed(_, _, let message):
            message.isEmpty ? nil : Self.said(message)
        case .moved(_, let target): "It is now at \(target)"
        case .busy(_, _, let time?): "It asks to come back after \(GiteaTime.text(time))."
        case .busy: nil
        case .notGitea(_, let why), .unreadable(_, let why), .outcomeUnknown(_, let why): why
        case .noSuchLabel: nil
        case .ignored: "It answered as if it had; accounts that may not write are treated so."
        case .keptAsDraft: "It takes words that it doesn't know so, without an error."
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
        case .missingScope(let required, _, _): Self.scopeAdvice(required)
        case .forbidden(_, _, _, let needs?): "Give the token's account \(needs)."
        case .forbidden, .ignored: "Give the token's account write access to the repository."
        case .notFound: "Check the name, and that the account is a collaborator there."
        case .gone(_, .repositoryWasThere):
            "Ask its owner; if it was renamed, put the new name into the configuration."
        case .gone(_, .repositoryAnswers): nil
        case .prevented(_, let obstacle, _): obstacle.advice
        case .conflict, .invalid: nil
        case .moved: "Use the new name or address in the configuration."
        case .busy: "Try later."
        case .serverFailed: "Try later; the tracker's own log says more."
        case .notGitea: "Check the tracker's url: it is the address of its front page."
        case .unreadable: "Check that nothing between here and there changes its answers."
        case .noSuchLabel(let label, _): "Create the label \"\(label)\" first."
        case .keptAsDraft: "Check that the tracker is a Gitea or Forgejo of its usual kind."
        case .unsupported: "Switch it on in the repository's settings, or do without."
        case .outcomeUnknown: "Doing it again is safe: Skep looks first."
        case .transport(let error): error.advice
        case .token(_, _, let advice): advice
        }
    }

    static func scopeAdvice(_ required: [String]) -> String {
        "Make a token that also has \(list(required)); scopes can't be added to an old one."
    }

    private static func said(_ message: String) -> String { "It says: \(message)" }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "it needs" : words.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

extension GiteaError.Obstacle {
    fileprivate func what(_ subject: String) -> String {
        switch self {
        case .openDependencies: "Can't close \(subject) while issues that block it are open."
        case .merged: "Can't open \(subject) again."
        case .closed: "Can't merge \(subject)"
        case .headMoved(let from, _): "Can't merge \(subject) at \(from)"
        case .conflicts, .notMergeable: "Can't merge \(subject) as it is."
        case .textChanged: "Can't replace the text of \(subject)"
        }
    }

    fileprivate var why: String? {
        switch self {
        case .openDependencies: nil
        case .merged: "It is merged."
        case .closed: "It is closed."
        case .headMoved(_, let to): "Its branch is at \(to) now."
        case .conflicts: "It conflicts with its base."
        case .notMergeable: "It is a draft, lacks approvals or checks, or that style isn't allowed."
        case .textChanged: "Somebody changed it since it was read."
        }
    }

    fileprivate var advice: String? {
        switch self {
        case .openDependencies: "Close those first, or take the dependency away."
        case .merged: "Open another pull request."
        case .closed: "Open it again, or another one."
        case .headMoved: "Have the new commits checked, then merge those."
        case .conflicts: "Merge the base into its branch, or rebase it, and try again."
        case .notMergeable:
            "See its page for what is missing: a WIP title, approvals, checks, or a merge style "
                + "that the repository's settings allow."
        case .textChanged: "Read it again and make the change there."
        }
    }
}
