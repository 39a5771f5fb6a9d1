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
        try await killAll(folder) { find(session: session) }
    }

    /// Kills hosts of a session that hang at their start, and whoever starts them, likewise. These are
    /// known by a variable alone: they are in the kernel session of the worker, or were just now.
    static func killHosts(of session: String, folder: String) async throws(AgentsError) {
        try await killAll(folder) {
            identities(processes(with: hostMarker, session, among: others()))
        }
    }

    /// Stands in the environment of a session's hosts, and not in that of its agent.
    static let hostMarker = "SKEP_HOST_OF"

    private static func killAll(
        _ folder: String, _ find: () -> [ProcessIdentity]
    ) async throws(AgentsError) {
        let deadline = Moment.now.uptimeMS + 10_000
        while true {
            let found = find()
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
            let all = others()
            let children = Dictionary(grouping: all, by: \.parent)
            let sessions = Dictionary(grouping: all, by: \.session)
            var found: Set<Int32> = []
            var open = processes(with: LaunchRequest.marker, session, among: all)
            while let entry = open.popLast() {
                guard found.insert(entry.pid).inserted else { continue }
                open += (children[entry.pid] ?? []) + (sessions[entry.session] ?? [])
            }
            return identities(all.filter { found.contains($0.pid) })
        }

        private static func processes(
            with variable: String, _ value: String, among all: [ProcessTable.Entry]
        ) -> [ProcessTable.Entry] {
            let marker = Array("\(variable)=\(value)".utf8)
            return all.filter { entry in
                ProcessTable.environment(of: entry.pid).contains { $0.elementsEqual(marker) }
            }
        }
    #else
        /// macOS shows no other process's environment to ordinary programs; the host's own death
        /// is the only case in which somebody could be left.
        static func find(session: String) -> [ProcessIdentity] { [] }

        private static func processes(
            with variable: String, _ value: String, among all: [ProcessTable.Entry]
        ) -> [ProcessTable.Entry] { [] }
    #endif

    private static func others() -> [ProcessTable.Entry] {
        ProcessTable.all().filter { $0.pid != getpid() }
    }

    /// Zombies are nobody any more.
    private static func identities(_ entries: [ProcessTable.Entry]) -> [ProcessIdentity] {
        let boot = ProcessTable.boot
        return entries.filter { !$0.isZombie }.map {
            ProcessIdentity(pid: $0.pid, startTime: $0.startTime, boot: boot)
        }
    }

    private static func signal(_ pid: Int32) {
        #if canImport(Glibc)
            _ = Glibc.kill(pid, SIGKILL)
        #else
            _ = Darwin.kill(pid, SIGKILL)
        #endif
    }
}
