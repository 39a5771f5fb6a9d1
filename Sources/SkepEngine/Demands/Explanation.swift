public import SkepCore
public import SkepQueue

/// Why an issue is worked on, or isn't.
public struct Explanation: Sendable, Hashable {
    /// Something that asks an agent for work on it.
    public struct Ask: Sendable, Hashable {
        public let agent: AgentName
        /// As it is kept, such as "label:agent/claude".
        public let cause: String
        public let askedBy: LoginName?
        public let priority: Int
        /// Since when it waits; `nil` when it isn't written down yet.
        public let seenAt: Timestamp?
        /// What it waits for; empty when it may start, or has.
        public let gates: [ShutGate]
        /// The run that answers it.
        public let answeredBy: RunID?
        /// How that run stands, in words.
        public let answer: String?
    }

    /// An open run.
    public struct Work: Sendable, Hashable {
        public let run: RunID
        public let agent: AgentName
        /// One word, as tables show it.
        public let state: String
        /// For people.
        public let words: String
        public var job: JobID?
        /// What else than its state says keeps its job from running, as the queue knows it.
        public var obstacles: [JobObstacle] = []
        /// The runs that have the places it waits for: its agent's when it is queued, or its account's.
        public var placesTakenBy: [RunID] = []
        /// Whose answer it waits for; empty when it asks nothing.
        public var asked: [LoginName] = []
        public var askedAt: Timestamp?
        /// What a person can do to have it go on.
        public var advice: String?

        /// How many jobs go first; `nil` unless it is queued.
        public var jobsBefore: Int? {
            guard state == RunState.queued.word else { return nil }
            for case .behind(let count) in obstacles { return count }
            return 0
        }
    }

    public let issue: IssueReference
    public let title: String
    public let isOpen: Bool
    public let asks: [Ask]
    public let work: [Work]
    public let pullRequests: [PublishedPullRequest]
    /// Why nobody is asked, and what would; empty when somebody is.
    public let nobody: [String]
    /// The disk for all that is made, where that is full.
    public var fullDisk: FullDisk?

    /// For people: a line for each thing.
    public var lines: [String] {
        var lines: [String] = []
        for work in work {
            lines.append(
                "\(work.agent) has run \(work.run): \(work.words)\(Self.place(work))"
                    + (work.advice.map { "; \($0)" } ?? ""))
            lines += Self.obstacles(work)
        }
        for ask in asks {
            if let run = ask.answeredBy {
                lines.append(
                    "\(ask.agent) was asked (\(ask.cause)); run \(run) answers that: "
                        + "\(ask.answer ?? "it is gone")")
            } else if ask.gates.isEmpty {
                lines.append("\(ask.agent) is asked (\(ask.cause)), and starts with the next pass.")
            } else {
                lines.append("\(ask.agent) is asked (\(ask.cause)), and waits:")
                lines += ask.gates.map(\.sentence)
            }
        }
        for pullRequest in pullRequests where pullRequest.state == .open {
            let verdict = pullRequest.verdict.map { ", \($0.words)" } ?? ""
            lines.append(
                "Pull request \(pullRequest.reference) of \(pullRequest.agent) is open\(verdict).")
        }
        if let fullDisk, !work.isEmpty || !asks.isEmpty {
            lines.append("Nothing begins now: \(fullDisk.words). Make room.")
        }
        return lines + nobody
    }

    private static func place(_ work: Work) -> String {
        let runs = work.placesTakenBy.map { "run \($0)" }.joined(separator: ", ")
        guard let before = work.jobsBefore else { return runs.isEmpty ? "" : ", of \(runs)" }
        let isNext = work.obstacles.isEmpty
        let text = before > 0 ? ", behind \(before)" : isNext ? ", next in line" : ""
        return text + (runs.isEmpty ? "" : "; the places of \(work.agent) are taken by \(runs)")
    }

    /// What its line doesn't say, a sentence for each.
    private static func obstacles(_ work: Work) -> [String] {
        work.obstacles.compactMap { obstacle in
            switch obstacle {
            case .behind where work.jobsBefore != nil: return nil
            case .keyFull where !work.placesTakenBy.isEmpty: return nil
            default:
                let advice = work.job.flatMap { obstacle.advice(for: $0) }
                return obstacle.sentence(\.words) + (advice.map { " What helps: \($0)." } ?? "")
            }
        }
    }
}

extension Verdict {
    /// For people.
    var words: String {
        switch self {
        case .approved: "approved"
        case .changesRequested: "changes requested"
        case .commented: "commented"
        }
    }
}
