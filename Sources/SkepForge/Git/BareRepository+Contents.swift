import Foundation

/// A file or a folder in a tree.
struct GitEntry: Sendable, Equatable {
    enum Kind: Sendable {
        case file, folder, link, module

        var apiName: String {
            switch self {
            case .file: "file"
            case .folder: "dir"
            case .link: "symlink"
            case .module: "submodule"
            }
        }
    }

    /// Six octal digits.
    let mode: String
    let id: String
    /// Bytes of a file.
    let size: Int
    let path: String

    var kind: Kind {
        switch mode {
        case "040000": .folder
        case "120000": .link
        case "160000": .module
        default: .file
        }
    }

    func moved(to path: String) -> GitEntry {
        GitEntry(mode: mode, id: id, size: size, path: path)
    }

    /// Whether a path may stand in a tree.
    static func isValidPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return path.utf8.count <= 4000 && !path.contains("\0")
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.lowercased() != ".git"
            }
    }
}

/// A change to a tree.
enum TreeChange: Sendable {
    case write(path: String, content: [UInt8], mode: String)
    case remove(path: String)
}

extension BareRepository {
    /// What a tree, or a commit's tree, has directly in it.
    func entries(of tree: String) async throws -> [GitEntry] {
        try await list(["ls-tree", "-l", "-z", "--end-of-options", tree])
    }

    /// A path at a commit; `nil` when it isn't there.
    func entry(_ path: String, at commit: String) async throws -> GitEntry? {
        guard GitEntry.isValidPath(path) else { return nil }
        return try await list([
            "--literal-pathspecs", "ls-tree", "-l", "-z", "--end-of-options", commit, "--", path,
        ]).first
    }

    /// Lines of "mode kind id size", a tab and the path.
    private func list(_ arguments: [String]) async throws -> [GitEntry] {
        try await run(arguments).bytes.split(separator: 0).compactMap { record in
            let parts = String(decoding: record, as: UTF8.self).split(
                separator: "\t", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let words = parts[0].split(separator: " ")
            guard words.count == 4 else { return nil }
            return GitEntry(
                mode: String(words[0]), id: String(words[2]), size: Int(words[3]) ?? 0,
                path: String(parts[1]))
        }
    }

    func blob(_ id: String) async throws -> [UInt8] {
        try await run(["cat-file", "blob", id]).bytes
    }

    /// Makes the tree of a commit with changes to it, in an index that is thrown away.
    ///
    /// - Parameter commit: `nil` for a tree with nothing else in it.
    func tree(_ changes: [TreeChange], over commit: String?) async throws -> String {
        let index = path + ".index-" + UUID().uuidString.lowercased()
        let environment = ["GIT_INDEX_FILE": index]
        defer { try? FileManager.default.removeItem(atPath: index) }
        try await run(
            commit.map { ["read-tree", $0] } ?? ["read-tree", "--empty"],
            environment: environment)
        var lines: [UInt8] = []
        for change in changes {
            switch change {
            case .write(let path, let content, let mode):
                let blob = try await run(["hash-object", "-w", "--stdin"], input: content).line
                lines += Array("\(mode) \(blob)\t\(path)\0".utf8)
            case .remove(let path):
                lines += Array("0 \(Self.noCommit)\t\(path)\0".utf8)
            }
        }
        try await run(
            ["update-index", "-z", "--index-info"], input: lines, environment: environment)
        return try await run(["write-tree"], environment: environment).line
    }
}
