import SkepCore
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What of this machine a session gets to see, and what of that it may change.
///
/// Everything is there to be read, as programs expect it, but for the operator's home, Skep's own
/// folders and the sockets of `/run`; what the session needs of these is put back by name.
struct SandboxPlan {
    /// The places of one session, absolute.
    struct Places {
        var workspace: String
        var output: String
        /// The agent's HOME.
        var home: String
        /// What Skep gives it to read: its prompt's file, the mirror's objects.
        var given: [String]
        /// Skep's state and configuration, and the files of its credentials.
        var houses: [String]
        /// The home of whoever the agent runs as, where its logins are.
        var loginHome: String
        /// Homes that aren't its own: the operator's.
        var otherHomes: [String]
        /// Below `loginHome`: what it may read, and what it may also write.
        var links: [String]
        var logins: [String]
        var program: String
        /// The value of its PATH.
        var searchPath: String
    }

    let policy: SandboxPolicy
    /// Whether it has nothing to change in the workspace.
    let isReadOnly: Bool
    let places: Places

    /// `nil`: it isn't shut in.
    var sandbox: Sandbox? {
        guard let level = policy.level(isReadOnly: isReadOnly) else { return nil }
        let hidden = Set((homes + places.houses + ["/run", "/root"]).map(Self.real))
        var writable = [places.output]
        if places.home != places.loginHome { writable.append(places.home) }
        var readable = places.given
        if isReadOnly || level == .readOnly {
            readable.append(places.workspace)
        } else {
            writable.append(places.workspace)
        }
        let further = policy.writes.map(expanded) + places.logins.map(inLoginHome)
        let own = Set(writable + further + Self.withTargets(writable))
        writable += Self.outside(own, hidden, further)
        readable += Self.outside(
            own, hidden,
            policy.reads.map(expanded) + places.links.map(inLoginHome) + programs + nameResolution)
        return Sandbox(
            level: level.rawValue, isRequired: policy.isRequired, hidden: hidden.sorted(),
            readable: Self.withTargets(readable), writable: Self.withTargets(writable),
            hasNoNetwork: level == .isolated,
            endpoints: level == .isolated ? policy.endpoints.map(\.description) : [])
    }

    private func inLoginHome(_ path: String) -> String { places.loginHome + "/" + path }

    /// Those that don't lie in a place it may write: there they are its own already, and what links
    /// stand on the way is its say, which shall lead to nothing else.
    private static func outside(
        _ writable: Set<String>, _ hidden: Set<String>, _ paths: [String]
    ) -> [String] {
        paths.filter { path in
            let around = writable.union(hidden).filter { path.hasPrefix($0 + "/") }
            return around.max { $0.utf8.count < $1.utf8.count }.map { !writable.contains($0) }
                ?? true
        }
    }

    private var homes: [String] {
        ([places.loginHome, "/root"] + places.otherHomes).filter { $0 != "/" }
    }

    /// What lies in a home of what it runs: the program, its interpreter, their installations, the
    /// folders of PATH.
    private var programs: [String] {
        let folders = places.searchPath.split(separator: ":").map(String.init)
        let files = ([places.program] + [Self.interpreter(of: places.program)].compactMap { $0 })
            .flatMap { [$0, Self.real($0)] }
        return files
            + (folders + files.map(Self.parent)).flatMap { folder in
                // "~/.nvm/versions/node/v22/bin" needs what is beside it, and so does "~/.pyenv/shims";
                // "~/bin" surely not.
                let depth = depthInHome(folder)
                let isPart =
                    depth >= 4 && folder.hasSuffix("/bin")
                    || depth >= 2 && folder.hasSuffix("/shims")
                return isPart ? [Self.parent(folder)] : depth >= 1 ? [folder] : []
            }
    }

    /// The program that a script's first line names. A virtual environment's Python is a link to one
    /// that may be in a home.
    private static func interpreter(of program: String) -> String? {
        let file = open(program, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = max(0, pread(file, &bytes, bytes.count, 0))
        let line = String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
        guard line.hasPrefix("#!") else { return nil }
        let word = line.dropFirst(2).split(whereSeparator: \.isWhitespace).first.map(String.init)
        return word.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Where /etc/resolv.conf leads into a hidden folder.
    private var nameResolution: [String] {
        let file = Self.real("/etc/resolv.conf")
        return file.hasPrefix("/run/") ? [file] : []
    }

    /// How many folders below a hidden home; 0: not in one.
    private func depthInHome(_ path: String) -> Int {
        for home in homes where path.hasPrefix(home + "/") {
            return path.dropFirst(home.count).split(separator: "/").count
        }
        return 0
    }

    private func expanded(_ path: String) -> String {
        path == "~" || path.hasPrefix("~/") ? places.loginHome + path.dropFirst() : path
    }

    /// A link in a hidden folder is gone with it: what it leads to is then needed at both paths.
    private static func withTargets(_ paths: [String]) -> [String] {
        Set(paths.filter { $0.hasPrefix("/") } + paths.map(real)).sorted()
    }

    private static func parent(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
    }

    /// The path without links; as it is when there is nothing.
    private static func real(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }
}

extension SandboxPolicy {
    /// What a session is shut in by; `nil`: nothing.
    ///
    /// - Parameter isReadOnly: Whether it has nothing to change in the workspace.
    func level(isReadOnly: Bool) -> SandboxLevel? {
        guard level != .none else { return nil }
        return isReadOnly && level == .workspaceWrite ? .readOnly : level
    }
}
