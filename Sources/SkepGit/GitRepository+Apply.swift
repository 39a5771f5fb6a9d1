import CGit2

extension GitRepository {
    /// Applies a unified diff to the working tree, wholly or not at all. The index stays as it is.
    ///
    /// - Parameter patch: As `git diff` writes it, or with "---" and "+++" lines alone.
    /// - Throws: `GitError.patch` with the file and the hunk that can't be read or don't fit.
    public func apply(patch: String) throws(GitError) {
        git_error_clear()
        var diff: OpaquePointer?
        let bytes = Array(GitPatchText.normalized(patch).utf8)
        let read = bytes.withUnsafeBytes {
            git_diff_from_buffer(
                &diff, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard read == 0 else {
            throw .patch(file: nil, hunk: nil, reason: Self.sentence(GitError.lastMessage()))
        }
        defer { git_diff_free(diff) }
        guard git_diff_num_deltas(diff) > 0 else {
            throw .patch(file: nil, hunk: nil, reason: "It changes nothing.")
        }
        for position in 0..<git_diff_num_deltas(diff) {
            guard let delta = git_diff_get_delta(diff, position)?.pointee else { continue }
            for path in [delta.old_file.path, delta.new_file.path] {
                guard let name = path.map({ String(cString: $0) }) else { continue }
                let parts = name.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.allSatisfy({ isUsableEntryName(String($0)) }) else {
                    throw .patch(
                        file: name, hunk: nil, reason: "The path leads out of the working tree.")
                }
            }
        }
        // All is tried before anything is written.
        try apply(diff, GIT_APPLY_CHECK.rawValue)
        try apply(diff, 0)
    }

    private func apply(_ diff: OpaquePointer?, _ flags: UInt32) throws(GitError) {
        git_error_clear()
        let place = PatchPlace()
        var options = git_apply_options()
        git_apply_options_init(&options, UInt32(GIT_APPLY_OPTIONS_VERSION))
        options.flags = flags
        options.payload = Unmanaged.passUnretained(place).toOpaque()
        options.delta_cb = { delta, payload in
            PatchPlace.from(payload)?.enter(delta)
            return 0
        }
        options.hunk_cb = { hunk, payload in
            PatchPlace.from(payload)?.enter(hunk)
            return 0
        }
        // `options` holds it unretained; its text is read below.
        let code = git_apply(pointer, diff, GIT_APPLY_LOCATION_WORKDIR, &options)
        let error = GitError.patch(
            file: place.file, hunk: place.hunk, reason: Self.sentence(GitError.lastMessage()))
        if code < 0 { throw error }
    }

    private static func sentence(_ text: String) -> String {
        guard let first = text.first else { return "It doesn't fit." }
        return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }
}

/// Where in a patch libgit2 is: the last file and hunk it began.
private final class PatchPlace {
    private(set) var file: String?
    private(set) var hunk: String?

    static func from(_ payload: UnsafeMutableRawPointer?) -> PatchPlace? {
        payload.map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
    }

    func enter(_ delta: UnsafePointer<git_diff_delta>?) {
        hunk = nil
        let path = delta.flatMap { $0.pointee.new_file.path ?? $0.pointee.old_file.path }
        file = path.map { String(cString: $0) }
    }

    func enter(_ hunk: UnsafePointer<git_diff_hunk>?) {
        guard let hunk = hunk?.pointee else { return }
        self.hunk =
            "@@ -\(hunk.old_start),\(hunk.old_lines) +\(hunk.new_start),\(hunk.new_lines) @@"
    }
}
