/// What can go wrong between a request and a whole response. A status such as 404 is a response,
/// not an error.
///
/// Cancelling a task isn't among them: `HTTPClient.send` then throws `CancellationError`.
public enum HTTPError: Error, Hashable, Sendable {
    /// Which limit of time ran out.
    public enum Phase: Hashable, Sendable { case connecting, stalled, total }

    case invalidURL(String, why: String)
    case invalidRequest(why: String)
    /// The host's name isn't known, or nobody answers there: the request was not sent.
    case unreachable(HTTPURL.Origin, why: String)
    /// Its certificate isn't trusted, or TLS couldn't be agreed on: the request was not sent.
    case tls(HTTPURL.Origin, why: String)
    case timedOut(HTTPURL.Origin, Phase, after: Duration)
    /// The connection ended before the response did: the request may have been carried out.
    case cut(HTTPURL.Origin, why: String)
    /// What came isn't HTTP, or is encoded in a way that can't be read.
    case malformed(HTTPURL.Origin, why: String)
    /// More bytes than `HTTPLimits.body`, or far too many headers.
    case tooLarge(HTTPURL.Origin, limit: Int)
    case tooManyRedirects(HTTPURL.Origin, limit: Int)
    /// A write was redirected to another origin, where neither it nor its credential belongs.
    case redirectRefused(from: HTTPURL.Origin, to: HTTPURL.Origin)
    /// This machine has no memory, threads or file descriptors left.
    case exhausted(why: String)

    /// Whether the server may have carried the request out: after an error of this kind, a write
    /// must be looked for before it is repeated.
    public var mayHaveArrived: Bool {
        switch self {
        case .timedOut(_, .connecting, _), .invalidURL, .invalidRequest, .unreachable, .tls,
            .redirectRefused, .exhausted, .tooManyRedirects:
            false
        case .timedOut, .cut, .malformed, .tooLarge: true
        }
    }
}

extension HTTPError: CustomStringConvertible {
    public var description: String {
        [what, why, advice].compactMap { $0 }.joined(separator: "\n")
    }

    /// What happened, and to which thing.
    public var what: String {
        switch self {
        case .invalidURL(let text, _): "Can't use the address \"\(text)\"."
        case .invalidRequest: "Can't send a request."
        case .unreachable(let origin, _): "Can't reach \(origin)"
        case .tls(let origin, _): "Can't speak with \(origin) safely."
        case .timedOut(let origin, .connecting, let limit):
            "\(origin) didn't accept a connection within \(Self.text(limit))."
        case .timedOut(let origin, .stalled, let limit):
            "\(origin) sent nothing for \(Self.text(limit))."
        case .timedOut(let origin, .total, let limit):
            "\(origin) didn't finish its answer within \(Self.text(limit))."
        case .cut(let origin, _): "The connection to \(origin) broke off."
        case .malformed(let origin, _): "Can't read the answer of \(origin)"
        case .tooLarge(let origin, let limit):
            "The answer of \(origin) is larger than \(limit) bytes."
        case .tooManyRedirects(let origin, let limit):
            "\(origin) redirected more than \(limit) times."
        case .redirectRefused(let origin, _): "\(origin) redirected a write to another place."
        case .exhausted: "This machine can't open another connection."
        }
    }

    public var why: String? {
        switch self {
        case .invalidURL(_, let why), .invalidRequest(let why), .unreachable(_, let why),
            .tls(_, let why), .cut(_, let why), .malformed(_, let why), .exhausted(let why):
            why
        case .timedOut, .tooLarge: nil
        case .tooManyRedirects: "It may be sending requests round in a circle."
        case .redirectRefused(_, let target):
            "It points to \(target), where the credential must not go."
        }
    }

    public var advice: String? {
        switch self {
        case .invalidURL: "Write it as https://host or https://host/path, without a password."
        case .invalidRequest: nil
        case .unreachable: "Check the address, and whether the server is running."
        case .tls: "Check the address, the clock, and the certificates this machine trusts."
        case .timedOut: "Try later, or check the network between here and there."
        case .cut: "Look whether it was carried out before doing it again."
        case .malformed: "Check that the address is that of a web server."
        case .tooLarge: nil
        case .tooManyRedirects: "Check the address."
        case .redirectRefused(_, let target): "If that is right, use \(target) as the address."
        case .exhausted: "Raise its limits, or let it do less at once."
        }
    }

    private static func text(_ limit: Duration) -> String {
        let (seconds, attoseconds) = limit.components
        guard attoseconds != 0 else { return "\(seconds) s" }
        return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000) ms"
    }
}
