import CGit2

extension GitRepository {
    /// How the tree of `head` differs from that of `base` (`nil`: from nothing). Renames are found.
    public func comparison(of head: GitObjectID, with base: GitObjectID?) throws(GitError)
        -> GitComparison
    {
        let diff = try diff(of: head, with: base)
        defer { git_diff_free(diff) }
        var files: [GitComparison.File] = []
        for index in 0..<git_diff_num_deltas(diff) {
            guard let delta = git_diff_get_delta(diff, index)?.pointee else { continue }
            let path = delta.new_file.path ?? delta.old_file.path
            var (old, new) = (delta.old_file, delta.new_file)
            let isModeOnly =
                delta.status == GIT_DELTA_MODIFIED && git_oid_equal(&old.id, &new.id) == 1
            files.append(
                GitComparison.File(
                    status: Character(
                        UnicodeScalar(UInt8(bitPattern: git_diff_status_char(delta.status)))),
                    path: path.map { String(cString: $0) } ?? "", isModeOnly: isModeOnly))
        }
        var stats: OpaquePointer?
        try git(git_diff_get_stats(&stats, diff), "Can't count changes")
        defer { git_diff_stats_free(stats) }
        return GitComparison(
            files: files, insertions: git_diff_stats_insertions(stats),
            deletions: git_diff_stats_deletions(stats))
    }

    /// The unified diff, as `git diff` prints it, cut after the last whole line within `maxBytes`.
    public func patch(of head: GitObjectID, with base: GitObjectID?, maxBytes: Int)
        throws(GitError) -> GitText
    {
        let diff = try diff(of: head, with: base)
        defer { git_diff_free(diff) }
        let sink = PatchSink(limit: maxBytes)
        let code = withExtendedLifetime(sink) {
            git_diff_print(
                diff, GIT_DIFF_FORMAT_PATCH,
                { _, _, line, payload in
                    guard let line, let payload else { return 0 }
                    let sink = Unmanaged<PatchSink>.fromOpaque(payload).takeUnretainedValue()
                    return sink.add(line.pointee) ? 0 : 1
                }, Unmanaged.passUnretained(sink).toOpaque())
        }
        if !sink.isCut { try git(code, "Can't print the changes") }
        return GitText(text: String(decoding: sink.bytes, as: UTF8.self), isCut: sink.isCut)
    }

    private func diff(of head: GitObjectID, with base: GitObjectID?) throws(GitError)
        -> OpaquePointer?
    {
        let old = try tree(of: base)
        defer { git_tree_free(old) }
        let new = try tree(of: head)
        defer { git_tree_free(new) }
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        options.flags = GIT_DIFF_INCLUDE_TYPECHANGE.rawValue
        var diff: OpaquePointer?
        try git(git_diff_tree_to_tree(&diff, pointer, old, new, &options), "Can't compare trees")
        var find = git_diff_find_options()
        git_diff_find_options_init(&find, UInt32(GIT_DIFF_FIND_OPTIONS_VERSION))
        find.flags = GIT_DIFF_FIND_RENAMES.rawValue
        let code = git_diff_find_similar(diff, &find)
        if code < 0 { git_diff_free(diff) }
        try git(code, "Can't find renamed files")
        return diff
    }
}

/// Collects the lines of a patch up to a limit.
private final class PatchSink {
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var isCut = false

    init(limit: Int) { self.limit = limit }

    /// Whether more is wanted.
    func add(_ line: git_diff_line) -> Bool {
        let origin = UInt8(bitPattern: line.origin)
        let isMarked = [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: " ")].contains(origin)
        let length = line.content_len + (isMarked ? 1 : 0)
        guard bytes.count + length <= limit else {
            isCut = true
            return false
        }
        if isMarked { bytes.append(origin) }
        if let content = line.content {
            content.withMemoryRebound(to: UInt8.self, capacity: line.content_len) {
                bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: line.content_len))
            }
        }
        return true
    }
}
