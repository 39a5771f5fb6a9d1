/// A message of JSON-RPC 2.0, as the Agent Client Protocol writes it: one on a line.
enum ACPMessage: Sendable, Hashable {
    /// - Parameter id: A text or a number, as its sender likes.
    case request(id: JSONValue, method: String, params: JSONValue?)
    case notification(method: String, params: JSONValue?)
    case answer(id: JSONValue, ACPAnswer)

    /// `nil` for what is none.
    init?(_ line: [UInt8]) {
        guard let value = JSONValue(decoding: line), value.object != nil else { return nil }
        let id = value["id"].flatMap { $0.isNull ? nil : $0 }
        if let method = value["method"].text {
            let params = value["params"]
            self =
                id.map { .request(id: $0, method: method, params: params) }
                ?? .notification(method: method, params: params)
        } else if let id, let error = value["error"], !error.isNull {
            self = .answer(id: id, .failure(ACPError(error)))
        } else if let id, let result = value["result"] {
            self = .answer(id: id, .success(result))
        } else {
            return nil
        }
    }

    /// With the line's end.
    var line: [UInt8] {
        var members: [String: JSONValue] = ["jsonrpc": "2.0"]
        switch self {
        case .request(let id, let method, let params):
            members["id"] = id
            members["method"] = .text(method)
            members["params"] = params
        case .notification(let method, let params):
            members["method"] = .text(method)
            members["params"] = params
        case .answer(let id, .success(let result)):
            members["id"] = id
            members["result"] = result
        case .answer(let id, .failure(let error)):
            members["id"] = id
            members["error"] = ["code": .integer(error.code), "message": .text(error.message)]
        }
        return JSONValue.object(members).bytes + [UInt8(ascii: "\n")]
    }
}

typealias ACPAnswer = Result<JSONValue, ACPError>

/// Why a request wasn't done. Codes: https://www.jsonrpc.org/specification#error_object and the
/// protocol's own.
struct ACPError: Error, Sendable, Hashable {
    var code: Int64
    var message: String

    static let authenticationRequired: Int64 = -32000

    static func notFound(_ message: String) -> ACPError { ACPError(code: -32002, message: message) }
    static func refused(_ message: String) -> ACPError { ACPError(code: -32602, message: message) }
    static func failed(_ message: String) -> ACPError { ACPError(code: -32603, message: message) }
    static func noSuchMethod(_ method: String) -> ACPError {
        ACPError(code: -32601, message: "There is no method \"\(method)\" here.")
    }

    init(code: Int64, message: String) {
        self.code = code
        self.message = message
    }

    /// What an agent gave as one.
    init(_ value: JSONValue) {
        code = value["code"].integer ?? 0
        var message = value["message"].text ?? value.line
        if let detail = value["data"]["details"].text ?? value["data"]["message"].text
            ?? value["data"].text, !message.contains(detail)
        {
            message += ": " + detail
        }
        self.message = message
    }
}
