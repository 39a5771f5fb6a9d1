import CGit2

extension GitError {
    /// The error of a libgit2 call that just failed on this thread.
    ///
    /// Cases follow from the code. libgit2's text is only quoted, never decided on: it may be
    /// a stale one of an earlier call.
    ///
    /// - Parameters:
    ///   - subject: What was looked for, such as "branch \"main\"".
    ///   - what: What was tried, "Can't …" without full stop.
    static func last(_ code: Int32, _ what: String, subject: String? = nil) -> GitError {
        let message = lastMessage()
        return switch git_error_code(code) {
        case GIT_ENOTFOUND, GIT_EUNBORNBRANCH: .notFound(subject ?? "such thing (\(what))")
        case GIT_EEXISTS: .exists(subject ?? what)
        case GIT_ELOCKED: .locked(message)
        case GIT_EMODIFIED: .staleReference(subject ?? what)
        case GIT_EINVALIDSPEC: .invalidName(subject ?? what)
        case GIT_EMISMATCH: .corrupt(message)
        case GIT_ECONFLICT: .conflict("\(what): files are in the way.")
        case GIT_EAUTH: .authentication(remote: subject ?? "the remote")
        case GIT_ECERTIFICATE: .certificate(remote: subject ?? "the remote")
        default: .other(code: code, what: what, message: message)
        }
    }

    /// libgit2's text for this thread's last error, one line, at most 500 characters.
    static func lastMessage() -> String {
        guard let error = git_error_last(), let text = error.pointee.message else { return "" }
        return String(String(cString: text).prefix(500)).replacing("\n", with: " ")
    }

    /// Which part of libgit2 the last error came from.
    static func lastClass() -> git_error_t {
        guard let error = git_error_last() else { return GIT_ERROR_NONE }
        return git_error_t(numericCast(error.pointee.klass))
    }
}

/// Throws the last error unless `code` says that all is well.
@discardableResult
func git(_ code: Int32, _ what: @autoclosure () -> String, subject: String? = nil) throws(GitError)
    -> Int32
{
    guard code >= 0 else { throw GitError.last(code, what(), subject: subject) }
    return code
}
