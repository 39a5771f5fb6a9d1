public import SkepCore
import SkepGit
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

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
        try self.init(path, owner: user.map { FileOwner(user: $0.uid, group: $0.gid) })
    }

    private init(_ path: String, owner: FileOwner?) throws(AgentsError) {
        folder = try Self.failing { () throws(GitError) in try Folder(path) }
        self.owner = owner
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

    /// Takes a file back to where it was linked from, when a program has renamed a new one over the
    /// link: of a login that was renewed, the old token may be worth nothing by now. A link stands
    /// there again then. What is older than the one it would replace goes.
    ///
    /// - Throws: When it can't be read or put there; it stays in the home then.
    func takeBack(_ path: String, to loginHome: String) throws(AgentsError) {
        let names = path.split(separator: "/")
        guard let name = names.last.map(String.init),
            let folder = try folder(names.dropLast(), replaces: false),
            let renewed = folder.status(name), renewed.kind == .file,
            // A hard link to what is none of the agent's has another owner.
            renewed.user == owner?.user ?? geteuid()
        else { return }
        let origin = try origin(of: path, in: loginHome)
        try Self.failing { () throws(GitError) in
            // Two sessions may have renewed it, and end at once.
            try origin.folder.locked { () throws(GitError) in
                let known = origin.folder.status(origin.name)
                if known.map({ $0.modified <= renewed.modified }) ?? true {
                    let bytes = try folder.read(name, atMost: Self.largestLogin)
                    try origin.folder.replace(
                        origin.name, bytes, mode: 0o600, owner: owner, modified: renewed.modified)
                }
            }
            try folder.remove(name)
        }
        try link(path, to: loginHome + "/" + path)
    }

    /// The folder and the name of a file of the login's home. Links on the way are followed as programs
    /// do, but not by root, whom they may lead where their maker may not write.
    private func origin(of path: String, in loginHome: String) throws(AgentsError)
        -> (folder: Folder, name: String)
    {
        let names = path.split(separator: "/")
        let last = names.last.map(String.init) ?? ""
        let parent = names.dropLast().reduce(loginHome) { $0 + "/" + $1 }
        if let owner {
            let home = try OwnHome(loginHome, owner: owner)
            guard let folder = try home.folder(names.dropLast(), replaces: false) else {
                throw .sessionFiles(text: "\"\(parent)\" isn't a folder; root follows no links.")
            }
            return (folder, last)
        }
        guard
            let real = Self.real(loginHome + "/" + path)
                ?? Self.real(parent).map({ "\($0)/\(last)" }),
            let slash = real.lastIndex(of: "/")
        else { throw .sessionFiles(text: "\(parent): \(describe(errno: errno))") }
        let folder = try Self.failing { () throws(GitError) in try Folder(String(real[..<slash])) }
        return (folder, String(real[real.index(after: slash)...]))
    }

    /// The path without links; `nil` when there is nothing.
    private static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    /// 1 MiB. Logins have a few KiB.
    private static let largestLogin = 1 << 20

    private static func failing<R>(_ body: () throws(GitError) -> R) throws(AgentsError) -> R {
        do { return try body() } catch { throw .sessionFiles(text: "\(error)") }
    }
}

extension AgentHouse {
    /// Takes the logins that were renewed in an agent's own home back to where they were linked from.
    /// To be done before such a home is removed: of a login that was renewed, the old token may be
    /// worth nothing.
    ///
    /// - Parameter home: May be gone already.
    /// - Throws: `AgentsError.loginKept` for the first that can't be taken back; it stays in the
    ///   home, and whoever was to remove that doesn't.
    public func takeLoginsBack(of agent: AgentDefinition, from home: String) throws(AgentsError) {
        guard agent.home.mode == .own, FileStatus.exists(home) else { return }
        var kept: AgentsError?
        for login in agent.home.logins {
            do throws(AgentsError) {
                try OwnHome(home, of: user).takeBack(login, to: loginHome)
            } catch {
                kept =
                    kept
                    ?? .loginKept(
                        agent: agent.name, path: "\(home)/\(login)",
                        origin: "\(loginHome)/\(login)", text: error.why ?? error.what)
            }
        }
        if let kept { throw kept }
    }
}
