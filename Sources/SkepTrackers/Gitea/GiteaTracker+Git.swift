public import SkepCore
internal import SkepHTTP

extension GiteaTracker {
    /// The token goes as the password; any user name does, and the right one reads better in logs.
    public func gitAccess(to repository: RepositoryName) async throws -> GitAccess {
        if let elsewhere = remotes[repository], !elsewhere.contains("://") {
            return GitAccess(remote: elsewhere)
        }
        let own = try await self.repository(repository).cloneURL
        let remote = remotes[repository] ?? own
        // The token goes to the tracker's own host only.
        guard let token = api.token, !remote.hasPrefix("/"),
            remote == own || Self.origin(remote) == Self.origin(own)
        else { return GitAccess(remote: remote) }
        let login = provenLogin ?? configuredLogin
        return GitAccess(remote: remote, user: login?.rawValue ?? "skep", token: token)
    }

    /// Scheme, host and port.
    private static func origin(_ address: String) -> String? {
        guard let scheme = address.firstRange(of: "://") else { return nil }
        let host = address[scheme.upperBound...].prefix { $0 != "/" }
        return (address[..<scheme.upperBound] + host).lowercased()
    }
}
