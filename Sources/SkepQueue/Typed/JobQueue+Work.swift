public import Logging

extension JobQueue {
    /// What is used where no logger is given: it says what went wrong, and not a line for each job.
    public static var standardLogger: Logger {
        var logger = Logger(label: "SkepQueue")
        logger.logLevel = .warning
        return logger
    }

    /// Runs jobs as they come, until the task is cancelled: with a worker, and a `Scheduler` beside
    /// it.
    ///
    /// When the task is cancelled, handlers are cancelled with `StopReason.shutdown` and waited
    /// for; then it returns.
    ///
    /// - Parameter slots: How many jobs may run at once, by queue.
    /// - Throws: `QueueError.unsuitable` when the worker can't be registered.
    public func work(
        _ handlers: JobHandlers, slots: [QueueName: Int],
        logger: Logger = JobQueue.standardLogger
    ) async throws {
        async let _ = Scheduler(store: store, clock: clock, logger: logger).run()
        try await worker(handlers, .init(slots: slots), logger: logger).run()
    }

    /// The same for the queue named "default".
    public func work(
        _ handlers: JobHandlers, slots: Int = 1, logger: Logger = JobQueue.standardLogger
    ) async throws {
        try await work(handlers, slots: ["default": slots], logger: logger)
    }

    /// A worker with these handlers. It takes only kinds it has a handler for.
    ///
    /// - Parameter configuration: Its kinds and retry policies come from the handlers.
    public func worker(
        _ handlers: JobHandlers, _ configuration: QueueWorker.Configuration,
        logger: Logger = JobQueue.standardLogger
    ) -> QueueWorker {
        var configuration = configuration
        configuration.kinds = handlers.kinds
        configuration.retryPolicies = handlers.retryPolicies
        return QueueWorker(
            store: store, configuration: configuration, middleware: middleware, clock: clock,
            logger: logger, handler: handlers.handler(for: self, logger: logger))
    }
}
