import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The processes that a session left behind when its host was killed.
///
/// They are known by the variable that the host put into the agent's environment, and by being
/// descendants of one that has it, or in the same kernel session: the agent began one of its own,
/// so nobody else is in it. What has dropped its environment, its parents *and* its session can't
/// be told from anybody else's process and is left alone.
public enum SessionRemains {
    /// Kills them all, and returns when none is left. Others are never touched.
    ///
    /// - Parameters:
    ///   - session: The marker: `LaunchRequest.session`.
    ///   - folder: For the error.
    /// - Throws: `AgentsError.processesRemain` when some are still there after ten seconds.
    public static func kill(session: String, folder: String) async throws(AgentsError) {
        let deadline = Moment.now.uptimeMS + 10_000
        while true {
            let found = find(session: session)
            if found.isEmpty { return }
            for process in found where process.isAlive { signal(process.pid) }
            guard Moment.now.uptimeMS < deadline else {
                throw .processesRemain(folder: folder, pids: found.map(\.pid).sorted())
            }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Those that are there now, zombies not counted.
    public static func count(session: String) -> Int {
        find(session: session).count
    }

    #if os(Linux)
        static func find(session: String) -> [ProcessIdentity] {
            let marker = Array("\(LaunchRequest.marker)=\(session)".utf8)
            let boot = ProcessTable.boot
            let all = ProcessTable.all().filter { $0.pid != getpid() }
            let children = Dictionary(grouping: all, by: \.parent)
            let sessions = Dictionary(grouping: all, by: \.session)
            var found: Set<Int32> = []
            var open = all.filter { entry in
                ProcessTable.environment(of: entry.pid).contains { $0.elementsEqual(marker) }
            }
            while let entry = open.popLast() {
                guard found.insert(entry.pid).inserted else { continue }
                open += (children[entry.pid] ?? []) + (sessions[entry.session] ?? [])
            }
            return all.filter { found.contains($0.pid) && !$0.isZombie }.map {
                ProcessIdentity(pid: $0.pid, startTime: $0.startTime, boot: boot)
            }
        }
    #else
        /// macOS shows no other process's environment to ordinary programs; the host's own death
        /// is the only case in which somebody could be left.
        static func find(session: String) -> [ProcessIdentity] { [] }
    #endif

    private static func signal(_ pid: Int32) {
        #if canImport(Glibc)
            _ = Glibc.kill(pid, SIGKILL)
        #else
            _ = Darwin.kill(pid, SIGKILL)
        #endif
    }
}
