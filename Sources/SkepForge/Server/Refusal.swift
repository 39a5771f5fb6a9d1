/// Why a request isn't done: an HTTP status and a sentence for the client.
struct Refusal: Error, Sendable, Equatable {
    let status: Int
    let message: String

    static func badRequest(_ message: String) -> Refusal { Refusal(status: 400, message: message) }
    static let unauthorized = Refusal(status: 401, message: "token is required")
    static let badToken = Refusal(status: 401, message: "invalid username, password or token")
    static func forbidden(_ message: String) -> Refusal { Refusal(status: 403, message: message) }
    /// Also for what the caller may not see.
    static let notFound = Refusal(
        status: 404, message: "The target couldn't be found.")
    static func notFound(_ message: String) -> Refusal { Refusal(status: 404, message: message) }
    static func notAllowed(_ message: String) -> Refusal { Refusal(status: 405, message: message) }
    static func conflict(_ message: String) -> Refusal { Refusal(status: 409, message: message) }
    static func precondition(_ message: String) -> Refusal {
        Refusal(status: 412, message: message)
    }
    static let tooLarge = Refusal(status: 413, message: "The request is too large.")
    static func unprocessable(_ message: String) -> Refusal {
        Refusal(status: 422, message: message)
    }

    /// The refusal that an error amounts to; `nil` for what the client has no part in.
    init?(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case ForgeError.notMerged(_, let obstacle): self.init(obstacle)
        case let error as ForgeError:
            let status: Int
            switch error {
            case .userExists, .repositoryExists, .stateIsSo: status = 409
            case .openDependencies: status = 412
            case .noSuchUser, .noSuchRepository, .noSuchIssue, .noSuchPull: status = 404
            case .invalidUserName, .invalidRepositoryName, .emptyTitle, .emptyComment,
                .invalidLabel, .invalidScope:
                status = 422
            case .gitMissing: status = 503
            default: return nil
            }
            let why = error.why.map { " \($0)" } ?? ""
            self.init(status: status, message: error.what + why)
        default: return nil
        }
    }

    init(status: Int, message: String) {
        self.status = status
        self.message = message
    }

    /// As Gitea says it.
    private init(_ obstacle: MergeObstacle) {
        self =
            switch obstacle {
            case .isMerged: .notAllowed("The pull request is merged already.")
            case .isClosed: .notFound("The pull request is closed.")
            case .isDraft: .notAllowed("Work in progress PRs cannot be merged")
            case .headMoved(let head): .conflict("head out of date: the head is \(head)")
            case .baseMissing(let branch):
                .notFound("The base branch couldn't be found: \(branch)")
            case .baseMoved: .conflict("The base branch was changed meanwhile.")
            case .conflict: .conflict("The head conflicts with the base.")
            case .notFastForward: .notAllowed("The base isn't an ancestor of the head.")
            case .isProtected(let reason): .notAllowed(reason)
            }
    }
}
