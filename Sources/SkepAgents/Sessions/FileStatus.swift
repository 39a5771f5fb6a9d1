import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Folders, links and modes: the few things that sessions need of the file system.
enum FileStatus {
    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    static func isExecutableFile(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return access(path, X_OK) == 0
    }

    /// Whether a user may run a file, or pass through a folder, by its mode. A group's bit counts for
    /// anybody: an access list may stand behind it.
    static func isOpen(_ path: String, to user: AgentUser) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return user.uid == 0 || status.st_mode & 0o011 != 0
            || (status.st_uid == user.uid && status.st_mode & 0o100 != 0)
    }

    /// The same of a file and of every folder on the way to it.
    static func isReachable(_ path: String, by user: AgentUser) -> Bool {
        guard let found = realpath(path, nil) else { return false }
        defer { free(found) }
        var place = String(cString: found)
        while !place.isEmpty {
            guard isOpen(place, to: user) else { return false }
            place = place.lastIndex(of: "/").map { String(place[..<$0]) } ?? ""
        }
        return true
    }

    /// What is in a folder; nothing when it can't be read.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes a folder and those above it; an existing one is left as it is.
    static func makeFolder(_ path: String, mode: mode_t) throws(AgentsError) {
        if mkdir(path, mode) == 0 {
            // Whatever the umask takes away is put back.
            chmod(path, mode)
            return
        }
        if errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .sessionFiles(text: "\"\(path)\": \(describe(errno: errno))")
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw .sessionFiles(text: "\"\(path)\": \(describe(errno: errno))")
        }
        chmod(path, mode)
    }

    static func give(_ path: String, to user: AgentUser?) throws(AgentsError) {
        guard let user, geteuid() == 0 else { return }
        guard lchown(path, user.uid, user.gid) == 0 else {
            throw .sessionFiles(text: "\"\(path)\": \(describe(errno: errno))")
        }
    }

    /// Lets an agent that is another user read a file of ours.
    static func open(_ path: String, toGroupOf user: AgentUser?) throws(AgentsError) {
        guard let user, geteuid() == 0 else { return }
        guard lchown(path, 0, user.gid) == 0, chmod(path, 0o640) == 0 else {
            throw .sessionFiles(text: "\"\(path)\": \(describe(errno: errno))")
        }
    }

    /// Deletes a session's folder, which holds files only.
    static func removeFolder(_ path: String) {
        for name in forgettingOrder(names(in: path)) { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// The request goes first and the exit record last: a host that comes late must not find something
    /// to start that hasn't ended.
    static func forgettingOrder(_ names: [String]) -> [String] {
        let files = SessionFiles("")
        let ends = [files.launch, files.exit]
        let rest = names.filter { !ends.contains($0) }
        return [files.launch] + rest + [files.exit]
    }
}
