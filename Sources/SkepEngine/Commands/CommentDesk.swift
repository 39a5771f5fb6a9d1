internal import Logging
internal import SkepCore
internal import SkepQueue

/// Deals with comments, each once: with commands in them, and with answers to agents' questions.
///
/// What Skep wrote itself is never answered, whoever's account it used.
struct CommentDesk: Sendable {
    let parts: SwarmParts
    let answers: TrackerAnswers

    func deal(with placed: PlacedComment) async throws {
        let comment = placed.comment
        guard !CommentMarker.isInAny(comment.body) else { return }
        let reading = CommandReader(agents: parts.agents.keys.sorted()).read(comment.body)
        if reading.commands.isEmpty {
            try await takeAsAnswer(placed)
        } else {
            try await obey(reading, placed)
        }
    }

    /// Whose issue it is about: a pull request of a run stands for its issue.
    private func subject(of placed: PlacedComment) async throws -> IssueReference? {
        guard placed.isOnPullRequest else { return placed.place }
        return try await parts.store.pullRequests(
            matching: PullRequestFilter(reference: placed.place)
        ).first?.issue
    }

    private func may(_ login: LoginName, in repository: RepositoryName) async throws -> Bool {
        try await GateKeeper(parts).mayAsk(login, in: repository, answers)
    }

    // MARK: Answers

    private static let clockTolerance = Duration.seconds(600)

    private func takeAsAnswer(_ placed: PlacedComment) async throws {
        let comment = placed.comment
        let questions = try await parts.store.openQuestions(in: placed.place.repository)
        guard let issue = try await subject(of: placed) else { return }
        var asked = questions.filter { $0.issue == issue }
        guard !asked.isEmpty else { return try await tellLate(placed, on: issue) }
        // What was said before the question isn't its answer. The tracker's clock may differ.
        asked.removeAll { $0.askedAt > comment.createdAt + Self.clockTolerance }
        guard !asked.isEmpty else { return }
        guard try await may(comment.author, in: issue.repository) else {
            return try await tellAsked(placed, on: issue)
        }

        let words = Set(
            comment.body.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "-" }
                .map(String.init))
        let named = asked.filter { words.contains($0.agent.rawValue.lowercased()) }
        if !named.isEmpty { asked = named }

        var dealing = CommentDealing(
            comment: comment.id, place: placed.place, author: comment.author)
        for question in asked { dealing.answers[question.run] = comment.body }
        dealing.reports = [ReportText.seen(comment.id, on: placed.place)]
        _ = try await parts.store.deal(with: dealing)
    }

    /// An agent that has had its answer hears no second one; who gives it is told how it would.
    private func tellLate(_ placed: PlacedComment, on issue: IssueReference) async throws {
        let comment = placed.comment
        var dealing = CommentDealing(
            comment: comment.id, place: placed.place, author: comment.author)
        let filter = RunFilter(issue: issue, openOnly: true)
        for run in try await parts.store.runs(matching: filter).map(\.run) {
            let questions = try await parts.store.history(of: run.id).questions
            guard let answeredAt = questions.last?.answeredAt, answeredAt <= comment.createdAt
            else { continue }
            dealing.reports.append(
                ReportText.late(
                    after: questions.count, to: run.agent, run: run.id, on: placed.place))
        }
        guard !dealing.reports.isEmpty, try await may(comment.author, in: issue.repository)
        else { return }
        _ = try await parts.store.deal(with: dealing)
    }

    /// Questions may be put to somebody whose answer doesn't count.
    private func tellAsked(_ placed: PlacedComment, on reference: IssueReference) async throws {
        let author = placed.comment.author
        guard let issue = try await issue(reference),
            parts.dispatch.asked(on: issue).contains(author)
        else { return }
        var dealing = CommentDealing(
            comment: placed.comment.id, place: placed.place, author: author)
        dealing.reports = [ReportText.refused(author, on: placed.place)]
        _ = try await parts.store.deal(with: dealing)
    }

    // MARK: Commands

    private func obey(_ reading: CommentReading, _ placed: PlacedComment) async throws {
        let comment = placed.comment
        var dealing = CommentDealing(
            comment: comment.id, place: placed.place, author: comment.author)
        guard try await may(comment.author, in: placed.place.repository) else {
            dealing.reports = [ReportText.refused(comment.author, on: placed.place)]
            dealing.event = "\(comment.author) asked for something, who may not"
            _ = try await parts.store.deal(with: dealing)
            return
        }
        dealing.reports = [ReportText.seen(comment.id, on: placed.place)]
        var lines: [String] = []
        if let reference = try await subject(of: placed),
            let issue = try await issue(reference)
        {
            let work = CommandWork(
                parts: parts, answers: answers, issue: issue, comment: comment,
                rest: reading.rest,
                runs: try await parts.store.runs(
                    matching: RunFilter(issue: reference, limit: 1000)),
                pullRequests: try await parts.store.pullRequests(
                    matching: PullRequestFilter(issue: reference)))
            for command in reading.commands {
                lines += try await work.answer(command, &dealing)
            }
        } else {
            lines = ["This isn't a pull request of an agent; ask on the issue."]
        }
        if !lines.isEmpty {
            dealing.reports.append(ReportText.reply(lines, to: comment.id, on: placed.place))
        }
        dealing.event = "\(comment.author): \(Self.commandLines(comment.body))"
        _ = try await parts.store.deal(with: dealing)
    }

    private func issue(_ reference: IssueReference) async throws -> Issue? {
        do {
            let issue = try await parts.tracker.issue(reference)
            return issue.isPullRequest ? nil : issue
        } catch let error as any SkepError where error.kind == .conflict {
            return nil
        }
    }

    private static func commandLines(_ body: String) -> String {
        body.split(whereSeparator: \.isNewline)
            .filter { $0.drop { $0 == " " }.lowercased().hasPrefix("/skep") }
            .joined(separator: "; ")
    }
}
