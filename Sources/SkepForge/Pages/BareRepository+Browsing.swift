/// What a path stands for at a commit.
enum TreePlace: Sendable, Equatable {
    /// Folders first, each by name.
    case folder([GitEntry])
    /// Its bytes; `nil` when there are more than the limit.
    case file(size: Int, bytes: [UInt8]?)
}

/// A branch with its last commit.
struct BranchHead: Sendable, Equatable {
    let name: String
    let commit: String
    let subject: String
    let author: String
    /// RFC 3339.
    let date: String
}

extension BareRepository {
    /// What is at a path; `nil` when nothing is.
    ///
    /// - Parameters:
    ///   - commit: Its whole name.
    ///   - path: Without slashes at its ends; empty for the root.
    ///   - limit: Bytes of a file that are read.
    func place(_ commit: String, _ path: String, limit: Int) async throws -> TreePlace? {
        guard !path.isEmpty else { return .folder(try await sorted(commit)) }
        guard let entry = try await entry(path, at: commit) else { return nil }
        switch entry.kind {
        case .folder: return .folder(try await sorted(entry.id))
        case .module: return nil
        case .file, .link:
            let bytes = entry.size <= limit ? try await blob(entry.id) : nil
            return .file(size: entry.size, bytes: bytes)
        }
    }

    private func sorted(_ tree: String) async throws -> [GitEntry] {
        let all = try await entries(of: tree)
        return all.filter { $0.kind == .folder } + all.filter { $0.kind != .folder }
    }

    /// The branches, the one with the newest commit first.
    func branchHeads() async throws -> [BranchHead] {
        let format = [
            "%(refname:lstrip=2)", "%(objectname)", "%(authorname)", "%(committerdate:iso-strict)",
            "%(contents:subject)",
        ].joined(separator: "%1f")
        let output = try await run([
            "for-each-ref", "--sort=-committerdate", "--format=" + format, "refs/heads/",
        ])
        return output.text.split(separator: "\n").compactMap { line in
            let fields = line.split(
                separator: "\u{1f}", maxSplits: 4, omittingEmptySubsequences: false
            ).map(String.init)
            guard fields.count == 5 else { return nil }
            return BranchHead(
                name: fields[0], commit: fields[1], subject: fields[4], author: fields[2],
                date: fields[3])
        }
    }
}
