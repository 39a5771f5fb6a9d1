import CGit2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

// SkepGit is libgit2 in Swift: repositories, commits, merges, fetch and push. Read `GitRepository`
// first, then `GitRemote` and `GitError`. It starts no program and reads no configuration but a
// repository's own: neither a person's `~/.gitconfig` nor hooks or filter commands change what
// it does.

/// The C library, made ready once for the process.
enum GitLibrary {
    /// The result of making it ready: 0, or libgit2's error code.
    private static let status: Int32 = {
        let code = git_libgit2_init()
        guard code >= 0 else { return code }
        // Repositories may belong to the user agents run as; what is trusted in them is decided
        // by who opens them, not by their owner.
        _ = skep_git_set_owner_validation(0)
        let levels = [
            GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
            GIT_CONFIG_LEVEL_GLOBAL,
        ]
        for level in levels { _ = skep_git_set_search_path(level.rawValue, "") }
        _ = skep_git_set_user_agent("Skep")
        // Where OpenSSL, and so libcurl, looks for the authorities of an own server.
        if let file = getenv("SSL_CERT_FILE") { _ = skep_git_set_certificates(file, nil) }
        return GitStream.register()
    }()

    /// Makes the library ready; cheap when it is.
    static func start() throws(GitError) {
        guard status >= 0 else { throw GitError.last(status, "Can't start libgit2") }
    }
}
