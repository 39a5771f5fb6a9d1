internal import Logging
internal import SkepCore
internal import SkepQueue

/// Has an agent choose among the pull requests that several agents opened for one issue. The others
/// are closed with a word; the chosen one is left for people to merge.
struct ChooseStep: Step {
    static let kind: StepKind = "choose"
    static let hasSession = true
    static let promptNames: Set<String>? = ChoicePrompt.names

    static func read(_ reader: SettingsReader) -> StepSettings {
        var settings = StepSettings()
        settings.isReadOnly = reader.boolean("read_only") ?? false
        return settings
    }

    func run(_ context: StepContext) async throws -> StepOutcome {
        guard case .choice(let runs)? = TriggerCause(context.run.cause) else {
            return StepOutcome(
                .fail(
                    Failure(
                        kind: "nothing_to_choose",
                        message: "there is nothing to choose: it wasn't asked for by several "
                            + "finished runs, but by \"\(context.run.cause)\"")))
        }
        let candidates: [Candidate]
        switch try await Candidate.find(runs, context) {
        case .settled(let detail):
            return StepOutcome(.close(.noChanges, detail: detail))
        case .candidates(let found): candidates = found
        }
        let chooser = context.run.agent
        guard !candidates.contains(where: { $0.run.agent == chooser }) else {
            return StepOutcome(
                .fail(
                    Failure(
                        kind: "own_work",
                        message: "\(chooser) made one of the pull requests, and can't choose among "
                            + "them; name another agent in \"choose\", or choose yourself by "
                            + "merging one")))
        }
        let issue = try await context.parts.tracker.issue(context.run.issue)
        let work = SessionWork(context: context, keepsWork: false)
        let start = try await StartingPoint.find(work)
        return try await work.inWorkspace(at: start.commit) { work, workspace in
            let prompt = try await ChoicePrompt(issue: issue, candidates: candidates)
                .text(in: workspace, context)
            return try await work.run(prompt, on: issue, in: workspace, from: start.commit) {
                judge($0, candidates, context)
            }
        }
    }

    private func judge(
        _ left: Leavings, _ candidates: [Candidate], _ context: StepContext
    ) -> StepOutcome {
        if let setback = left.result.setback { return StepOutcome(setback) }
        let document: ChoiceDocument
        do {
            document = try left.document.decoded(as: ChoiceDocument.self)
        } catch {
            return unclear(error.message, context)
        }
        let name = AgentName(rawValue: document.choice)
        guard let winner = candidates.first(where: { $0.run.agent == name }) else {
            let known = candidates.map(\.run.agent.rawValue).joined(separator: ", ")
            return unclear(
                "there is no candidate \"\(document.choice.prefix(40))\", but \(known)", context)
        }
        return outcome(
            winner, candidates, why: String((document.why ?? "").prefix(10_000)), context)
    }

    private func unclear(_ why: String, _ context: StepContext) -> StepOutcome {
        StepOutcome(
            .retry(Failure(kind: "no_choice", message: "\(context.run.agent) chose none: \(why)")))
    }

    private func outcome(
        _ winner: Candidate, _ candidates: [Candidate], why: String, _ context: StepContext
    ) -> StepOutcome {
        let run = context.run
        let others = candidates.filter { $0.run.id != winner.run.id }
        var outcome = StepOutcome(
            .close(.chosen, detail: "pull request #\(winner.link.number) of \(winner.run.agent)"))
        outcome.reports = [
            ReportText.chosen(
                by: run.agent, agent: winner.run.agent, pullRequest: winner.link, why: why,
                others: others.map { ($0.run.agent, $0.link) })
        ]
        outcome.reports += others.map { other in
            ReportText.notChosen(
                IssueReference(repository: run.issue.repository, number: other.link.number),
                agent: other.run.agent, for: winner.link, of: winner.run.agent, by: run.agent)
        }
        return outcome
    }
}

/// One of the pull requests that a choice is among.
struct Candidate: Sendable {
    let run: Run
    let link: PullRequestLink
    let head: CommitID
    let base: CommitID
    let history: RunHistory

    enum Finding {
        case candidates([Candidate])
        /// There is nothing to choose any more: why.
        case settled(String)
    }

    /// The pull requests of these runs that are still open, the newest run of each agent.
    static func find(_ runs: [RunID], _ context: StepContext) async throws -> Finding {
        let parts = context.parts
        var found: [Candidate] = []
        for id in runs.removingRepeats().sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let run = try await parts.store.run(id)?.run, let link = run.pullRequest,
                run.closing?.outcome == .published, run.issue == context.run.issue,
                let head = run.head, let base = run.base
            else { continue }
            let reference = IssueReference(repository: run.issue.repository, number: link.number)
            let pullRequest = try await parts.tracker.pullRequest(reference)
            if pullRequest.isMerged {
                return .settled("pull request #\(link.number) of \(run.agent) is merged already")
            }
            guard pullRequest.isOpen else { continue }
            let history = try await parts.store.history(of: id)
            found.removeAll { $0.run.agent == run.agent }
            found.append(
                Candidate(run: run, link: link, head: head, base: base, history: history))
        }
        switch found.count {
        case 0: return .settled("none of the pull requests is open any more")
        case 1:
            let only = found[0]
            return .settled(
                "only pull request #\(only.link.number) of \(only.run.agent) is still open")
        default: return .candidates(found)
        }
    }
}
