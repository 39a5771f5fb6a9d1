public import SkepCore
internal import SkepQueue

/// Does what commands in one comment ask for, as far as that is writing down what is to be done.
struct CommandWork: Sendable {
    let parts: SwarmParts
    let answers: TrackerAnswers
    let issue: Issue
    let comment: IssueComment
    /// What the comment says beside its commands.
    let rest: String
    /// Of the issue, the newest first.
    let runs: [RunSummary]
    /// Of the issue, the newest first.
    let pullRequests: [PublishedPullRequest]

    /// - Returns: What is to be said about it; each a line of Markdown.
    func answer(_ command: CommentCommand, _ dealing: inout CommentDealing) async throws
        -> [String]
    {
        switch command {
        case .ask(let agents): try await ask(agents, &dealing)
        case .stop(let agents): try await stop(agents, &dealing)
        case .retry(let agents): try await retry(agents, &dealing)
        case .pick(let agent): pick(agent, &dealing)
        case .status: status()
        case .why: try await why()
        case .help: ReportText.commandHelp(agents: parts.agents.keys.sorted())
        case .unknown(let word, let nearest): [Self.unknown(word, nearest, known: parts.agents)]
        case .malformed(let what): ["\(what)."]
        }
    }

    private static func unknown(
        _ word: String, _ nearest: String?, known: [AgentName: any Agent]
    ) -> String {
        let word = ReportText.quotable(word)
        if let nearest { return "There is no agent \"\(word)\". Did you mean \"\(nearest)\"?" }
        let names = known.keys.sorted().map(\.rawValue).joined(separator: ", ")
        return "There is no agent \"\(word)\". Known are \(names)."
    }

    // MARK: Asking

    private func ask(_ agents: [AgentName], _ dealing: inout CommentDealing) async throws
        -> [String]
    {
        guard issue.isOpen else { return [closed] }
        guard let workflow = parts.workflows.first(where: { $0.asks.contains(.comment) }) else {
            return ["No workflow may be asked in comments: its `agents.by` doesn't say `comment`."]
        }
        let keeper = GateKeeper(parts)
        let snapshot = try await keeper.snapshot(with: answers)
        var lines: [String] = []
        for agent in agents {
            if let busy = openRuns.first(where: { $0.run.agent == agent }) {
                lines.append("\(agent) works on it already, in run \(busy.run.id).")
                continue
            }
            let demand = TriggerDemand(
                NewTrigger(
                    issue: issue.reference, agent: agent, cause: .comment(comment.id)),
                workflow: workflow.name, askedBy: comment.author,
                priority: parts.dispatch.priority(of: issue), findings: try await task(of: agent))
            dealing.demands.append(demand)
            let gates = try await keeper.shutGates(
                for: demand, on: issue, in: snapshot, asking: .everything)
            if !gates.isEmpty {
                lines.append("\(agent) is asked, and waits:")
                lines += gates.map { "- \($0.sentence)" }
            }
        }
        return lines
    }

