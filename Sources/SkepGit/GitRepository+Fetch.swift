import CGit2

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a remote has.
public struct GitRemoteHeads: Sendable, Hashable {
    /// The branch that HEAD names there, without "refs/heads/". `nil` when there is none.
    public let defaultBranch: String?
    /// All branches by name, without "refs/heads/".
    public let branches: [String: GitObjectID]
}

extension GitRepository {
    /// Asks a remote what it has; nothing is fetched.
    ///
    /// - Throws: `GitError`, `CancellationError`.
    public func heads(of remote: GitRemote) async throws -> GitRemoteHeads {
        try await connected(to: remote, GIT_DIRECTION_FETCH) { transfer, connection in
            try Self.heads(transfer, connection)
        }
    }

    /// Fetches all branches of a remote into `refs/remotes/origin/`, removes those that are gone
    /// there, and lets HEAD and `refs/remotes/origin/HEAD` name the default branch. No other
    /// reference is touched, and nothing of the remote is written into the configuration.
    ///
    /// - Returns: What the remote has; its `defaultBranch` isn't `nil`. When HEAD leads nowhere
    ///   there, it is "main", "master" or the first by name.
    /// - Throws: `GitError.emptyRepository` when it has no branches; `CancellationError`.
    @discardableResult
    public func fetch(from remote: GitRemote) async throws -> GitRemoteHeads {
        let heads = try await connected(to: remote, GIT_DIRECTION_FETCH) { transfer, connection in
            let heads = try Self.heads(transfer, connection)
            // Before the download: branch "a" may be in the way of "a/b" that replaces it.
            try self.prune(keeping: heads)
            var options = git_fetch_options()
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION))
            options.callbacks = transfer.callbacks()
            options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
            try withStringArray([Self.refspec]) { refspecs in
                try transfer.check(git_remote_download(connection, refspecs, &options))
            }
            try transfer.check(
                git_remote_update_tips(
                    connection, &options.callbacks, 0, GIT_REMOTE_DOWNLOAD_TAGS_NONE, "fetch"))
            return heads
        }
        guard let first = heads.branches.keys.min() else {
            throw GitError.emptyRepository(remote: remote.description)
        }
        let fallback = ["main", "master"].first { heads.branches[$0] != nil } ?? first
        let branch = heads.defaultBranch ?? fallback
        // HEAD itself must name a branch of this repository for `git fsck`, be it an unborn one.
        try setHead(to: "refs/heads/" + branch)
        try setHead(Self.prefix + "HEAD", to: Self.prefix + branch)
        return GitRemoteHeads(defaultBranch: branch, branches: heads.branches)
    }

    private static let prefix = "refs/remotes/origin/"
    private static let refspec = "+refs/heads/*:\(prefix)*"

    private func prune(keeping heads: GitRemoteHeads) throws(GitError) {
        for reference in try references(matching: Self.prefix + "*") {
            let name = String(reference.name.dropFirst(Self.prefix.count))
            guard name != "HEAD", heads.branches[name] == nil else { continue }
            try deleteReference(reference.name, expecting: reference.target)
        }
    }

    /// Connects and runs `body` on this repository's thread.
    func connected<R: Sendable>(
        to remote: GitRemote, _ direction: git_direction,
        _ body: (GitTransfer, OpaquePointer) throws -> R
    ) async throws -> R {
        let transfer = GitTransfer(remote)
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try transfer.run { try self.connect(transfer, direction, body) }
        } onCancel: {
            transfer.cancel()
        }
    }

    private func connect<R>(
        _ transfer: GitTransfer, _ direction: git_direction,
        _ body: (GitTransfer, OpaquePointer) throws -> R
    ) throws -> R {
        let remote = transfer.remote
        if let folder = remote.folder, access(folder, F_OK) != 0 {
            throw GitError.refused(
                remote: remote.description, reason: String(cString: strerror(errno)) + ".")
        }
        var connection: OpaquePointer?
        try transfer.check(git_remote_create_anonymous(&connection, pointer, remote.address))
        defer { git_remote_free(connection) }
        var options = git_remote_connect_options()
        git_remote_connect_options_init(
            &options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION))
        options.callbacks = transfer.callbacks()
        options.follow_redirects = GIT_REMOTE_REDIRECT_INITIAL
        try transfer.check(git_remote_connect_ext(connection, direction, &options))
        defer { git_remote_disconnect(connection) }
        guard let connection else { throw transfer.error(GIT_ERROR.rawValue) }
        return try body(transfer, connection)
    }

    /// What the remote said when the connection was made.
    static func heads(_ transfer: GitTransfer, _ connection: OpaquePointer) throws
        -> GitRemoteHeads
    {
        var list: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try transfer.check(git_remote_ls(&list, &count, connection))
        var branches: [String: GitObjectID] = [:]
        for index in 0..<count {
            guard let head = list?[index]?.pointee, let name = head.name else { continue }
            let text = String(cString: name)
            guard text.hasPrefix("refs/heads/") else { continue }
            branches[String(text.dropFirst("refs/heads/".count))] = GitObjectID(head.oid)
        }
        var buffer = git_buf()
        defer { git_buf_dispose(&buffer) }
        var branch: String?
        if git_remote_default_branch(&buffer, connection) == 0, let text = buffer.ptr {
            branch = String(cString: text)
        }
        if let name = branch, name.hasPrefix("refs/heads/") {
            branch = String(name.dropFirst("refs/heads/".count))
        }
        return GitRemoteHeads(
            defaultBranch: branch.flatMap { branches[$0] == nil ? nil : $0 }, branches: branches)
    }
}

/// libgit2's form of a list of strings, for the length of a call.
func withStringArray<R>(
    _ strings: [String], _ body: (UnsafePointer<git_strarray>) throws -> R
) rethrows -> R {
    var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return try copies.withUnsafeMutableBufferPointer { buffer in
        var array = git_strarray(strings: buffer.baseAddress, count: buffer.count)
        return try body(&array)
    }
}
