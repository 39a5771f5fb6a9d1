internal import CCurl

/// An absolute `http` or `https` address without user name, password or fragment.
///
/// Parsed by libcurl, so that what is checked here is what is connected to.
public struct HTTPURL: Hashable, Sendable {
    /// What must be the same for a credential to be sent along: scheme, host and port.
    public struct Origin: Hashable, Sendable {
        /// "http" or "https".
        public let scheme: String
        /// In lower case; IPv6 addresses in brackets.
        public let host: String
        public let port: Int

        /// Whether the host is this machine: `localhost`, 127.0.0.0/8 or ::1.
        public var isLoopback: Bool {
            if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" {
                return true
            }
            return host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isNumber }
        }
    }

    public let origin: Origin
    /// Percent-encoded; begins with "/".
    public let path: String
    /// Percent-encoded, without "?"; `nil` when there is none.
    public let query: String?

    /// Reads an address.
    ///
    /// - Throws: `HTTPError.invalidURL`, also when it carries a user name or password.
    public init(_ text: String) throws(HTTPError) {
        try self.init(text, base: nil)
    }

    private init(origin: Origin, path: String, query: String?) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    /// What a `Location` header means at this address; it may be relative.
    func resolving(_ location: String) throws(HTTPError) -> HTTPURL {
        try HTTPURL(location, base: description)
    }

    /// This address with further path segments, each percent-encoded whole (a slash in a segment
    /// becomes `%2F`), and with the query replaced.
    public func appending(
        _ segments: [String], query: [(name: String, value: String)] = []
    ) -> HTTPURL {
        var path = path
        for segment in segments {
            if path.hasSuffix("/") { path.removeLast() }
            path += "/" + Self.encode(segment)
        }
        let pairs = query.map { Self.encode($0.name) + "=" + Self.encode($0.value) }
        return HTTPURL(
            origin: origin, path: path, query: pairs.isEmpty ? nil : pairs.joined(separator: "&"))
    }

    /// Percent-encodes all but RFC 3986's unreserved characters. A segment of dots only is
    /// encoded as well, since "." and ".." would walk through the path.
    private static func encode(_ text: String) -> String {
        let isDots = !text.isEmpty && text.allSatisfy { $0 == "." }
        var result = ""
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            let isPlain =
                byte < 0x80
                && (character.isLetter || character.isNumber || "-_~".contains(character)
                    || character == "." && !isDots)
            if isPlain {
                result.append(character)
            } else {
                result += byte < 16 ? "%0" : "%"
                result += String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

extension HTTPURL: CustomStringConvertible {
    public var description: String {
        origin.description + path + (query.map { "?" + $0 } ?? "")
    }
}

extension HTTPURL.Origin: CustomStringConvertible {
    public var description: String {
        let isDefault = port == (scheme == "https" ? 443 : 80)
        return "\(scheme)://\(host)" + (isDefault ? "" : ":\(port)")
    }
}

extension HTTPURL {
    private init(_ text: String, base: String?) throws(HTTPError) {
        guard let handle = curl_url() else { throw .exhausted(why: "There is no memory left.") }
        defer { curl_url_cleanup(handle) }

        let flags = UInt32(CURLU_DISALLOW_USER)
        if let base { _ = curl_url_set(handle, CURLUPART_URL, base, flags) }
        let code = curl_url_set(handle, CURLUPART_URL, text, flags)
        guard code == CURLUE_OK else {
            throw .invalidURL(Self.withoutUser(text), why: Self.explain(code))
        }

        func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &value, flags) == CURLUE_OK, let value else {
                return nil
            }
            defer { curl_free(value) }
            return String(cString: value)
        }

        guard let scheme = part(CURLUPART_SCHEME), ["http", "https"].contains(scheme) else {
            throw .invalidURL(text, why: "Only http and https are spoken.")
        }
        guard
            let host = part(CURLUPART_HOST), !host.isEmpty,
            let port = part(CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) })
        else { throw .invalidURL(text, why: "It names no host.") }
        origin = Origin(scheme: scheme, host: host.lowercased(), port: port)
        path = part(CURLUPART_PATH) ?? "/"
        query = part(CURLUPART_QUERY)
    }

    private static func explain(_ code: CURLUcode) -> String {
        switch code {
        case CURLUE_USER_NOT_ALLOWED: "It carries a user name or password."
        case CURLUE_BAD_SCHEME: "It doesn't begin with http:// or https://"
        case CURLUE_UNSUPPORTED_SCHEME: "Only http and https are spoken."
        default: String(cString: curl_url_strerror(code)) + "."
        }
    }

    /// The text with everything between the scheme and an "@" of the host part hidden.
    private static func withoutUser(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
        return scheme + "(hidden)" + text[at...]
    }
}
