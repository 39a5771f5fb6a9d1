public import SkepCore
public import SkepQueue

/// Why a burn-down isn't begun. Nothing was opened then.
public enum BurndownError: SkepError, Hashable {
    /// Its window is over, or closes as it opens.
    case windowClosed(until: Timestamp)
    /// Its window closes before the workflow's hours begin.
    case neverOpens(WorkflowName, until: Timestamp)
    case noRepositories
    /// No open issue has the labels.
    case noIssues(labels: [String], [RepositoryName])
    /// There are issues, and each is left out for a reason.
    case nothingToStart(skipped: Int, firstReason: String)
    case stillRunning(BurndownID, RepositoryName)
    case noSuchBurndown(BurndownID)
    case hasEnded(BurndownID)

    public var kind: ErrorKind {
        switch self {
        case .noRepositories: .configuration
        case .windowClosed, .neverOpens, .noIssues, .nothingToStart, .stillRunning,
            .noSuchBurndown, .hasEnded:
            .conflict
        }
    }

    public var what: String {
        switch self {
        case .windowClosed(let until):
            "The window of the burn-down is over: it closes at \(until.words)."
        case .neverOpens(let workflow, let until):
            "The window of the burn-down closes at \(until.words), before the hours of workflow "
                + "\"\(workflow)\" begin."
        case .noRepositories: "No repository is configured for a burn-down."
        case .noIssues(let labels, let repositories):
            "There are no open issues" + (labels.isEmpty ? "" : " labelled \(Self.list(labels))")
                + " in \(repositories.map(\.description).joined(separator: ", "))"
        case .nothingToStart(1, _): "The only issue there is can't be started."
        case .nothingToStart(let count, _): "None of the \(count) issues there are can be started."
        case .stillRunning(let id, let repository):
            "Burn-down \(id) is still running in \(repository)"
        case .noSuchBurndown(let id): "There is no burn-down \(id)"
        case .hasEnded(let id): "Burn-down \(id) has ended already."
        }
    }

    public var why: String? {
        switch self {
        case .nothingToStart(1, let reason): reason
        case .nothingToStart(_, let reason): "The first of them: \(reason)"
        case .stillRunning: "Two at once would plan the same issues."
        case .windowClosed, .neverOpens, .noRepositories, .noIssues, .noSuchBurndown, .hasEnded:
            nil
        }
    }

    public var advice: String? {
        switch self {
        case .windowClosed: "Choose a later end."
        case .neverOpens: "Choose a later end, or other hours in the workflow's file."
        case .noRepositories: "Name some, in the configuration or for this burn-down."
        case .nothingToStart: "\"skep burndown --dry-run\" tells why, for each."
        case .stillRunning: "Wait until it has ended, or have it start nothing more."
        case .noIssues, .noSuchBurndown, .hasEnded: nil
        }
    }

    private static func list(_ labels: [String]) -> String {
        labels.map { "\"\($0)\"" }.joined(separator: " and ")
    }
}
