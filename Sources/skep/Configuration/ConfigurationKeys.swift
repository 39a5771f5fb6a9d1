import SkepEngine

/// A key of the configuration, as files, environment and documents name it.
struct ConfigurationKey: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        case text
        case integer
        /// In the environment: texts with commas between them.
        case texts
        /// In the environment: name=number with commas between them.
        case numbers
    }

    /// With dots: "queue.lease_seconds".
    let path: String
    let form: Form
    /// As `skep check --show` prints it; `nil` where there is none.
    let standard: String?
    /// One line for the commented file and the documents.
    let meaning: String

    /// "SKEP_QUEUE_LEASE_SECONDS".
    var variable: String {
        "SKEP_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    var parts: [String] { path.split(separator: ".").map(String.init) }
}

extension ConfigurationKey {
    /// Every key there is. A test compares them with what is read and with docs/configuration.md.
    static let all: [ConfigurationKey] = [
        .init(
            path: "tracker.kind", form: .text, standard: "gitea",
            meaning: "What the tracker is: gitea, forgejo, codeberg, or skep for \"skep forge\""),
        .init(
            path: "tracker.url", form: .text, standard: nil,
            meaning: "Where the tracker is, such as https://codeberg.org"),
        .init(
            path: "tracker.token_env", form: .text, standard: nil,
            meaning:
                "The environment variable that holds the token; the token itself never stands here"),
        .init(
            path: "tracker.token_file", form: .text, standard: nil,
            meaning: "The file that holds the token; begins with / or ~/"),
        .init(
            path: "tracker.login", form: .text, standard: nil,
            meaning: "Whose token it is, where the tracker doesn't tell"),
        .init(
            path: "tracker.concurrency", form: .integer, standard: "4",
            meaning: "How many requests to the tracker are under way at once, 1 to 16"),
        .init(
            path: "tracker.timeout_seconds", form: .integer, standard: "120",
            meaning: "What one request may take, 1 to 3600"),
        .init(
            path: "repositories", form: .texts, standard: nil,
            meaning: "The repositories that are worked on: owner/name, or {name, remote, setup}"),
        .init(
            path: "state", form: .text, standard: nil,
            meaning: "The folder for database, sessions, repositories and workspaces"),
        .init(
            path: "agents.folder", form: .text, standard: nil,
            meaning: "The folder with one Markdown file per agent"),
        .init(
            path: "agents.user", form: .text, standard: Configuration.standardAgentUser,
            meaning: "The user that agents run as when Skep runs as root"),
        .init(
            path: "agents.account_sessions", form: .numbers, standard: nil,
            meaning:
                "How many sessions a provider account may have at once, of all agents that share it, "
                + "1 to 1000"),
        .init(
            path: "workflows.folder", form: .text, standard: nil,
            meaning: "The folder with one Markdown file per workflow"),
        .init(
            path: "queue.lease_seconds", form: .integer, standard: "30",
            meaning: "How long a lease lasts unless it is renewed, 3 to 3600"),
        .init(
            path: "queue.renew_seconds", form: .integer, standard: "10",
            meaning: "How often leases are renewed; at most half of lease_seconds"),
        .init(
            path: "worker.slots", form: .integer, standard: "4",
            meaning: "How many steps run at once, 1 to 1000"),
        .init(
            path: "worker.report_slots", form: .integer, standard: "2",
            meaning: "How many reports are posted at once, 1 to 100"),
        .init(
            path: "dispatch.poll_seconds", form: .integer, standard: "30",
            meaning: "How often the tracker is looked at, 1 to 86400"),
        .init(
            path: "dispatch.allowed_users", form: .texts, standard: nil,
            meaning: "Who may ask for work beside those who can write to the repository"),
        .init(
            path: "dispatch.max_runs", form: .integer, standard: nil,
            meaning:
                "How many runs may be open at once, 0 to 100000; without it as many as asked for"),
        .init(
            path: "dispatch.max_runs_per_repository", form: .integer, standard: nil,
            meaning: "The same for each repository"),
        .init(
            path: "dispatch.max_runs_per_agent", form: .integer, standard: nil,
            meaning: "The same for each agent; how many of its sessions run is said in its file"),
        .init(
            path: "dispatch.max_pull_requests", form: .integer, standard: nil,
            meaning: "With so many open pull requests of agents nothing new is begun until people "
                + "have looked at some"),
        .init(
            path: "dispatch.priorities", form: .numbers,
            standard: "priority/critical: 30, priority/high: 20, priority/medium: 10, "
                + "priority/low: -10",
            meaning:
                "The priority that a label gives, -100 to 100; ten minutes of waiting are worth "
                + "one"),
        .init(
            path: "dispatch.ask", form: .texts, standard: nil,
            meaning: "Who is asked what agents want to know; without it the issue's author"),
        .init(
            path: "dispatch.question_label", form: .text,
            standard: DispatchSettings.standardQuestionLabel,
            meaning: "The label of issues on which a question waits for its answer"),
        .init(
            path: "webhooks.listen", form: .text, standard: nil,
            meaning:
                "Where the tracker's webhooks are taken, such as 127.0.0.1:8920; without it the "
                + "tracker is only asked"),
        .init(
            path: "webhooks.secret_env", form: .text, standard: nil,
            meaning: "The environment variable that holds the webhooks' secret"),
        .init(
            path: "webhooks.secret_file", form: .text, standard: nil,
            meaning: "The file that holds the webhooks' secret; begins with / or ~/"),
        .init(
            path: "log.level", form: .text, standard: "notice",
            meaning: "The least that is logged: trace, debug, info, notice, warning, error, "
                + "critical"),
    ]

    static func named(_ path: String) -> ConfigurationKey? { all.first { $0.path == path } }
}
