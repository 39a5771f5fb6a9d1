internal import CCurl

/// The transfers of one loop: those that run, those that wait for a place, and handles to use again.
///
/// Used by the loop's thread only.
final class TransferTable {
    private let multi: UnsafeMutableRawPointer
    private let limits: HTTPLimits
    private let concurrency: Int
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    private var waiting: [(ticket: Ticket, reply: CurlLoop.Reply)] = []
    private var idle: [UnsafeMutableRawPointer] = []

    init(multi: UnsafeMutableRawPointer, limits: HTTPLimits, concurrency: Int) {
        self.multi = multi
        self.limits = limits
        self.concurrency = concurrency
    }

    deinit { idle.forEach { curl_easy_cleanup($0) } }

    func take(_ message: CurlLoop.Message) {
        switch message {
        case .start(let ticket, let reply):
            // Its cancellation may have come first, and won't come again.
            guard !ticket.isCancelled else {
                return reply.resume(throwing: CancellationError())
            }
            waiting.append((ticket, reply))
            refill()
        case .cancel(let ticket):
            if let index = waiting.firstIndex(where: { $0.ticket === ticket }) {
                waiting.remove(at: index).reply.resume(throwing: CancellationError())
            } else if let transfer = running.values.first(where: { $0.ticket === ticket }) {
                end(transfer, .failure(CancellationError()))
            }
        }
    }

    /// Hands out what has finished and starts what has waited. Returns whether anything was started.
    func finishAndRefill() -> Bool {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE,
                let handle = message.pointee.easy_handle,
                let transfer = running[handle]
            else { continue }
            end(transfer, transfer.result(message.pointee.data.result))
        }
        return refill()
    }

    func failAll(_ error: any Error) {
        for transfer in Array(running.values) { end(transfer, .failure(error)) }
        for (_, reply) in waiting { reply.resume(throwing: error) }
        waiting = []
    }

    @discardableResult
    private func refill() -> Bool {
        var hasStarted = false
        while running.count < concurrency, !waiting.isEmpty {
            let (ticket, reply) = waiting.removeFirst()
            guard let handle = idle.popLast() ?? curl_easy_init() else {
                reply.resume(throwing: HTTPError.exhausted(why: "There is no memory left."))
                continue
            }
            let transfer = Transfer(ticket, reply: reply, handle: handle, limits: limits)
            running[handle] = transfer
            let code = curl_multi_add_handle(multi, handle)
            if code == CURLM_OK {
                hasStarted = true
            } else {
                let why = String(cString: curl_multi_strerror(code))
                end(transfer, .failure(HTTPError.exhausted(why: why)))
            }
        }
        return hasStarted
    }

    private func end(_ transfer: Transfer, _ result: Result<HTTPResponse, any Error>) {
        // The caller first: taking a handle away may wait for a name to be looked up.
        transfer.reply.resume(with: result)
        running[transfer.handle] = nil
        curl_multi_remove_handle(multi, transfer.handle)
        transfer.release()
        if idle.count < concurrency {
            idle.append(transfer.handle)
        } else {
            curl_easy_cleanup(transfer.handle)
        }
    }
}
