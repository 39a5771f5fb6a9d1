/// The commented file that `skep init` writes.
enum ConfigurationTemplate {
    /// What must be set stands there; all else is a comment with its default, or with a value to
    /// begin with where there is none.
    ///
    /// - Parameters:
    ///   - stateFolder: The state folder in force.
    ///   - isStandard: Whether it is that one without a word about it.
    static func text(stateFolder: String, isStandard: Bool) -> String {
        """
        # Skep's configuration. Every key: docs/configuration.md; what is in force: skep check --show.

        tracker:
          kind: gitea                  # gitea, forgejo, codeberg, or skep for "skep forge"
          url: http://127.0.0.1:3000
          token_env: SKEP_TOKEN        # the variable that holds the token; or token_file: ~/.skep-token

        repositories: []               # such as [owner/name]

        # The folder for database, sessions, repositories and workspaces.
        \(isStandard ? "# " : "")state: \(quoted(stateFolder))
        # agents: {folder: ./agents, user: skep-agent}
        # workflows: {folder: ./workflows}
        # queue: {lease_seconds: 30, renew_seconds: 10}
        # worker: {slots: 4, report_slots: 2}
        # dispatch: {poll_seconds: 30, max_pull_requests: 10, allowed_users: []}
        # webhooks: {listen: "127.0.0.1:8920", secret_env: SKEP_WEBHOOK_SECRET}
        # log: {level: notice}

        """
    }

    /// A path as YAML takes it whatever is in it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                true
            default: false
            }
        }
        guard !isPlain else { return path }
        return "'"
            + path.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "''") + "'"
    }
}
