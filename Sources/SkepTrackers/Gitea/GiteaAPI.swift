internal import Foundation
internal import Logging
internal import SkepCore
internal import SkepHTTP
internal import SkepQueue

/// One request to the API, before it is sent.
struct GiteaCall: Sendable {
    var method = HTTPMethod.get
    /// Segments below `/api/v1`, not encoded.
    let path: [String]
    var query: [(name: String, value: String)] = []
    var body: [UInt8]?
    /// What it is about, for messages: "issue owner/name#12".
    let subject: String
    /// Where it looks, so that a 404 can be explained; `nil` where that is an ordinary answer.
    var place: GiteaPlace?
    /// Whether doing it twice is the same as doing it once, so that it is repeated without a look.
    var isRepeatable: Bool
    /// Whether to wait for a server that is out of reach. Not where a person waits to hear whether
    /// the address is right.
    var isPatient = true

    static func get(
        _ path: [String], query: [(name: String, value: String)] = [], subject: String,
        in place: GiteaPlace? = nil
    ) -> GiteaCall {
        GiteaCall(path: path, query: query, subject: subject, place: place, isRepeatable: true)
    }

    static func write(
        _ method: HTTPMethod, _ path: [String], _ body: (any Encodable)? = nil, subject: String,
        in place: GiteaPlace? = nil, isRepeatable: Bool
    ) throws -> GiteaCall {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return GiteaCall(
            method: method, path: path, body: try body.map { Array(try encoder.encode($0)) },
            subject: subject, place: place, isRepeatable: isRepeatable)
    }

    var description: String { "\(method) /" + path.joined(separator: "/") }
}

/// Sends calls: address, token, tries and waits, and the reading of statuses.
struct GiteaAPI: Sendable {
    /// With `/api/v1`.
    let root: HTTPURL
    let token: Secret?
    let client: HTTPClient
    let memory: GiteaMemory
    let clock: any Clock
    let retries: GiteaRetries
    /// A number in 0..<1, for the spread of waits.
    let chance: @Sendable () -> Double
    let logger: Logger

    /// Sends a call and decodes its answer.
    func value<Value: Decodable>(_ call: GiteaCall, as type: Value.Type = Value.self) async throws
        -> Value
    {
        let response = try await send(call)
        // Some writes are answered with nothing.
        if let nothing = GiteaNothing() as? Value { return nothing }
        return try decode(response, call)
    }

    /// How often a page is asked for again that came as the one before it.
    private static let pageRepeats = 3

    /// A list's items on all pages, in the server's order.
    ///
    /// A page that is the one before it once more, as a cache between may have it, stands in the
    /// place of another, whose items would be missing: it is asked for again.
    ///
    /// - Parameters:
    ///   - limit: Items to a page; `nil` for lists that have no pages.
    ///   - isTotalOfPage: Whether `X-Total-Count` counts the page only; then an empty page ends the
    ///     list where there is no `Link`.
    ///   - isLast: Asked after each page whether the rest isn't needed.
    func list<Item: Decodable>(
        _ call: GiteaCall, limit: Int? = 50, isTotalOfPage: Bool = false,
        as type: Item.Type = Item.self, until isLast: ([Item]) -> Bool = { _ in false }
    ) async throws -> [Item] {
        var items: [Item] = []
        var page = 1
        var former: [UInt8] = []
        var repeats = 0
        while true {
            var call = call
            if let limit { call.query += [("limit", String(limit))] }
            if limit != nil || page > 1 { call.query += [("page", String(page))] }
            let response = try await send(call)
            if page > 1, response.body == former, repeats < Self.pageRepeats {
                repeats += 1
                continue
            }
            (former, repeats) = (response.body, 0)
            // An empty list is sometimes null.
            let found: [Item] = try decode(response, call, as: [Item]?.self) ?? []
            items += found
            let total =
                isTotalOfPage ? String(Int.max) : response.headers["X-Total-Count"]
            let next = GiteaPage.next(
                after: page, link: response.headers["Link"], total: limit == nil ? nil : total,
                seen: items.count)
            guard !found.isEmpty, !isLast(found), let next else { return items }
            page = next
        }
    }