    /// What the comment says, and what the agent hasn't been told of its pull request since that
    /// went back as often as it may.
    private func task(of agent: AgentName) async throws -> String? {
        var parts = rest.isEmpty ? [] : ["\(comment.author) asks:\n\n\(rest)"]
        if let own = pullRequests.first(where: { $0.agent == agent && $0.state == .open }),
            let unsaid = try await PullRequestWatch(parts: self.parts, answers: answers)
                .unsaid(of: own)
        {
            parts.append(unsaid)
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    }

    private var closed: String { "\(issue.reference) is closed; reopen it, then ask again." }

    private var openRuns: [RunSummary] { runs.filter { !$0.state.isClosed } }

    // MARK: Stopping and retrying

    private func stop(_ agents: [AgentName], _ dealing: inout CommentDealing) async throws
        -> [String]
    {
        func isMeant(_ agent: AgentName) -> Bool { agents.isEmpty || agents.contains(agent) }
        var lines: [String] = []
        for summary in openRuns where isMeant(summary.run.agent) {
            dealing.cancels[summary.run.id] = "\(comment.author) said stop"
            lines.append("Stopping \(summary.run.agent), run \(summary.run.id).")
        }
        for trigger in try await parts.store.waitingTriggers(on: issue.reference)
        where isMeant(trigger.demand.trigger.agent) {
            // Before the rest is written down: done again it changes nothing.
            try await parts.store.dismiss(
                trigger.id, because: "\(comment.author) said stop", reports: [])
            lines.append("\(trigger.demand.trigger.agent) was waiting to start, and won't.")
        }
        return lines.isEmpty ? ["Nothing of that runs or waits here."] : lines
    }

    private func retry(_ agents: [AgentName], _ dealing: inout CommentDealing) async throws
        -> [String]
    {
        guard issue.isOpen else { return [closed] }
        var newest: [AgentName: RunSummary] = [:]
        for summary in runs where newest[summary.run.agent] == nil {
            newest[summary.run.agent] = summary
        }
        var lines: [String] = []
        for agent in agents.isEmpty ? newest.keys.sorted() : agents {
            guard let summary = newest[agent] else {
                lines.append("\(agent) hasn't worked on it; `/skep \(agent)` asks it to.")
                continue
            }
            switch summary.run.closing?.outcome {
            case .failed, .cancelled:
                guard try await canBeTriedAgain(summary) else {
                    lines.append(
                        "Run \(summary.run.id) of \(agent) can't be tried again; "
                            + "`/skep \(agent)` asks anew.")
                    continue
                }
                dealing.retries.append(summary.run.id)
                if let definition = parts.agents[agent]?.definition {
                    // A person may know that it works again.
                    try await parts.store.lift(definition.provider)
                }
                lines.append("\(agent) tries again, in run \(summary.run.id).")
            case nil:
                guard let account = summary.waitsFor, summary.isParked else {
                    lines.append("\(agent) is still at it, in run \(summary.run.id).")
                    continue
                }
                try await parts.store.lift(account)
                lines.append(
                    "\(agent) goes on, in run \(summary.run.id): account "
                        + "\(ReportText.quotable(account.rawValue)) is tried again.")
            case .published, .noChanges, .chosen:
                // All of them: only what failed is worth a word where nobody was named.
                guard !agents.isEmpty else { continue }
                lines.append(
                    "Run \(summary.run.id) of \(agent) didn't fail; `/skep \(agent)` asks again.")
            }
        }
        return lines.isEmpty ? ["There is nothing to try again here."] : lines
    }

    /// Not where another run of its agent is open, nor where its last job ended well: it was
    /// cancelled while it waited for an answer then.
    private func canBeTriedAgain(_ summary: RunSummary) async throws -> Bool {
        guard !openRuns.contains(where: { $0.run.agent == summary.run.agent }),
            let newest = summary.job, let job = try await parts.queue.job(newest)
        else { return false }
        return job.state == .dead || job.state == .cancelled
    }

    // MARK: Picking

    private func pick(_ agent: AgentName, _ dealing: inout CommentDealing) -> [String] {
        let open = pullRequests.filter { $0.state == .open }
        guard let chosen = open.first(where: { $0.agent == agent }) else {
            let others = open.map { "\($0.agent) (#\($0.reference.number))" }
            let have =
                others.isEmpty ? "Nobody has." : "There are \(others.joined(separator: ", "))."
            return ["\(agent) has no open pull request for it. \(have)"]
        }
        var closed: [String] = []
        for other in open where other.reference != chosen.reference {
            dealing.reports.append(
                ReportText.notChosen(
                    other, chosen: chosen, why: "\(comment.author) chose it"))
            closed.append("#\(other.reference.number) (\(other.agent))")
        }
        for summary in openRuns where summary.run.agent != agent {
            dealing.cancels[summary.run.id] =
                "\(comment.author) chose pull request #\(chosen.reference.number) of \(agent)"
        }
        let rest = closed.isEmpty ? "" : " Closing \(closed.joined(separator: ", "))."
        return ["#\(chosen.reference.number) of \(agent) it is.\(rest)"]
    }

    // MARK: Telling

    private func status() -> [String] {
        guard !runs.isEmpty else { return ["Nobody has worked on it."] }
        return runs.prefix(10).map { summary in
            let run = summary.run
            let pullRequest = run.pullRequest.map { ", pull request #\($0.number)" } ?? ""
            return "- \(run.agent), run \(run.id): \(summary.state.words)\(pullRequest)"
        }
    }

    private func why() async throws -> [String] {
        try await Explainer(parts).explain(issue).lines.map { "- \($0)" }
    }
}

extension ShutGate {
    /// What is so and what opens it, in one sentence or two.
    public var sentence: String {
        let when = opensAt.map { " (\($0.words))" } ?? ""
        return "\(what) It goes on \(opens)\(when)."
    }
}

extension RunState {
    /// For people: "working (checks)", "waiting: to try work again".
    var words: String {
        switch self {
        case .working(let step): "working (\(step))"
        case .waiting(let reason, let until):
            "waiting: \(reason)" + (until.map { ", until \($0.words)" } ?? "")
        case .noChanges: "no changes"
        case .queued, .published, .failed, .cancelled, .chosen: word
        }
    }
}
