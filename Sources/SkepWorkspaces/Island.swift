import SkepCore
import SkepGit

/// The repository in a working tree, which is the agent's: it may commit, branch and wreck there
/// as it likes.
///
/// Skep makes it and later reads from it what git keeps as plain files: where HEAD and the branches
/// are. Its configuration, hooks and alternates are never read.
struct Island {
    enum Head: Hashable {
        /// On a branch; `nil`: a branch without commits.
        case branch(String, GitObjectID?)
        case detached(GitObjectID)
        /// There is no repository, or none that can be read: why.
        case none(String)
    }

    let head: Head
    /// All branches by name, without "refs/heads/".
    let branches: [String: GitObjectID]

    /// Makes a new one: HEAD on `branch` at `base`, objects from the mirror, no remotes.
    ///
    /// - Parameter remote: What the island has as a branch of "origin", to be merged there.
    static func make(
        in tree: Folder, branch: BranchName, base: CommitID, author: CommitAuthor, objects: String,
        remote: BranchHead?, index: [UInt8]?, owner: FileOwner?
    ) throws(GitError) {
        try tree.remove(".git")
        let git = try tree.makeFolder(".git", owner: owner)
        try write(base, as: "refs/heads/\(branch)", in: git, owner)
        if let remote {
            try write(remote.commit, as: "refs/remotes/origin/\(remote.branch)", in: git, owner)
        }
        let store = try git.makeFolder("objects", owner: owner)
        _ = try store.makeFolder("pack", owner: owner)
        let info = try store.makeFolder("info", owner: owner)
        try info.write("alternates", Array("\(objects)\n".utf8), owner: owner)
        let config = """
            [core]
            \trepositoryformatversion = 0
            \tfilemode = true
            \tbare = false
            \tlogallrefupdates = true
            [user]
            \tname = \(quoted(author.name))
            \temail = \(quoted(author.email))
            [gc]
            \tauto = 0
            [maintenance]
            \tauto = false

            """
        try git.write("config", Array(config.utf8), owner: owner)
        if let index { try git.write("index", index, owner: owner) }
        // Last: without it, git doesn't take the folder for a repository.
        try git.write("HEAD", Array("ref: refs/heads/\(branch)\n".utf8), owner: owner)
    }

    private static func write(
        _ commit: CommitID, as reference: String, in git: Folder, _ owner: FileOwner?
    ) throws(GitError) {
        var folder = git
        let names = reference.split(separator: "/").map(String.init)
        for name in names.dropLast() { folder = try folder.makeFolder(name, owner: owner) }
        try folder.write(names[names.count - 1], Array("\(commit)\n".utf8), owner: owner)
    }

    private static func quoted(_ text: String) -> String {
        let plain = text.filter { !$0.isNewline && $0 != "\0" }
        return "\"" + plain.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Reads the one in a working tree.
    init(in tree: Folder) {
        guard let status = tree.status(".git") else {
            self.init(.none("It deleted the repository in the working tree."))
            return
        }
        guard status.kind == .folder, let git = try? tree.folder(".git") else {
            self.init(.none("It put something else in the place of the repository."))
            return
        }
        let branches = Self.branches(in: git)
        guard let text = Self.line(git, "HEAD") else {
            self.init(.none("It damaged the repository in the working tree."), branches)
            return
        }
        if let id = GitObjectID(text) {
            self.init(.detached(id), branches)
        } else if text.hasPrefix("ref: refs/heads/") {
            let name = String(text.dropFirst("ref: refs/heads/".count))
            self.init(.branch(name, branches[name]), branches)
        } else {
            self.init(.none("It let HEAD lead to no branch."), branches)
        }
    }

    private init(_ head: Head, _ branches: [String: GitObjectID] = [:]) {
        self.head = head
        self.branches = branches
    }

    var commit: GitObjectID? {
        switch head {
        case .branch(_, let id): id
        case .detached(let id): id
        case .none: nil
        }
    }

    /// What is out of the ordinary about where HEAD is, in words.
    func notes(expecting branch: BranchName) -> [String] {
        switch head {
        case .none(let reason): [reason + " The files were taken as they are."]
        case .branch(let name, nil):
            ["Its branch \"\(name)\" has no commits. The files were taken as they are."]
        case .branch(let name, _) where name != branch.rawValue:
            ["It worked on branch \"\(name)\" instead of \"\(branch)\"."]
        case .branch: []
        case .detached: ["It worked without a branch (a detached HEAD)."]
        }
    }

    private static func line(_ folder: Folder, _ name: String) -> String? {
        guard let bytes = try? folder.read(name, atMost: 4096) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first
            .map(String.init)
    }

    /// Loose ones win over packed ones. At most 1,000; the rest is a prank.
    private static func branches(in git: Folder) -> [String: GitObjectID] {
        var found: [String: GitObjectID] = [:]
        let packed = (try? git.read("packed-refs", atMost: 1 << 20)) ?? []
        for line in String(decoding: packed, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard found.count < 1000, parts.count == 2, parts[1].hasPrefix("refs/heads/"),
                let id = GitObjectID(String(parts[0]))
            else { continue }
            found[String(parts[1].dropFirst("refs/heads/".count))] = id
        }
        if let refs = try? git.folder("refs"), let heads = try? refs.folder("heads") {
            collect(heads, "", 0, into: &found)
        }
        return found
    }

    private static func collect(
        _ folder: Folder, _ prefix: String, _ depth: Int, into found: inout [String: GitObjectID]
    ) {
        guard depth < 20, let names = try? folder.names().names else { return }
        for name in names where found.count < 1000 {
            if folder.status(name)?.kind == .folder, let child = try? folder.folder(name) {
                collect(child, prefix + name + "/", depth + 1, into: &found)
            } else if let id = line(folder, name).flatMap({ GitObjectID($0) }) {
                found[prefix + name] = id
            }
        }
    }
}
