/// A small asynchronous HTTP client over libcurl.
///
/// One thread per client drives all its transfers; connections are kept and used again. HTTP/1.1 only:
/// with a handful of requests at once there is nothing to gain from more. Proxies are taken
/// from the environment, as libcurl does, except for this machine itself. The thread ends with the
/// last reference to the client.
public final class HTTPClient: Sendable {
    public let limits: HTTPLimits
    private let userAgent: String
    private let loop: CurlLoop

    /// - Parameters:
    ///   - version: The program's version, for the `User-Agent`.
    ///   - about: An address where people learn who is asking; it stands in the `User-Agent`.
    ///   - concurrency: Transfers at once; others wait for a place, in order. 4 by default.
    public init(
        version: String, about: String? = nil, limits: HTTPLimits = HTTPLimits(),
        concurrency: Int = 4
    ) {
        self.limits = limits
        userAgent = "skep/\(version)" + (about.map { " (+\($0))" } ?? "")
        loop = CurlLoop(limits: limits, concurrency: max(1, concurrency))
    }

    deinit { loop.stop() }

    /// Sends a request and waits for the whole response, whatever its status.
    ///
    /// Redirects are followed as `Redirect` says; credentials never leave their origin. Nothing is
    /// ever sent twice: after an error whose `mayHaveArrived` is true, the caller looks first.
    ///
    /// - Throws: `HTTPError`; `CancellationError` as soon as the task is cancelled.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        if request.headers["User-Agent"] == nil { request.headers["User-Agent"] = userAgent }
        try request.check()
        for _ in 0...max(0, limits.redirects) {
            let response = try await transfer(request)
            guard let next = try Redirect.next(after: response, to: request) else {
                return response
            }
            request = next
        }
        throw HTTPError.tooManyRedirects(request.url.origin, limit: limits.redirects)
    }

    private func transfer(_ request: HTTPRequest) async throws -> HTTPResponse {
        let ticket = Ticket(request)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { loop.start(ticket, $0) }
        } onCancel: {
            ticket.cancel()
            loop.cancel(ticket)
        }
    }
}
