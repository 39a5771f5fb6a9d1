internal import Logging
internal import SkepCore
internal import SkepQueue

/// Has other agents look at the run's head, one after the other, each in a job and a session of its
/// own. What they say decides whether the run goes on; what they write in the workspace is nothing.
struct ReviewStep: Step {
    static let kind: StepKind = "review"
    static let changesRequested = Verdict.changesRequested.rawValue
    static let outcomes = [changesRequested]
    static let hasSession = true
    static let promptNames: Set<String>? = ReviewPrompt.names

    static func read(_ reader: SettingsReader) -> StepSettings {
        var settings = StepSettings()
        let names = reader.texts("by") ?? []
        if names.isEmpty {
            reader.mistake(
                "a step of kind review needs \"by\": the agents that review",
                at: reader.location)
        }
        for name in Set(names) where names.count(where: { $0 == name }) > 1 {
            reader.mistake("\"\(name)\" reviews twice", at: reader.location(of: "by", name))
        }
        settings.reviewers = names.map(AgentName.init(rawValue:))
        settings.reviewerCount = reader.integer("count", in: 1...20)
        if let count = settings.reviewerCount, !names.isEmpty, count > names.count {
            reader.mistake(
                "\"count\" asks for \(count) reviews, and \"by\" names \(names.count) agents",
                at: reader.location(of: "count"))
        }
        if let word = reader.text("at_cap"), word != "fail" {
            settings.stepAtCap = StepName(rawValue: word)
        }
        settings.isReadOnly = reader.boolean("read_only") ?? false
        return settings
    }

    func run(_ context: StepContext) async throws -> StepOutcome {
        let run = context.run
        guard let head = run.head, let base = run.base else {
            return StepOutcome(
                .fail(Failure(kind: "defect", message: "there is nothing to review")))
        }
        let reviewers = context.definition.reviewers(besides: run.agent)
        // One whose session is under way is heard, even if the workflow doesn't name it any more.
        guard let reviewer = context.job.agent,
            reviewers.contains(reviewer) || context.job.openSession != nil
        else {
            guard let first = reviewers.first else {
                return StepOutcome(.fail(nobodyLeft(context)))
            }
            return StepOutcome(.goOn(StepCatalog.job(for: context.definition, by: first, in: run)))
        }
        let parts = context.parts
        let issue = try await parts.tracker.issue(run.issue)
        let comparison = try await parts.workspaces.comparison(
            of: head, with: base, in: run.issue.repository)
        let history = try await parts.store.history(of: run.id)
        let work = SessionWork(context: context, keepsWork: false)
        return try await work.inWorkspace(at: head) { work, workspace in
            let prompt = try await ReviewPrompt(
                issue: issue, head: head, base: base, comparison: comparison, history: history
            ).text(in: workspace, context)
            return try await work.run(prompt, on: issue, in: workspace, from: head) { left in
                await judge(left, by: reviewer, at: head, comparison, history, workspace, context)
            }
        }
    }

    private func nobodyLeft(_ context: StepContext) -> Failure {
        Failure(
            kind: "no_reviewer",
            message: "nobody can review it: step \"\(context.definition.name)\" of workflow "
                + "\"\(context.workflow.name)\" names \(context.run.agent) only, who made it; "
                + "name another agent in \"by\"")
    }

    private func judge(
        _ left: Leavings, by reviewer: AgentName, at head: CommitID,
        _ comparison: CommitComparison, _ history: RunHistory, _ workspace: Workspace,
        _ context: StepContext
    ) async -> StepOutcome {
        if let setback = left.result.setback {
            return StepOutcome(setback.prefixed("the review by \(reviewer)"))
        }
        var document: ReviewDocument
        do {
            document = try left.document.decoded(as: ReviewDocument.self)
        } catch {
            return StepOutcome(
                .retry(
                    Failure(
                        kind: "no_verdict",
                        message: "\(reviewer) gave no verdict: \(error.message)")))
        }
        let placed = await offPool { [document] in
            var placed = document
            placed.place(within: Set(comparison.paths)) {
                OpenFolder(workspace.path)?.lineCount(of: $0)
            }
            return placed
        }
        document = placed
        let record = ReviewRecord(
            reviewer: reviewer, commit: head, round: context.job.round, verdict: document.verdict,
            summary: document.summary, findings: document.findings)
        context.logger.info(
            "Reviewed", metadata: [LogKeys.outcome: "\(record.verdict.rawValue)"])
        return conclude(record, history, context)
    }

    /// On to the next reviewer of the round; after the last, on or back.
    private func conclude(_ record: ReviewRecord, _ history: RunHistory, _ context: StepContext)
        -> StepOutcome
    {
        let reviewers = context.definition.reviewers(besides: context.run.agent)
        let reviews =
            reviewers.filter { $0 != record.reviewer }.compactMap { name in
                // Not exactly this round: one who was added later has had fewer of them.
                history.reviews.last {
                    $0.reviewer == name && $0.commit == record.commit && $0.round >= record.round
                }
            } + [record]
        var outcome: StepOutcome
        let missing = reviewers.first { name in !reviews.contains { $0.reviewer == name } }
        if let missing {
            outcome = StepOutcome(
                .goOn(StepCatalog.job(for: context.definition, by: missing, in: context.run)))
        } else {
            let demanding = reviews.filter { $0.verdict == .changesRequested }
            if demanding.isEmpty {
                outcome = StepOutcome(.done)
            } else {
                let findings = ReportText.findings(demanding)
                outcome = StepOutcome(
                    .sentBack(
                        outcome: Self.changesRequested, findings: findings,
                        detail: ReportText.changesRequested(by: demanding.map(\.reviewer))))
                outcome.tail = findings
            }
        }
        outcome.reviews = [record]
        return outcome
    }
}

extension StepOutcome.Way {
    /// The same setback, with whose it is.
    func prefixed(_ subject: String) -> StepOutcome.Way {
        switch self {
        case .retry(let failure):
            .retry(Failure(kind: failure.kind, message: "\(subject): \(failure.message)"))
        case .fail(let failure):
            .fail(Failure(kind: failure.kind, message: "\(subject): \(failure.message)"))
        case .giveUp(let failure): .giveUp(failure.prefixed(subject))
        case .park(let failure): .park(failure.prefixed(subject))
        case .wait(let failure): .wait(failure.prefixed(subject))
        case .done, .goOn, .close, .sentBack, .ask: self
        }
    }
}

extension AgentFailure {
    fileprivate func prefixed(_ subject: String) -> AgentFailure {
        var failure = self
        failure.message = "\(subject): \(message)"
        return failure
    }
}

extension OpenFolder {
    /// How many lines a file below it has; `nil` when it can't be read.
    func lineCount(of path: String) -> Int? {
        let names = path.split(separator: "/")
        guard let name = names.last, let folder = folder(names.dropLast()),
            case .bytes(let bytes) = folder.read(String(name), atMost: 8 << 20)
        else { return nil }
        let ends = bytes.count { $0 == UInt8(ascii: "\n") }
        return bytes.last.map { $0 == UInt8(ascii: "\n") ? ends : ends + 1 } ?? 0
    }
}
