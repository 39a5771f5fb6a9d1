public import SkepQueue

/// A rule of runs, or of what is written down with them, that was broken.
public enum SwarmError: SkepError, Hashable {
    case noSuchRun(RunID)
    case runClosed(RunID, RunClosing.Outcome)
    case noSuchSession(SessionID)
    /// The run went on: only its newest job can be retried.
    case superseded(JobID, RunID)
    /// The agent works on the issue already, in another run.
    case agentBusy(AgentName, IssueReference, RunID)
    /// A report that is no run's doesn't say where it goes; nothing was written.
    case reportWithoutPlace(topic: String)

    public var kind: ErrorKind {
        switch self {
        case .noSuchRun, .runClosed, .noSuchSession, .superseded, .agentBusy: .conflict
        case .reportWithoutPlace: .defect
        }
    }

    public var what: String {
        switch self {
        case .noSuchRun(let id): "There is no run \(id)"
        case .runClosed(let id, let outcome): "Run \(id) is closed: \(outcome.words)."
        case .noSuchSession(let id): "There is no session \(id)"
        case .superseded(let job, _): "Can't retry job \(job)."
        case .agentBusy(let agent, let issue, _): "\(agent) works on \(issue) already."
        case .reportWithoutPlace(let topic): "Can't write down the report \"\(topic)\"."
        }
    }

    public var why: String? {
        switch self {
        case .superseded(_, let run): "Run \(run) went on with another job."
        case .agentBusy(_, _, let run): "Run \(run) is open, and one agent has one at a time."
        case .reportWithoutPlace: "It is no run's, and names no issue that it is for."
        case .noSuchRun, .runClosed, .noSuchSession: nil
        }
    }

    public var advice: String? {
        switch self {
        case .superseded(_, let run): "\"skep run show \(run)\" names its newest job."
        case .agentBusy(_, _, let run): "Wait for it, or \"skep run cancel \(run)\"."
        case .noSuchRun, .noSuchSession: "\"skep run list\" shows those there are."
        case .runClosed: "\"skep dispatch\" opens a new run on the issue."
        case .reportWithoutPlace:
            "This is a defect in Skep. Please report it with this text and \"skep --version\"."
        }
    }
}
