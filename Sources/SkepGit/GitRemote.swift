/// A repository elsewhere: its address, and how to log in there.
public struct GitRemote: Sendable, Hashable, CustomStringConvertible {
    /// A user name and a token, sent as basic authentication, to this remote's server only.
    public struct Credentials: Sendable, Hashable, CustomStringConvertible,
        CustomDebugStringConvertible, CustomReflectable
    {
        let user: String
        let token: String

        public init(user: String, token: String) {
            self.user = user
            self.token = token
        }

        public var description: String { "(hidden)" }
        public var debugDescription: String { description }
        public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
    }

    /// How long a server may take.
    public struct Limits: Sendable, Hashable {
        /// For the connection. 30 seconds by default.
        public var connecting: Duration = .seconds(30)
        /// Without a byte in either direction. Two minutes by default: a server that packs a large
        /// repository may be silent for a while.
        public var silence: Duration = .seconds(120)
        /// For the whole transfer. One hour by default.
        public var whole: Duration = .seconds(3600)

        public init() {}
    }

    /// A server's name and port as they stand in the address.
    struct Server: Sendable, Hashable {
        let host: String
        let port: String
    }

    public let address: String
    public let credentials: Credentials?
    public var limits: Limits
    /// `nil` when it is a folder on this machine.
    let server: Server?

    /// - Parameter address: An absolute path, or a file, http or https address without user name
    ///   and password.
    public init(
        _ address: String, credentials: Credentials? = nil, limits: Limits = Limits()
    ) throws(GitError) {
        guard address.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) || address.hasPrefix("/") else {
            throw .invalidRemote(reason: "It holds spaces or control characters.")
        }
        self.address = address
        self.credentials = credentials
        self.limits = limits
        if address.hasPrefix("/") || address.hasPrefix("file:///") {
            server = nil
        } else if let server = try Self.server(of: address) {
            self.server = server
        } else {
            throw .invalidRemote(reason: "It is neither a path nor a file, http or https address.")
        }
    }

    public var description: String { "\"\(address)\"" }

    /// The folder, when it is one on this machine.
    var folder: String? {
        guard server == nil else { return nil }
        return address.hasPrefix("/") ? address : String(address.dropFirst("file://".count))
    }

    private static func server(of address: String) throws(GitError) -> Server? {
        for (scheme, port) in [("http://", "80"), ("https://", "443")] {
            guard address.lowercased().hasPrefix(scheme) else { continue }
            let authority = address.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
            guard !authority.contains("@") else {
                throw .invalidRemote(reason: "It holds a user name or a password.")
            }
            let portStart =
                authority.last == "]" ? nil : authority.lastIndex(of: ":").map { $0 }
            var host = authority[..<(portStart ?? authority.endIndex)]
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            let explicit = portStart.map { authority[authority.index(after: $0)...] } ?? ""
            guard !host.isEmpty else { return nil }
            return Server(
                host: host.lowercased(), port: explicit.isEmpty ? port : String(explicit))
        }
        return nil
    }
}
