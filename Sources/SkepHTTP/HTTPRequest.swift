/// What to ask for: method, headers and body may be repeated at another address by a redirect.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let get = HTTPMethod(rawValue: "GET")
    public static let head = HTTPMethod(rawValue: "HEAD")
    public static let post = HTTPMethod(rawValue: "POST")
    public static let put = HTTPMethod(rawValue: "PUT")
    public static let patch = HTTPMethod(rawValue: "PATCH")
    public static let delete = HTTPMethod(rawValue: "DELETE")

    /// Whether asking changes nothing, so that it can be asked again.
    public var isRead: Bool { self == .get || self == .head }

    public var description: String { rawValue }
}

/// A request, whole: nothing of it is streamed.
public struct HTTPRequest: Hashable, Sendable {
    public var method: HTTPMethod
    public var url: HTTPURL
    public var headers: HTTPHeaders
    /// `nil` sends none; an empty one is sent as `Content-Length: 0`.
    public var body: [UInt8]?

    public init(
        _ method: HTTPMethod = .get, _ url: HTTPURL, headers: HTTPHeaders = [:],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Refuses what would let a value break out of its line.
    func check() throws(HTTPError) {
        let token = { (text: String) in
            !text.isEmpty
                && text.utf8.allSatisfy {
                    $0 > 0x20 && $0 < 0x7f && !":,;()<>@\"/[]?={}\\".utf8.contains($0)
                }
        }
        guard token(method.rawValue) else {
            throw .invalidRequest(why: "\"\(method)\" isn't a method.")
        }
        for field in headers.fields {
            guard token(field.name) else {
                throw .invalidRequest(why: "\"\(field.name)\" isn't the name of a header.")
            }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw .invalidRequest(
                    why: "The value of header \"\(field.name)\" has a control character.")
            }
        }
    }
}

extension HTTPRequest: CustomStringConvertible {
    public var description: String { "\(method) \(url)" }
}