    /// Sends a call, again while that helps, until its status is one of 200 to 299.
    ///
    /// - Throws: `GiteaError`, `CancellationError`. A write that may have taken place although it
    ///   failed is not repeated here unless the call says that it can be: see `mayHaveHappened`.
    func send(_ call: GiteaCall) async throws -> HTTPResponse {
        let start = clock.uptime
        var failed = 0
        while true {
            let error: GiteaError
            do {
                let response = try await answer(to: request(call))
                if let problem = GiteaStatus.problem(of: response, to: call, api: self) {
                    error = problem
                } else {
                    if let place = call.place { memory.see(place.repository) }
                    return response
                }
            } catch let problem as HTTPError {
                error = .transport(problem)
            }
            failed += 1
            guard failed < retries.tries, isWorthRepeating(error, call) else {
                throw try await explained(error, call)
            }
            try await wait(after: failed, error, since: start, call)
        }
    }

    /// A write is sent again whole where a 301 leads to within the same origin, as one does for a
    /// repository that was renamed. Other redirects are the client's business.
    private func answer(to request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        for _ in 0..<max(1, client.limits.redirects) {
            let response = try await client.send(request)
            guard response.status == 301, !request.method.isRead,
                let location = response.headers["Location"],
                let url = try? HTTPURL(
                    location.hasPrefix("/") ? request.url.origin.description + location : location),
                url.origin == request.url.origin
            else { return response }
            request.url = url
        }
        throw HTTPError.tooManyRedirects(request.url.origin, limit: client.limits.redirects)
    }

    /// Waits before the next try, as long as the server asks or as we choose.
    ///
    /// - Throws: The error itself, when the waits of this call would be longer than allowed.
    func wait(
        after failed: Int, _ error: GiteaError, since start: Duration, _ call: GiteaCall
    ) async throws {
        var length = retries.wait(after: failed, chance: chance())
        if case .busy(_, _, let time?) = error { length = max(.zero, time - clock.now) }
        guard clock.uptime - start + length <= retries.total else { throw error }
        logger.warning(
            "Waiting for the tracker",
            metadata: [
                LogKeys.error: "\(error.what)", LogKeys.path: "\(call.description)",
                LogKeys.durationMS: "\(length.milliseconds)",
            ])
        try await clock.sleep(for: length)
    }

    private func isWorthRepeating(_ error: GiteaError, _ call: GiteaCall) -> Bool {
        switch error {
        case .busy(_, 429, _): true
        case .busy: call.isRepeatable
        // 500 is a defect there, most likely, which waiting doesn't mend; a write may have been
        // carried out all the same, and doing it again shows that.
        case .serverFailed(_, let status, _):
            call.isRepeatable && (!call.method.isRead || (502...504).contains(status))
        case .transport(.unreachable), .transport(.timedOut(_, .connecting, _)): call.isPatient
        case .transport(.timedOut): call.isRepeatable && call.isPatient
        // Somebody was there.
        case .transport(.cut): call.isRepeatable
        default: false
        }
    }

    private func request(_ call: GiteaCall) -> HTTPRequest {
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if let token { headers["Authorization"] = "token \(token.value)" }
        if call.body != nil { headers["Content-Type"] = "application/json" }
        return HTTPRequest(
            call.method, root.appending(call.path, query: call.query), headers: headers,
            body: call.body)
    }

    func decode<Value: Decodable>(
        _ response: HTTPResponse, _ call: GiteaCall, as type: Value.Type = Value.self
    ) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(response.body))
        } catch {
            throw GiteaError.unreadable(
                request: call.description, why: "\(GiteaStatus.explain(error))")
        }
    }
}
