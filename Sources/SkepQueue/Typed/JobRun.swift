internal import Synchronization

/// What one run of a handler has done so far.
final class JobRun: Sendable {
    private struct State {
        var steps: [String: [UInt8]]?
        var begun: Set<String> = []
        var suspension: Suspension?
        var next: [NewJob] = []
    }

    private let state = Mutex(State())

    /// Why the attempt is over, whatever its handler makes of it. The first reason counts.
    var suspension: Suspension? { state.withLock { $0.suspension } }

    /// What is to be put into queues when the job succeeds.
    var next: [NewJob] { state.withLock { $0.next } }

    func suspend(as settlement: Settlement) throws -> Never {
        throw state.withLock { state in
            let suspension = state.suspension ?? Suspension(settlement: settlement)
            state.suspension = suspension
            return suspension
        }
    }

    func follow(with jobs: [NewJob]) {
        state.withLock { $0.next += jobs }
    }

    // MARK: Steps

    /// The steps that earlier attempts have done, read once.
    ///
    /// - Parameter read: May run twice, when two steps begin at the same time.
    func keptSteps(_ read: () async throws -> [JobStep]) async throws -> [String: [UInt8]] {
        if let steps = state.withLock({ $0.steps }) { return steps }
        let steps = Dictionary(
            try await read().map { ($0.name, $0.result) }, uniquingKeysWith: { first, _ in first })
        state.withLock { $0.steps = steps }
        return steps
    }

    /// - Throws: `QueueError.invalidStep` when the run has a step of the name already.
    func begin(_ step: String) throws {
        try state.withLock { state in
            if let suspension = state.suspension { throw suspension }
            guard state.begun.insert(step).inserted else {
                throw QueueError.invalidStep(
                    step,
                    reason: "This run has had a step of that name; each needs a name of its own.")
            }
        }
    }

    /// A step whose body has thrown may be begun again in the same run.
    func forget(_ step: String) {
        state.withLock { _ = $0.begun.remove(step) }
    }
}
