internal import Logging

/// What is done with jobs, by their kind.
///
/// ```swift
/// var handlers = JobHandlers()
/// handlers.handle(Greet.self, retry: RetryPolicy(base: .seconds(1))) { greet, context in
///     "Hello, \(greet.name)!"
/// }
/// ```
///
/// An error that a handler throws counts as a failure, and its job is tried again after a while;
/// with `JobOptions.maxFailures` reached the job is dead. A `JobFailure` decides itself. A payload
/// that can't be decoded makes the job dead at once, and so does an output that can't be encoded.
public struct JobHandlers: Sendable {
    typealias Run = @Sendable (JobContext) async throws -> Settlement

    private var runs: [JobKind: Run] = [:]
    /// When jobs are tried again, by kind.
    private(set) var retryPolicies: [JobKind: RetryPolicy] = [:]

    public init() {}

    /// The kinds there is a handler for.
    public var kinds: Set<JobKind> { Set(runs.keys) }

    /// Says how jobs of a kind are done. The last handler that is named for a kind counts.
    ///
    /// - Parameter retry: How long jobs of the kind wait after a failure. `nil`, the default: as
    ///   the store says.
    // Disfavoured: a body without `return` is meant for the other one, and fits both.
    @_disfavoredOverload
    public mutating func handle<Payload: JobPayload>(
        _ type: Payload.Type, retry: RetryPolicy? = nil,
        _ body: @escaping @Sendable (Payload, JobContext) async throws -> Payload.Output
    ) {
        retryPolicies[Payload.kind] = retry
        runs[Payload.kind] = { context in
            let payload: Payload
            do {
                payload = try JobCoding.decode(type, from: context.job.payload)
            } catch {
                throw PermanentFailure(kind: Failure.payloadUndecodable, message: "\(error)")
            }
            let output = try await body(payload, context)
            do {
                return .succeeded(
                    result: try JobOutput.bytes(of: output), next: context.run.next)
            } catch {
                throw PermanentFailure(kind: Failure.resultUnencodable, message: "\(error)")
            }
        }
    }

    /// The same for jobs that leave nothing behind.
    public mutating func handle<Payload: JobPayload>(
        _ type: Payload.Type, retry: RetryPolicy? = nil,
        _ body: @escaping @Sendable (Payload, JobContext) async throws -> Void
    ) where Payload.Output == NoOutput {
        handle(type, retry: retry) { payload, context in
            try await body(payload, context)
            return NoOutput()
        }
    }

    /// What a worker does with a lease.
    func handler(for queue: JobQueue, logger: Logger) -> QueueWorker.Handler {
        { lease, attempt in
            guard let run = runs[lease.job.kind] else {
                throw Snooze(for: .seconds(60), reason: "There is no handler for its kind here.")
            }
            let context = JobContext(lease, attempt, in: queue, logger)
            let result: Result<Settlement, any Error>
            do {
                result = .success(try await run(context))
            } catch {
                result = .failure(error)
            }
            await context.finish()
            // It holds also when the handler has swallowed it.
            if let suspension = context.run.suspension { throw suspension }
            return .settle(try result.get())
        }
    }
}

extension Failure {
    /// The kind of a failure whose job's payload, step or event isn't what its handler expects.
    public static let payloadUndecodable = "payload_undecodable"
    /// The kind of a failure whose handler's output, or a step's, can't be written as JSON.
    public static let resultUnencodable = "result_unencodable"
}
