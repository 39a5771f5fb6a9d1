import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Looks once a second at what the agent's processes use, and not at all when nothing limits it.
struct UsageWatch: ~Copyable {
    private let limits: LaunchRequest.Limits
    private var nextAtMS = Moment.now.uptimeMS + 1000
    private var folders: FolderMeasure

    init(_ limits: LaunchRequest.Limits) {
        self.limits = limits
        folders = FolderMeasure(limits.diskFolders)
    }

    private var countsProcesses: Bool {
        limits.memoryBytes != nil || limits.processorMS != nil || limits.processes != nil
    }

    /// When to look again; `nil`: never.
    var dueAtMS: Int64? {
        guard countsProcesses || limits.diskBytes != nil else { return nil }
        return folders.isUnderWay ? 0 : nextAtMS
    }

    /// What there is too much of, if it is time to look.
    mutating func excess(_ now: Moment) -> ExitRecord.Resource? {
        guard let dueAtMS, now.uptimeMS >= dueAtMS else { return nil }
        if let most = limits.diskBytes, let used = folders.goOn(now), used > most { return .disk }
        guard now.uptimeMS >= nextAtMS else { return nil }
        nextAtMS = now.uptimeMS + 1000
        return countsProcesses ? excessOfProcesses() : nil
    }

    private func excessOfProcesses() -> ExitRecord.Resource? {
        let all = Descendants.counted()
        if let most = limits.processes, all.count(where: { !$0.isZombie }) > most {
            return .processes
        }
        #if os(Linux)
            if let most = limits.processorMS, Self.processorMS(all) > most { return .processorTime }
            if let most = limits.memoryBytes {
                let used = all.reduce(0) { $0 + ProcessTable.memoryBytes(of: $1.pid) }
                if used > most { return .memory }
            }
        #endif
        return nil
    }

    #if os(Linux)
        /// Of those who live, of whom they have waited for, and of whom we have.
        private static func processorMS(_ all: [ProcessTable.Entry]) -> Int64 {
            var ended = rusage()
            getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &ended)
            let endedMS = [ended.ru_utime, ended.ru_stime].reduce(0) {
                $0 + Int64($1.tv_sec) * 1000 + Int64($1.tv_usec) / 1000
            }
            let perSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
            return endedMS + all.reduce(0) { $0 + $1.processorTicks } * 1000 / perSecond
        }
    #endif
}
