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
    /// Whether doing it twice is the same as doing it once, so that it is repeated without a look.
    var isRepeatable: Bool
    /// Whether to wait for a server that is out of reach. Not where a person waits to hear whether
    /// the address is right.
    var isPatient = true

    static func get(
        _ path: [String], query: [(name: String, value: String)] = [], subject: String
    ) -> GiteaCall {
        GiteaCall(path: path, query: query, subject: subject, isRepeatable: true)
    }

    static func write(
        _ method: HTTPMethod, _ path: [String], _ body: (any Encodable)? = nil, subject: String,
        isRepeatable: Bool
    ) throws -> GiteaCall {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return GiteaCall(
            method: method, path: path, body: try body.map { Array(try encoder.encode($0)) },
            subject: subject, isRepeatable: isRepeatable)
    }

    var description: String { "\(method) /" + path.joined(separator: "/") }
}

/// Sends calls: address, token, tries and waits, and the reading of statuses.
struct GiteaAPI: Sendable {
    /// With `/api/v1`.
    let root: HTTPURL
    let token: Secret?
    let client: HTTPClient
    let clock: any Clock
    let retries: GiteaRetries
    /// A number in 0..<1, for the spread of waits.
    let chance: @Sendable () -> Double
    let logger: Logger

    /// Sends a call and decodes its answer.
    func value<Value: Decodable>(_ call: GiteaCall, as type: Value.Type = Value.self) async throws
        -> Value
    {
        try decode(try await send(call), call)
    }

    /// A list's items on all pages, in the server's order.
    ///
    /// - Parameter limit: Items to a page; `nil` for lists that have no pages.
    func list<Item: Decodable>(
        _ call: GiteaCall, limit: Int? = 50, as type: Item.Type = Item.self
    ) async throws -> [Item] {
        var items: [Item] = []
        var page = 1
        while true {
            var call = call
            if let limit { call.query += [("limit", String(limit))] }
            if limit != nil || page > 1 { call.query += [("page", String(page))] }
            let response = try await send(call)
            // An empty list is sometimes null.
            let found: [Item] = try decode(response, call, as: [Item]?.self) ?? []
            items += found
            let next = GiteaPage.next(
                after: page, link: response.headers["Link"],
                total: limit == nil ? nil : response.headers["X-Total-Count"], seen: items.count)
            guard !found.isEmpty, let next else { return items }
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
                let response = try await client.send(request(call))
                if let problem = GiteaStatus.problem(of: response, to: call, api: self) {
                    error = problem
                } else {
                    return response
                }
            } catch let problem as HTTPError {
                error = .transport(problem)
            }
            failed += 1
            guard failed < retries.tries, isWorthRepeating(error, call) else { throw error }
            try await wait(after: failed, error, since: start, call)
        }
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
        // 500 is a defect there, most likely, which waiting doesn't mend.
        case .serverFailed(_, let status, _): call.isRepeatable && (502...504).contains(status)
        case .transport(.unreachable), .transport(.timedOut(_, .connecting, _)): call.isPatient
        case .transport(.timedOut), .transport(.cut): call.isRepeatable && call.isPatient
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

    private func decode<Value: Decodable>(
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

extension GiteaError {
    /// Whether a write that ended so may have taken place all the same.
    var mayHaveHappened: Bool {
        switch self {
        case .serverFailed, .busy(_, 503, _), .unreadable: true
        case .transport(let error): error.mayHaveArrived
        default: false
        }
    }
}
