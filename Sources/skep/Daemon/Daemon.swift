import Logging
import SkepCore
import SkepEngine
import SkepQueue
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The worker, with the coordinator and its companions beside it in `skep serve`, from start to
/// stop.
///
/// SIGTERM and SIGINT stop it: sessions are ended, their jobs given back. SIGHUP is a restart:
/// sessions are left to their hosts, and the next process adopts them. A second SIGTERM or SIGINT
/// doesn't wait; what is left running is adopted too.
struct Daemon: Sendable {
    enum End: Sendable, Hashable {
        case stopped
        case restart
    }

    /// What runs beside each other, each until it is cancelled. Where one fails, all end.
    let parts: [@Sendable () async throws -> Void]
    let choice: EndingChoice
    let logger: Logger
    /// Whether a restart makes sense now; says why not by throwing.
    let mayRestart: @Sendable () async throws -> Void

    func run(whenReady: @Sendable () -> Void) async throws -> End {
        // Under nohup it comes in ignored, and "skep restart" would say it to nobody.
        signal(SIGHUP, SIG_DFL)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        // Awaited below, in all cases; cancelled by a signal or with this task.
        let work = Task { try await self.work() }
        // Awaited below, once the work is over.
        let listening = Task { await listen(signals, ending: work) }
        whenReady()

        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        listening.cancel()
        let end = await listening.value
        do {
            try result.get()
        } catch is CancellationError {
            // The way it ends when it is told to.
        }
        return end ?? .stopped
    }

    private func work() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in parts { group.addTask { try await part() } }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func listen(_ signals: UnixSignalsSequence, ending work: Task<Void, any Error>) async
        -> End?
    {
        var end: End?
        for await signal in signals {
            if signal == .sighup {
                guard end == nil, await restartIsPossible() else { continue }
                logger.notice("Restarting; sessions go on")
                choice.choose(.detach)
                end = .restart
            } else {
                guard end == nil else { leaveAtOnce(signal) }
                logger.notice("Stopping; sessions are ended", metadata: ["signal": "\(signal)"])
                choice.choose(.stop)
                end = .stopped
            }
            work.cancel()
        }
        return end
    }

    private func restartIsPossible() async -> Bool {
        do {
            try await mayRestart()
            return true
        } catch {
            logger.error(
                "Not restarting: the configuration is wrong", metadata: [LogKeys.error: "\(error)"])
            return false
        }
    }

    private func leaveAtOnce(_ signal: UnixSignal) -> Never {
        logger.warning("Leaving at once; sessions are left to their hosts")
        _exit(signal == .sigint ? Exit.interrupted : Exit.terminated)
    }
}
