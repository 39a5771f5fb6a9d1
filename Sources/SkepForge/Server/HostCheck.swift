import Foundation

/// Says whether a request's Host is this server, against DNS rebinding.
///
/// A page from the network may make its own name lead to 127.0.0.1, but not the browser send
/// another Host than that name. So numbers are harmless, and names have to be known.
struct HostCheck: Sendable {
    private let names: Set<String>
    private let onlyLoopback: Bool

    init(names: [String], onlyLoopback: Bool) {
        self.names = Set(names.map { $0.lowercased() })
        self.onlyLoopback = onlyLoopback
    }

    /// - Parameter authority: The Host header, with or without a port.
    func allows(_ authority: String) -> Bool {
        let host = Self.host(of: authority)
        if host == "localhost" || host.hasSuffix(".localhost") || names.contains(host) {
            return true
        }
        return onlyLoopback ? Self.isLoopback(host) : Self.isNumeric(host)
    }

    /// The host without port and brackets, in lower case.
    static func host(of authority: String) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return String(text[text.index(after: text.startIndex)..<end])
        }
        guard let colon = text.lastIndex(of: ":") else { return text }
        return String(text[..<colon])
    }

    static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        return host == "localhost" || host == "::1"
            || (host.hasPrefix("127.") && host.split(separator: ".").count == 4 && isNumeric(host))
    }

    static func isNumeric(_ host: String) -> Bool {
        if host.contains(":") { return host.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
