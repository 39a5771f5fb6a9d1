/// The commented file that `skep init` writes.
enum ConfigurationTemplate {
    /// What must be set stands there; all else is a comment with its default.
    static let text = """
        # Skep's configuration. Every key: docs/configuration.md; what is in force: skep check --show.

        tracker:
          kind: gitea                  # gitea, forgejo, codeberg, or skep for "skep forge"
          url: http://127.0.0.1:3000
          token_env: SKEP_TOKEN        # the variable that holds the token; or token_file: ~/.skep-token

        repositories: []               # such as [owner/name]

        # state: /var/lib/skep         # database, sessions, repositories, workspaces
        # agents: {folder: ./agents, user: skep-agent}
        # workflows: {folder: ./workflows}
        # queue: {lease_seconds: 30, renew_seconds: 10}
        # worker: {slots: 4, report_slots: 2}
        # dispatch: {poll_seconds: 30}
        # log: {level: notice}

        """
}
