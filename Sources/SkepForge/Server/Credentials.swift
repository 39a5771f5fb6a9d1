import Foundation

/// The token in an Authorization header, in any of the ways that Gitea takes.
enum Credentials {
    /// Whether a header has a user and a password.
    static func isBasic(_ header: String?) -> Bool {
        header?.lowercased().hasPrefix("basic ") == true
    }

    /// - Returns: `nil` without a header.
    /// - Throws: `Refusal.badToken` when the header has none that can be read.
    static func token(in header: String?) throws -> String? {
        guard let header, !header.isEmpty else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { throw Refusal.badToken }
        let rest = parts[1].trimmingCharacters(in: .whitespaces)
        switch parts[0].lowercased() {
        case "token", "bearer": return rest
        case "basic":
            guard let data = Data(base64Encoded: rest),
                let text = String(data: data, encoding: .utf8),
                let colon = text.firstIndex(of: ":")
            else { throw Refusal.badToken }
            let user = String(text[..<colon])
            let password = String(text[text.index(after: colon)...])
            // The token stands as the password, or as the user beside an empty one.
            return password.isEmpty || password == "x-oauth-basic" ? user : password
        default: throw Refusal.badToken
        }
    }
}
