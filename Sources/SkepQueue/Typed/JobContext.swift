public import Logging

/// What a handler knows of the attempt it makes, and what it can ask for meanwhile.
///
/// To sleep or to wait for an event ends the attempt: it is done by throwing, and so are all steps,
/// sleeps and waits after it. A handler lets that error through; what it returns instead doesn't
/// count. To give a job up or put it off, throw a `PermanentFailure` or a `Snooze`.
public struct JobContext: Sendable {
    public let lease: Lease
    /// Has the ids of the job.
    public let logger: Logger

    let store: any QueueStore
    let clock: any Clock
    let run = JobRun()
    private let attempt: any AttemptContext
    private let progress: ProgressMail

    init(_ lease: Lease, _ attempt: any AttemptContext, in queue: JobQueue, _ logger: Logger) {
        var logger = logger
        for (key, value) in lease.logFacts() { logger[metadataKey: key] = value }
        self.lease = lease
        self.logger = logger
        self.attempt = attempt
        store = queue.store
        clock = queue.clock
        progress = ProgressMail(lease.token, queue, logger)
    }

    /// The job as it was when it was leased.
    public var job: Job { lease.job }

    /// Why the handler's task was cancelled; `nil` while it may go on.
    public var stopReason: StopReason? { attempt.stopReason }

    // MARK: Progress

    /// Says how far the job has come, for whoever looks from outside.
    ///
    /// Returns at once and may be called as often as one likes: the last word is written down up to
    /// four times a second. It is forgotten when the attempt ends, so nothing is written then.
    ///
    /// - Parameters:
    ///   - done: In units of the job's own, such as files. At least 0.
    ///   - total: Labelled `of`. `nil`, the default: not known.
    public func report(_ done: Int64, of total: Int64? = nil, _ message: String? = nil) {
        progress.post(.init(done: done, total: total, message: message))
    }

    /// Lets nothing be written any more. Once the handler has ended.
    func finish() async {
        await progress.finish()
    }

    // MARK: What comes next

    /// Puts jobs into their queues if and when this one succeeds, in the same transaction.
    public func enqueueOnSuccess(_ jobs: NewJob...) {
        run.follow(with: jobs)
    }

    // MARK: Dependencies

    /// What the job's dependencies have left behind, in the order in which they were named.
    public func dependencies() async throws -> [DependencyOutcome] {
        try await store.dependencyOutcomes(of: job.id)
    }

    /// The outputs of those dependencies that have succeeded, in the order in which they were named.
    ///
    /// - Throws: `JobOutputError` when one isn't of the type.
    public func outputs<Output: Codable>(as type: Output.Type) async throws -> [Output] {
        try await dependencies().filter { $0.state == .succeeded }.map { try $0.output(as: type) }
    }

    /// The output of the job's first dependency: of the step before it in a pipeline.
    ///
    /// - Throws: `JobOutputError` when there is none, or it isn't of the type.
    public func previousOutput<Output: Codable>(as type: Output.Type) async throws -> Output {
        guard let first = try await dependencies().first else {
            throw JobOutputError.missing(job.id)
        }
        return try first.output(as: type)
    }
}

extension DependencyOutcome {
    /// What it has left behind, as the type its payload names.
    ///
    /// - Throws: `JobOutputError`, which says what became of the job when it hasn't succeeded.
    public func output<Output: Codable>(as type: Output.Type) throws(JobOutputError) -> Output {
        switch state {
        case .succeeded: try JobOutput.read(type, from: result, of: job)
        case .dead: throw .died(job, failure)
        default: throw .cancelled(job, reason: nil)
        }
    }
}
