import CGit2

extension GitRepository {
    /// Pushes a commit to a branch of a remote, if the branch is where it is thought to be.
    ///
    /// What is compared is what the remote says when the connection is made; the server then takes
    /// the push only if the branch is still there. (A remote that is a folder doesn't check again.)
    /// Pushing what is there already is done at once.
    ///
    /// - Parameters:
    ///   - branch: Without "refs/heads/".
    ///   - old: The commit the branch has; `nil`: it doesn't exist.
    /// - Throws: `GitError.staleLease` when it is somewhere else, `GitError.rejected` when the
    ///   server refuses; `CancellationError`, after which it isn't known whether it was pushed.
    public func push(
        _ head: GitObjectID, to branch: String, of remote: GitRemote, replacing old: GitObjectID?
    ) async throws {
        let name = "refs/heads/" + branch
        guard Self.isValid(branch: branch) else { throw GitError.invalidName(branch) }
        guard hasCommit(head) else { throw GitError.notFound("commit \(head)") }
        try await connected(to: remote, GIT_DIRECTION_PUSH) { transfer, connection in
            let found = try Self.heads(transfer, connection).branches[branch]
            if found == head { return }
            guard found == old else {
                throw GitError.staleLease(reference: name, expected: old, found: found)
            }
            // libgit2 pushes references only, so the commit gets one for the time being.
            let nonce = String(UInt64.random(in: .min ... .max), radix: 16)
            let source = "refs/skep/push/\(head)-\(nonce)"
            try self.setReference(source, to: head, replacing: nil)
            defer { try? self.deleteReference(source, expecting: head) }
            try Self.upload(source, to: name, transfer, connection)
        }
    }

    private static func upload(
        _ source: String, to name: String, _ transfer: GitTransfer, _ connection: OpaquePointer
    ) throws {
        var options = git_push_options()
        git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION))
        options.callbacks = transfer.callbacks()
        let code = withStringArray(["+\(source):\(name)"]) {
            git_remote_upload(connection, $0, &options)
        }
        // A reference that the server refuses isn't an error of the call.
        if let reason = transfer.answers[name] ?? nil {
            throw GitError.rejected(
                reference: name, reason: explanation(reason, transfer.serverText))
        }
        try transfer.check(code)
        guard transfer.answers[name] != nil else {
            throw GitError.rejected(
                reference: name, reason: explanation("no answer", transfer.serverText))
        }
    }

    private static func explanation(_ reason: String, _ text: [UInt8]) -> String {
        let said = String(decoding: text, as: UTF8.self)
            .split(whereSeparator: \.isNewline).suffix(10).joined(separator: " ")
        return said.isEmpty ? "It says \"\(reason)\"." : "It says \"\(reason)\": \(said)"
    }
}
