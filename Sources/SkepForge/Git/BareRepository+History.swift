import Foundation

/// A commit as git tells of it.
struct GitCommit: Sendable, Equatable {
    let id: String
    let tree: String
    let parents: [String]
    let author: Signature
    let committer: Signature
    let message: String

    var subject: Substring { message.split(separator: "\n", maxSplits: 1).first ?? "" }
}

/// What happened to a file between two commits.
struct GitFileChange: Sendable, Equatable {
    enum Kind: String, Sendable { case added, changed, deleted, renamed, copied }

    let path: String
    let previousPath: String?
    let kind: Kind
    /// Zero for binary files, like the deletions.
    let additions: Int
    let deletions: Int
}

extension BareRepository {
    // Git never prints these inside a field but in the message, which stands last.
    private static let format = "%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B"

    /// Commits of a range such as "a..b", the newest first.
    func commits(_ range: String, skip: Int = 0, limit: Int? = nil, path: String? = nil)
        async throws -> [GitCommit]
    {
        var arguments = ["log", "-z", "--format=" + Self.format, "--skip=\(skip)"]
        if let limit { arguments.append("--max-count=\(limit)") }
        arguments += ["--end-of-options", range, "--"] + (path.map { [":(literal)" + $0] } ?? [])
        let output = try await run(arguments)
        return output.bytes.split(separator: 0).compactMap { record in
            let fields = record.split(
                separator: 0x1F, maxSplits: 9, omittingEmptySubsequences: false
            )
            .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 10 else { return nil }
            return GitCommit(
                id: fields[0], tree: fields[1],
                parents: fields[2].split(separator: " ").map(String.init),
                author: Signature(name: fields[3], email: fields[4], date: fields[5]),
                committer: Signature(name: fields[6], email: fields[7], date: fields[8]),
                message: fields[9])
        }
    }

    func commit(_ id: String) async throws -> GitCommit? {
        try await commits(id, limit: 1).first
    }

    func countCommits(_ range: String, path: String? = nil) async throws -> Int {
        let pathArguments = path.map { [":(literal)" + $0] } ?? []
        let output = try await run(
            ["rev-list", "--count", "--end-of-options", range, "--"] + pathArguments)
        return Int(output.line) ?? 0
    }

    /// The files that differ between two commits or trees.
    func changes(from base: String, to head: String) async throws -> [GitFileChange] {
        let output = try await run(
            diffArguments + ["--raw", "--numstat", "-z", "--end-of-options", base, head, "--"])
        return Self.parseChanges(
            output.bytes.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) })
    }

    /// The difference as text that `git apply` takes.
    func diff(from base: String, to head: String) async throws -> String {
        try await run(
            diffArguments + ["--binary", "--full-index", "--end-of-options", base, head, "--"]
        ).text
    }

    /// The commits as mails that `git am` takes.
    func patches(_ range: String) async throws -> String {
        try await run(["format-patch", "--stdout", "--no-signature", "--end-of-options", range])
            .text
    }

    private var diffArguments: [String] {
        ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "-M"]
    }

    /// Reads the fields of `--raw --numstat -z`: first ":modes kind", path[, new path] for each
    /// file, then "added deleted path" or "added deleted ", old path, new path.
    static func parseChanges(_ fields: [String]) -> [GitFileChange] {
        var kinds: [String: GitFileChange.Kind] = [:]
        var changes: [GitFileChange] = []
        var index = 0
        while index < fields.count, !fields[index].isEmpty {
            let field = fields[index]
            if field.hasPrefix(":") {
                let letter = field.split(separator: " ").last?.first ?? "M"
                let isPair = letter == "R" || letter == "C"
                let pathIndex = index + (isPair ? 2 : 1)
                guard pathIndex < fields.count else { break }
                kinds[fields[pathIndex]] = Self.kind(letter)
                index = pathIndex + 1
                continue
            }
            let parts = field.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { break }
            let isPair = parts[2].isEmpty
            guard !isPair || index + 2 < fields.count else { break }
            let path = isPair ? fields[index + 2] : String(parts[2])
            changes.append(
                GitFileChange(
                    path: path, previousPath: isPair ? fields[index + 1] : nil,
                    kind: kinds[path] ?? .changed, additions: Int(parts[0]) ?? 0,
                    deletions: Int(parts[1]) ?? 0))
            index += isPair ? 3 : 1
        }
        return changes
    }

    private static func kind(_ letter: Character) -> GitFileChange.Kind {
        switch letter {
        case "A": .added
        case "D": .deleted
        case "R": .renamed
        case "C": .copied
        default: .changed
        }
    }
}

extension BareRepository {
    /// git's name for the tree with nothing in it.
    static let emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

    /// What a commit changed against its first parent.
    func changes(of commit: GitCommit) async throws -> [GitFileChange] {
        try await changes(from: commit.parents.first ?? Self.emptyTree, to: commit.id)
    }
}
