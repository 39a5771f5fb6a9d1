import SkepGit

/// An agent's own home, which Skep adds to between the agent's sessions, maybe as root.
///
/// The agent has put there what it likes, so names are walked one by one from open folder to open
/// folder: a link on the way leads nowhere.
struct OwnHome {
    private let folder: Folder
    private let owner: FileOwner?

    /// Opens the home, which is made when it isn't there.
    init(_ path: String, of user: AgentUser?) throws(AgentsError) {
        if !FileStatus.exists(path) {
            try FileStatus.makeFolder(path, mode: 0o700)
            try FileStatus.give(path, to: user)
        }
        folder = try Self.failing { () throws(GitError) in try Folder(path) }
        owner = user.map { FileOwner(user: $0.uid, group: $0.gid) }
    }

    /// The folder at a path, which is made when it isn't there.
    ///
    /// - Parameter replaces: Whether what isn't a folder on the way gives place to one.
    /// - Returns: `nil` when something isn't a folder and stays.
    func folder(_ path: some Sequence<Substring>, replaces: Bool) throws(AgentsError) -> Folder? {
        try Self.failing { () throws(GitError) in
            var folder = self.folder
            for name in path.map(String.init) {
                if !replaces, let status = folder.status(name), status.kind != .folder {
                    return nil
                }
                folder = try folder.makeFolder(name, mode: 0o700, owner: owner)
            }
            return folder
        }
    }

    /// Puts a link there, unless there is something already.
    func link(_ path: String, to target: String) throws(AgentsError) {
        let names = path.split(separator: "/")
        guard let name = names.last.map(String.init),
            let folder = try folder(names.dropLast(), replaces: true), folder.status(name) == nil
        else { return }
        try Self.failing { () throws(GitError) in
            _ = try folder.writeLink(name, to: Array(target.utf8), owner: owner)
        }
    }

    /// Takes a file back to the home that it was linked from, where a program has renamed a new one
    /// over the link: of a login that was renewed, the old token may be worth nothing by now. A link
    /// stands there again then.
    func takeBack(_ path: String, to other: OwnHome, at otherPath: String) throws(AgentsError) {
        let names = path.split(separator: "/")
        guard let name = names.last.map(String.init),
            let folder = try folder(names.dropLast(), replaces: false),
            folder.status(name)?.kind == .file,
            let place = try other.folder(names.dropLast(), replaces: false)
        else { return }
        try Self.failing { () throws(GitError) in
            let bytes = try folder.read(name, atMost: Self.largestLogin)
            try place.replace(name, bytes, mode: 0o600, owner: other.owner)
            try folder.remove(name)
        }
        try link(path, to: otherPath + "/" + path)
    }

    /// 1 MiB. Logins have a few KiB.
    private static let largestLogin = 1 << 20

    private static func failing<R>(_ body: () throws(GitError) -> R) throws(AgentsError) -> R {
        do { return try body() } catch { throw .sessionFiles(text: "\(error)") }
    }
}
