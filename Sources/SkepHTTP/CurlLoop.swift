internal import CCurl
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One request on its way, as both sides know it.
final class Ticket: Sendable {
    let request: HTTPRequest
    private let cancelled = Atomic(false)

    init(_ request: HTTPRequest) { self.request = request }

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    /// Set before the loop is told, so that a cancellation which overtakes its start isn't lost.
    func cancel() { cancelled.store(true, ordering: .releasing) }
}

/// The thread that drives libcurl: an inbox that any thread may fill, and `curl_multi_poll`, which
/// a wake-up ends. The thread begins with the first request.
final class CurlLoop: Sendable {
    typealias Reply = CheckedContinuation<HTTPResponse, any Error>

    enum Message {
        case start(Ticket, Reply)
        case cancel(Ticket)
    }

    private struct Inbox {
        var messages: [Message] = []
        var hasThread = false
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let limits: HTTPLimits
    private let concurrency: Int
    /// Unsafe only by its type: the loop's thread alone uses it, but for `curl_multi_wakeup`, which
    /// may be called by any thread as long as the handle lives, and it lives as long as `self`.
    nonisolated(unsafe) private let multi: UnsafeMutableRawPointer
    /// Milliseconds between two looks at the inbox when nothing wakes the loop.
    private let patience: Int32

    /// libcurl asks for this before anything else, once per process.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(limits: HTTPLimits, concurrency: Int) {
        guard Self.isReady, let multi = curl_multi_init() else {
            // Only out of memory, where Swift's own allocations trap as well.
            preconditionFailure("libcurl has no memory to begin with")
        }
        self.multi = multi
        self.limits = limits
        self.concurrency = concurrency
        // Without descriptors for its wake-up pair libcurl goes on without one.
        patience = curl_multi_wakeup(multi) == CURLM_OK ? 60_000 : 50
    }

    deinit { curl_multi_cleanup(multi) }

    func start(_ ticket: Ticket, _ reply: Reply) {
        let problem: Int32 = inbox.withLock { inbox in
            if !inbox.hasThread {
                let problem = spawn()
                guard problem == 0 else { return problem }
                inbox.hasThread = true
            }
            inbox.messages.append(.start(ticket, reply))
            return 0
        }
        guard problem == 0 else {
            reply.resume(throwing: HTTPError.exhausted(why: String(cString: strerror(problem))))
            return
        }
        curl_multi_wakeup(multi)
    }

    func cancel(_ ticket: Ticket) {
        inbox.withLock { $0.messages.append(.cancel(ticket)) }
        curl_multi_wakeup(multi)
    }

    /// Ends the thread. Nothing is under way any more: whoever waits for a response keeps the client.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        curl_multi_wakeup(multi)
    }

    /// Starts the thread, which keeps the loop alive until it ends. Returns an `errno`, or 0.
    private func spawn() -> Int32 {
        let me = Unmanaged.passRetained(self)
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let problem = pthread_create(&thread, nil, threadMain, me.toOpaque())
        guard problem == 0 else {
            me.release()
            return problem
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
        return 0
    }

    fileprivate func run() {
        let transfers = TransferTable(multi: multi, limits: limits, concurrency: concurrency)
        while true {
            let (messages, isStopped) = inbox.withLock { inbox in
                defer { inbox.messages = [] }
                return (inbox.messages, inbox.isStopped)
            }
            guard !isStopped else { return }
            messages.forEach(transfers.take)

            var running: Int32 = 0
            var code = curl_multi_perform(multi, &running)
            if transfers.finishAndRefill() { continue }
            if code == CURLM_OK { code = curl_multi_poll(multi, nil, 0, patience, nil) }
            if code != CURLM_OK {
                transfers.failAll(
                    HTTPError.exhausted(why: String(cString: curl_multi_strerror(code))))
                // Not to spin while it lasts; this thread is nobody else's.
                usleep(50_000)
            }
        }
    }
}

/// Signals are for other threads; a SIGPIPE from a closed socket must not end the program.
private func quiet() {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
}

#if canImport(Darwin)
    private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        quiet()
        Unmanaged<CurlLoop>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        quiet()
        if let argument { Unmanaged<CurlLoop>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }
#endif
