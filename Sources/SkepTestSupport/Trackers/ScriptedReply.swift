/// A request as a `ScriptedHTTPServer` received it.
public struct ScriptedRequest: Sendable {
    public let method: String
    /// As it stood in the request line, percent-encoded, query included.
    public let target: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
    /// Which connection it came over, from 1.
    public let connection: Int

    /// Percent-encoded, without the query.
    public var path: String { String(target.prefix { $0 != "?" }) }

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The first header with this name, compared without regard to case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// A parameter of the query, percent-decoded; `nil` when it isn't there.
    public func parameter(_ name: String) -> String? {
        let query = target.drop { $0 != "?" }.dropFirst()
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == name else { continue }
            return percentDecoded(parts[1])
        }
        return nil
    }
}

/// What a `ScriptedHTTPServer` does with a request.
public struct ScriptedReply: Sendable {
    /// How the answer goes out. Counts are bytes of the body.
    public enum Delivery: Sendable {
        case whole
        /// Not before the server's `release()`.
        case held
        /// The head and so many bytes, then the connection is closed; `nil` closes it before the head.
        case cut(after: Int?)
        /// The head and so many bytes, then nothing more until the client leaves.
        case stalled(after: Int)
        /// In pieces of so many bytes with a pause between them.
        case paced(bytes: Int, milliseconds: Int)
    }

    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    public var delivery: Delivery

    public init(
        status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        delivery: Delivery = .whole
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.delivery = delivery
    }

    public static func text(_ text: String, status: Int = 200) -> ScriptedReply {
        ScriptedReply(status: status, body: Array(text.utf8))
    }

    public static func json(
        _ text: String, status: Int = 200, headers: [(name: String, value: String)] = []
    ) -> ScriptedReply {
        let type = (name: "Content-Type", value: "application/json;charset=utf-8")
        return ScriptedReply(status: status, headers: [type] + headers, body: Array(text.utf8))
    }

    public static func redirect(_ status: Int, to location: String) -> ScriptedReply {
        ScriptedReply(status: status, headers: [("Location", location)])
    }

    /// Closes the connection without a word.
    public static let cut = ScriptedReply(delivery: .cut(after: nil))
}

private func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
