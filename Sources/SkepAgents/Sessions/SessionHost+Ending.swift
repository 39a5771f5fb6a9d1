public import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension SessionHost {
    /// Ends the session whatever state it is in, and returns when everything it started has
    /// gone, its errands too. From then on it has an exit record, and no host can begin with it any
    /// more.
    ///
    /// Not to be broken off by cancellation.
    ///
    /// - Parameters:
    ///   - grace: Between asking the agent to end and killing it.
    ///   - patience: How much longer than that the host may take before it is killed itself. 15 s
    ///     by default.
    /// - Throws: `AgentsError.processesRemain` when some can't be killed.
    @discardableResult
    public func end(
        grace: Duration, patience: Duration = .seconds(15)
    ) async throws(AgentsError) -> ExitRecord {
        // Waited for right here: a half-ended session would be worse than a late return.
        let ended = await Task { () -> Result<ExitRecord, AgentsError> in
            do throws(AgentsError) {
                let record = try await endUncancelled(grace: grace, patience: patience)
                // It can't ask for more from now on.
                try await endErrands()
                return .success(record)
            } catch {
                return .failure(error)
            }
        }.value
        return try ended.get()
    }

    private func endUncancelled(
        grace: Duration, patience: Duration
    ) async throws(AgentsError) -> ExitRecord {
        if try state() == .alive {
            let graceMS = grace / .milliseconds(1)
            _ = await ask(.stop(graceMS: Int64(graceMS)))
            if try await !waitUntilOver(within: grace + patience) { try killHost() }
            _ = try await waitUntilOver(within: .seconds(5))
        }
        switch try state() {
        case .ended(let record):
            if !record.allProcessesGone { try await killRemains() }
            return record
        case .notStarted, .dead:
            return try await bury()
        case .alive:
            throw .processesRemain(
                folder: folder, pids: try hostRecord().map { [$0.process.pid] } ?? [])
        }
    }

    /// Proves that nothing is left of a session whose host is gone or never was, and writes the
    /// exit record that the host couldn't.
    func bury() async throws(AgentsError) -> ExitRecord {
        try await killRemains()
        let lock = try await takeLock()
        // Under the lock no host can begin; afterwards none will, for there is an exit record.
        defer { Self.giveBack(lock) }
        return try wrapping { () throws(WireError) in
            if let record = try ExitRecord.read(from: files) { return record }
            try LaunchRequest.read(from: files)?.redacted.write(to: files)
            let started = try HostRecord.read(from: files)?.startedAt ?? .now
            let record = ExitRecord(
                how: .abandoned, startedAt: started, endedAt: .now, allProcessesGone: true)
            try Files.replace(files.exit, with: record.encoded)
            return record
        }
    }

    private func killRemains() async throws(AgentsError) {
        guard let request = try request() else { return }
        try await SessionRemains.kill(session: request.session, folder: folder)
    }

    private func waitUntilOver(within length: Duration) async throws(AgentsError) -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await waitUntilOver() }
            group.addTask { try? await Task.sleep(for: length) }
            await group.next()
            group.cancelAll()
        }
        return try state() != .alive
    }

    /// Kills a host that doesn't do what it is asked to; no other process that has its pid now.
    private func killHost() throws(AgentsError) {
        guard let process = try hostRecord()?.process, process.isAlive else { return }
        kill(process.pid, SIGKILL)
    }
}
