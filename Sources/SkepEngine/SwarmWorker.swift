internal import Logging
public import SkepCore
internal import SkepQueue

/// Takes leases and does the steps, the reports and what schedules begin, and sees to it that the
/// schedules' ticks come, until it is cancelled.
public struct SwarmWorker: Sendable {
    public struct Configuration: Sendable {
        /// How many steps may run at once. 4 by default.
        public var slots: Int
        /// How many reports may be posted at once. 2 by default.
        public var reportSlots: Int
        public var leaseLength: Duration
        public var renewInterval: Duration
        public var pollInterval: Duration
        /// How often what is left of closed runs is looked for. 5 s by default.
        public var cleanUpInterval: Duration

        public init(
            slots: Int = 4, reportSlots: Int = 2, leaseLength: Duration = .seconds(30),
            renewInterval: Duration = .seconds(10), pollInterval: Duration = .seconds(5),
            cleanUpInterval: Duration = .seconds(5)
        ) {
            self.slots = slots
            self.reportSlots = reportSlots
            self.leaseLength = leaseLength
            self.renewInterval = renewInterval
            self.pollInterval = pollInterval
            self.cleanUpInterval = cleanUpInterval
        }
    }

    private let parts: SwarmParts
    private let configuration: Configuration
    private let ending: @Sendable () -> SessionEnding

    /// - Parameter ending: What becomes of running sessions when this worker is cancelled; asked
    ///   then.
    public init(
        _ parts: SwarmParts, configuration: Configuration = Configuration(),
        ending: @escaping @Sendable () -> SessionEnding
    ) {
        self.parts = parts
        self.configuration = configuration
        self.ending = ending
    }

    public func run() async throws {
        for agent in parts.agents.values {
            try await parts.queue.setLimit(
                agent.definition.concurrency, of: agent.definition.concurrencyKey,
                in: SwarmQueues.steps)
        }
        try await parts.store.setPlaces(
            parts.accountPlaces, of: parts.agents.mapValues(\.definition.provider))
        try await retryLogins()
        try await SwarmSchedules(parts).declare()
        let handlers = handlers()
        let scheduler = Scheduler(store: parts.queue, clock: parts.clock, logger: parts.logger)
        let worker = QueueWorker(
            store: parts.queue,
            configuration: QueueWorker.Configuration(
                slots: [
                    SwarmQueues.steps: configuration.slots,
                    SwarmQueues.reports: configuration.reportSlots,
                    SwarmQueues.ticks: 1,
                ], kinds: Set(handlers.keys),
                leaseLength: configuration.leaseLength,
                renewInterval: configuration.renewInterval,
                pollInterval: configuration.pollInterval),
            clock: parts.clock, logger: parts.logger
        ) { lease, context in
            guard let handler = handlers[lease.job.kind] else {
                throw Snooze(for: .seconds(60), reason: "There is no handler for its kind here.")
            }
            return try await handler(lease, context)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            group.addTask { await scheduler.run() }
            group.addTask { try await cleanUp() }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Agents' files and secrets are read when Skep starts: a login may have been mended.
    private func retryLogins() async throws {
        for hold in try await parts.store.accountHolds() where hold.type == .authentication {
            try await parts.store.lift(hold.account)
        }
    }

    /// What is done with jobs, by their kind. Jobs of other kinds stay in the queue, for a program
    /// that knows them.
    private func handlers() -> [JobKind: QueueWorker.Handler] {
        let steps = StepRunner(parts: parts, ending: ending)
        let reports = ReportPoster(parts: parts)
        let ticks = TickRunner(parts: parts)
        return [
            SwarmQueues.step: { try await steps.run($0, $1) },
            SwarmQueues.report: { lease, _ in try await reports.run(lease) },
            SwarmQueues.tick: { lease, _ in try await ticks.run(lease) },
        ]
    }

    /// Cleans up after runs that were closed while their worker was dead, and looks at the clock.
    private func cleanUp() async throws {
        let cleaner = Cleaner(parts: parts)
        var watch = ClockWatch(parts.clock)
        while true {
            await cleaner.sweep()
            if let jump = watch.jump() {
                parts.logger.warning(
                    "The wall clock was turned; leases and limits don't follow it, but jobs that wait for a time do: \"skep queue retry\" starts one at once",
                    metadata: [LogKeys.durationMS: "\(jump.milliseconds)"])
            }
            try await parts.clock.sleep(for: configuration.cleanUpInterval)
        }
    }
}
