internal import Logging
internal import SkepCore
public import SkepQueue

/// Keeps burn-downs going: starts what their plans say, closes their windows, and writes their
/// reports.
///
/// It holds nothing that isn't in the store; one that is made anew goes on where the former stopped,
/// and two at once do nothing twice.
public actor BurndownKeeper {
    private let parts: SwarmParts
    private let timeZone: ScheduleTimeZone
    private let interval: Duration
    /// How long the sessions of closed runs took: that changes no more.
    private var sessionTimes: [RunID: Duration] = [:]

    private var newestEvent: EventID?
    private var lookedAt: Duration?
    /// When something is to be done although nothing happened.
    private var nextDue: Timestamp?

    /// - Parameters:
    ///   - timeZone: By whose clocks a person's burn-down is told of; this machine's by default.
    ///   - interval: How often is looked whether anything happened. 2 s by default.
    public init(
        _ parts: SwarmParts, timeZone: ScheduleTimeZone = .current,
        interval: Duration = .seconds(2)
    ) {
        self.parts = parts
        self.timeZone = timeZone
        self.interval = interval
    }

    /// Looks after burn-downs until it is cancelled. Where nothing happens it costs one query each
    /// interval.
    public func run() async throws {
        while true {
            try Task.checkCancellation()
            if await isWorthIt() { await tick() }
            try await parts.clock.sleep(for: interval)
        }
    }

    /// Looks once after each burn-down that hasn't ended. One that is in trouble doesn't keep the
    /// others back, and is tried again.
    public func tick() async {
        do {
            // Before: what happens meanwhile is looked at the next time.
            newestEvent = try await parts.store.lastEvents([], limit: 1).first?.id
            lookedAt = parts.clock.uptime
            nextDue = nil
            for burndown in try await parts.store.burndowns(openOnly: true, limit: 1000).reversed()
            {
                await tick(burndown.id)
            }
        } catch is CancellationError {
            // Whoever comes next goes on.
        } catch {
            parts.logger.warning(
                "Can't look after burn-downs", metadata: [LogKeys.error: "\(error)"])
        }
    }

    private func tick(_ id: BurndownID) async {
        do {
            try await keep(id)
        } catch is CancellationError {
        } catch {
            parts.logger.warning(
                "Can't look after burn-down",
                metadata: [LogKeys.error: "\(error)", LogKeys.outcome: "burn-down \(id)"])
            wake(at: parts.clock.now + Self.patience)
            let what = (error as? any SkepError)?.what ?? "\(error)"
            try? await parts.store.record(
                NewSwarmEvent(.trouble, text: "burn-down \(id) can't go on: \(what)"))
        }
    }

    // MARK: When

    /// How long it is believed that nothing happened.
    private static let patience = Duration.seconds(60)

    private func isWorthIt() async -> Bool {
        guard let lookedAt, parts.clock.uptime - lookedAt < Self.patience else { return true }
        if let nextDue, parts.clock.now >= nextDue { return true }
        let newest = try? await parts.store.lastEvents([], limit: 1).first?.id
        return newest != newestEvent
    }

    private func wake(at time: Timestamp?) {
        guard let time else { return }
        nextDue = min(nextDue ?? time, time)
    }

    // MARK: One burn-down

    private func keep(_ id: BurndownID) async throws {
        guard var progress = try await BurndownProgress(id, parts.store) else { return }
        wake(at: progress.burndown.until.flatMap { $0 > parts.clock.now ? $0 : nil })
        if progress.burndown.state == .running {
            let used = try await sessionTime(of: progress)
            if let reason = reasonToClose(progress, used) {
                try await parts.store.close(id, because: reason)
            } else {
                try await start(progress)
            }
            guard let after = try await BurndownProgress(id, parts.store) else { return }
            progress = after
            if progress.burndown.state == .running, progress.planned.isEmpty {
                try await parts.store.close(id, because: "its plan is done")
                guard let after = try await BurndownProgress(id, parts.store) else { return }
                progress = after
            }
        }
        guard progress.burndown.state != .ended else { return }
        try await stopIfDue(progress)
        if progress.burndown.state == .closing, progress.activeRuns.isEmpty {
            try await end(progress)
        }
    }

    private func start(_ progress: BurndownProgress) async throws {
        let outcome = try await BurndownStarter(parts: parts).start(progress)
        guard !outcome.gates.isEmpty else { return }
        wake(at: outcome.gates.compactMap(\.opensAt).min())
        guard outcome.opened.isEmpty, progress.activeRuns.isEmpty else { return }
        // Nothing of it is under way: somebody may wonder why.
        let why = outcome.gates.map(\.what).joined(separator: " ")
        try await parts.store.record(
            NewSwarmEvent(.burndown, text: "burn-down \(progress.burndown.id) waits: \(why)"))
    }

    // MARK: The end

    /// Why nothing more is started; `nil` while something may be.
    private func reasonToClose(_ progress: BurndownProgress, _ used: Duration) -> String? {
        let burndown = progress.burndown
        if progress.planned.isEmpty { return "its plan is done" }
        if let until = burndown.until, until <= parts.clock.now {
            let time = parts.localTime(of: burndown, machine: timeZone)
            return "its window closed at \(time.hour(until))"
        }
        if let minutes = burndown.settings.maxMinutes, used >= .seconds(minutes * 60) {
            return "its \(minutes) minutes of sessions are used up"
        }
        return nil
    }

    /// Stops what runs, where the settings say so: when the window is over, the minutes are used up,
    /// or somebody closed it before its plan was done.
    private func stopIfDue(_ progress: BurndownProgress) async throws {
        let burndown = progress.burndown
        guard burndown.settings.atEnd == .stop, !progress.activeRuns.isEmpty else { return }
        var reason: String?
        if let until = burndown.until, until <= parts.clock.now {
            let time = parts.localTime(of: burndown, machine: timeZone)
            reason = "the burn-down's window closed at \(time.hour(until))"
        } else if burndown.state == .closing, !progress.planned.isEmpty {
            reason = "the burn-down ends: \(burndown.closingReason ?? "")"
        } else if let minutes = burndown.settings.maxMinutes,
            try await sessionTime(of: progress) >= .seconds(minutes * 60)
        {
            reason = "the burn-down's \(minutes) minutes of sessions are used up"
        }
        guard let reason else { return }
        let withdrawals = Withdrawals(parts: parts)
        for run in progress.activeRuns { try await withdrawals.stop(run.run, reason) }
    }

    /// Keeps the report as a file, then ends the burn-down with it; the file is written again where
    /// that didn't come to its end.
    private func end(_ progress: BurndownProgress) async throws {
        let burndown = progress.burndown
        let time = parts.localTime(of: burndown, machine: timeZone)
        let report = try await BurndownFacts(parts: parts).report(on: progress, time)
        let path = try await parts.keepReport("burndown-\(burndown.id).md", report.text)
        try await parts.store.end(
            burndown.id, report: report.text, reports: report.reports)
        for run in progress.startedRuns { sessionTimes[run] = nil }
        parts.logger.notice(
            "Burn-down has ended",
            metadata: [LogKeys.outcome: "\(report.title)", LogKeys.path: "\(path)"])
    }

    // MARK: Minutes

    /// How long its sessions took so far. Asks for nothing where nobody set a limit; otherwise this
    /// is looked at again when the limit may be reached.
    private func sessionTime(of progress: BurndownProgress) async throws -> Duration {
        guard let minutes = progress.burndown.settings.maxMinutes else { return .zero }
        let now = parts.clock.now
        var used = Duration.zero
        var running = 0
        for run in progress.startedRuns {
            if progress.openRuns[run] == nil, let known = sessionTimes[run] {
                used += known
                continue
            }
            let sessions = try await parts.store.history(of: run).sessions
            used += sessions.length(until: now)
            running += sessions.count { $0.endedAt == nil }
            if progress.openRuns[run] == nil, sessions.allSatisfy({ $0.endedAt != nil }) {
                sessionTimes[run] = sessions.length(until: now)
            }
        }
        let left = Duration.seconds(minutes * 60) - used
        if running > 0, left > .zero { wake(at: now + left / running) }
        return used
    }
}

extension BurndownReport {
    /// What is posted on the tracker.
    var reports: [NewReport] {
        let topic = "burndown-\(burndown.id)"
        switch burndown.settings.reportTo {
        case .file: return []
        case .issue:
            guard let repository = burndown.settings.repositories.first else { return [] }
            return [
                NewReport(
                    topic: topic, body: body, content: .issue(title: title, labels: []),
                    // 0 stands for the issue that is opened.
                    on: IssueReference(repository: repository, number: 0))
            ]
        case .comment(let place):
            return [NewReport(topic: topic, body: text, on: place)]
        }
    }
}
