import Dispatch

/// Runs an actor's jobs one after the other on a thread that may block.
///
/// libgit2 blocks, and keeps the text of its last error by thread; here a call and the reading of
/// its error stand together, and the cooperative pool is never held up.
final class GitExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
