public import SkepCore
public import SkepGit

// `SkepGit` knows nothing of the swarm; what its errors mean there is said here.
extension GitError: SkepError {
    public var kind: ErrorKind {
        switch self {
        case .notFound, .notARepository, .staleLease, .staleReference, .conflict, .corrupt, .exists:
            .conflict
        case .emptyRepository, .authentication, .refused, .rejected, .patch: .refused
        case .unreachable, .timedOut, .locked, .file, .other: .unavailable
        case .redirected, .certificate, .invalidRemote, .invalidName: .configuration
        }
    }
}
