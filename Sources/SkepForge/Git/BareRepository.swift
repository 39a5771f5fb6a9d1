import Foundation

/// A bare repository of the tracker.
struct BareRepository: Sendable {
    let git: GitCommand
    let path: String

    /// Runs git in this repository; a status other than 0 is an error unless `allowing` has it.
    @discardableResult
    func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:],
        allowing statuses: Set<Int> = [0]
    ) async throws -> GitCommand.Output {
        let output = try await git.run(
            ["--git-dir", path] + arguments, purpose: "work with a repository", input: input,
            environment: environment)
        guard statuses.contains(output.status) else {
            throw ForgeError.gitFailed(
                command: arguments.first ?? "",
                message: output.errors.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return output
    }

    /// Whether a name can be a branch's: git's own rules (git-check-ref-format), in short.
    static func isValidBranchName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 200, !name.hasPrefix("-"), name != "HEAD",
            name != "@", !name.hasSuffix("/"), !name.hasPrefix("/"), !name.hasSuffix("."),
            !name.contains(".."), !name.contains("//"), !name.contains("@{")
        else { return false }
        let forbidden: Set<Character> = [" ", "~", "^", ":", "?", "*", "[", "\\"]
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        return isPlain && !name.contains(where: forbidden.contains)
            && name.split(separator: "/").allSatisfy {
                !$0.hasPrefix(".") && !$0.hasSuffix(".lock")
            }
    }

    // MARK: References

    /// The branches and their commits, by name.
    func branches() async throws -> [(name: String, commit: String)] {
        try await references("refs/heads/").map {
            (String($0.name.dropFirst("refs/heads/".count)), $0.commit)
        }
    }

    /// References that begin so, with what they name.
    func references(_ prefixes: String...) async throws -> [(name: String, commit: String)] {
        let output = try await run(
            ["for-each-ref", "--format=%(objectname) %(refname)"] + prefixes)
        return output.text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return parts.count == 2 ? (String(parts[1]), String(parts[0])) : nil
        }
    }

    /// The commit of a branch; `nil` when there is none.
    func commit(ofBranch name: String) async throws -> String? {
        guard Self.isValidBranchName(name) else { return nil }
        return try await resolve("refs/heads/" + name)
    }

    /// The commit that a branch, a tag or a commit's name (also shortened) stands for.
    func resolve(_ revision: String) async throws -> String? {
        guard !revision.isEmpty, !revision.hasPrefix("-"), !revision.contains("\0") else {
            return nil
        }
        let output = try await run(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"],
            allowing: [0, 1, 128])
        guard output.isSuccess, output.line.utf8.count == 40 else { return nil }
        return output.line
    }

    /// Sets a reference, if it still names `old`; forty zeros as `old` mean that it mustn't exist.
    /// - Returns: Whether it was set.
    func update(_ reference: String, to new: String, from old: String? = nil) async throws -> Bool {
        let arguments = ["update-ref", reference, new] + (old.map { [$0] } ?? [])
        return try await run(arguments, allowing: [0, 1, 128]).isSuccess
    }

    func delete(_ reference: String, at commit: String) async throws -> Bool {
        try await run(["update-ref", "-d", reference, commit], allowing: [0, 1, 128]).isSuccess
    }

    static let noCommit = String(repeating: "0", count: 40)

    // MARK: Relations between commits

    func mergeBase(_ one: String, _ other: String) async throws -> String? {
        let output = try await run(["merge-base", one, other], allowing: [0, 1])
        return output.isSuccess ? output.line : nil
    }

    func isAncestor(_ one: String, of other: String) async throws -> Bool {
        try await run(["merge-base", "--is-ancestor", one, other], allowing: [0, 1]).isSuccess
    }

    /// The tree of a merge, made without a working tree; `nil` when the two conflict.
    func mergeTree(_ base: String, _ head: String) async throws -> String? {
        let output = try await run(["merge-tree", "--write-tree", base, head], allowing: [0, 1])
        guard output.isSuccess else { return nil }
        return output.text.split(separator: "\n").first.map(String.init)
    }
}

extension BareRepository {
    /// How many branches there are, read from the files: cheap, and without the git program.
    func countBranches() -> Int {
        var names: Set<String> = []
        let loose = path + "/refs/heads"
        if let files = FileManager.default.enumerator(atPath: loose) {
            for case let name as String in files {
                var isFolder: ObjCBool = false
                let isThere = FileManager.default.fileExists(
                    atPath: "\(loose)/\(name)", isDirectory: &isFolder)
                if isThere && !isFolder.boolValue && !name.hasSuffix(".lock") {
                    names.insert(name)
                }
            }
        }
        let packed = FileManager.default.contents(atPath: path + "/packed-refs") ?? Data()
        for line in String(decoding: packed, as: UTF8.self).split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            let name = line[line.index(after: space)...]
            if name.hasPrefix("refs/heads/") {
                names.insert(String(name.dropFirst("refs/heads/".count)))
            }
        }
        return names.count
    }
}
