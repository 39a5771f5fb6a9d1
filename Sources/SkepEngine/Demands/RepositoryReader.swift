internal import Logging
internal import SkepCore
internal import SkepQueue

/// Reads one repository: what changed, what was said, what became of pull requests. Each reading
/// ends with rows; only then the tracker's time is moved on.
actor RepositoryReader {
    struct Reading: Sendable {
        var issues = 0
        /// Issues and pull requests that had changed.
        var changes = 0
        /// What went wrong with single issues, comments and pull requests.
        var failures: [any Error] = []
    }

    let parts: SwarmParts
    nonisolated let repository: RepositoryName
    let settings: Coordinator.Settings
    /// What the tracker said of dependencies and permissions; shared by all repositories.
    let answers: TrackerAnswers

    private var cursor: TrackerCursor?
    /// When all open issues were listed last; `nil` before the first time.
    private var sweptAt: Duration?
    /// The newest second's issues, told apart by their fingerprints.
    private var seen: [Int: UInt64] = [:]
    /// Comments of the last reading, likewise.
    private var seenComments: [Int64: UInt64] = [:]
    /// Issues somebody may be started on, without their text: those with waiting demands.
    private var picture: [IssueReference: Issue] = [:]
    /// When all open pull requests are looked at next.
    private var nextFeedback: Duration?
    /// Pull requests to be looked at with the next reading.
    private var unsettled: Set<Int> = []

    init(
        _ parts: SwarmParts, repository: RepositoryName, settings: Coordinator.Settings,
        answers: TrackerAnswers
    ) {
        self.parts = parts
        self.repository = repository
        self.settings = settings
        self.answers = answers
    }

    /// Reads what is new. Where nothing is, that is one request and no write.
    ///
    /// - Parameter hinted: What somebody said that happened; `nil` when nobody did.
    func read(_ hinted: RepositoryHints? = nil) async throws -> Reading {
        var reading = Reading()
        if cursor == nil { cursor = try await parts.store.cursor(of: repository) }
        let isSweep = sweptAt.map { parts.clock.uptime - $0 >= settings.resweepInterval } ?? true
        // Before changes are asked for: what happens while the list is read comes with the changes.
        let listed = isSweep ? try await list() : nil

        let changes: [Issue]
        let isFirst = cursor == nil
        if let cursor {
            changes = try await parts.tracker.changes(in: repository, since: cursor.changes)
        } else {
            changes = []
        }
        let start = cursor ?? beginning(listed ?? [])
        if isFirst { seen = Self.newest(of: listed ?? [], since: start.changes) }
        let fresh = changes.filter { seen[$0.reference.number] != $0.fingerprint }
        guard listed != nil || !fresh.isEmpty || hinted != nil || isFeedbackDue else {
            return reading
        }

        if !fresh.isEmpty || hinted != nil { answers.forget(repository) }
        reading.changes = fresh.count
        reading.issues = (listed?.count ?? 0) + fresh.count { !$0.isPullRequest }
        try await take(listed, fresh, hinted?.numbers ?? [], &reading)
        var next = start
        if isFirst || !fresh.isEmpty {
            next.comments = try await readComments(since: start.comments, &reading)
        }
        try await lookAtPullRequests(fresh, hinted, &reading)

        next.changes = max(start.changes, changes.map(\.updatedAt).max() ?? start.changes)
        try await parts.store.setCursor(next, of: repository)
        cursor = next
        if !isFirst { seen = Self.newest(of: changes, since: next.changes) }
        if isSweep { sweptAt = parts.clock.uptime }
        return reading
    }

    // MARK: Beginning

    private func list() async throws -> [Issue] {
        try await parts.tracker.issues(in: repository, matching: IssueFilter())
    }

    /// What tells the issues of the newest second apart: they come again with the next changes.
    private static func newest(of issues: [Issue], since: Timestamp) -> [Int: UInt64] {
        Dictionary(
            issues.filter { $0.updatedAt >= since }
                .map { ($0.reference.number, $0.fingerprint) }, uniquingKeysWith: { $1 })
    }

    /// Where reading begins in a repository that was never read. The newest change is the best that
    /// is known of the tracker's clock. Of comments those of the last hour count: somebody may have
    /// asked just before Skep was started.
    private func beginning(_ listed: [Issue]) -> TrackerCursor {
        let newest = listed.map(\.updatedAt).max() ?? parts.clock.now - .seconds(24 * 3600)
        return TrackerCursor(changes: newest, comments: newest - .seconds(3600))
    }

    // MARK: Issues

    /// Writes down what issues ask for, and ends what they don't ask for any more.
    private func take(
        _ listed: [Issue]?, _ fresh: [Issue], _ hinted: Set<Int>, _ reading: inout Reading
    ) async throws {
        var known: [IssueReference: Issue?] = [:]
        for issue in listed ?? [] { known[issue.reference] = issue.withoutBody }
        for issue in fresh where !issue.isPullRequest { known[issue.reference] = issue.withoutBody }

        let withdrawals = Withdrawals(parts: parts)
        let candidates = try await withdrawals.candidates(in: repository)
        // Lists shift while they are read, and an open issue may fall between two pages: what isn't
        // listed, or was named by a hint, is asked for by itself.
        for reference in candidates.issues where known[reference] == nil {
            guard listed != nil || hinted.contains(reference.number) else { continue }
            do {
                known[reference] = .some(try await issueOnTracker(reference))
            } catch let error as any SkepError {
                // Nothing of it is ended then.
                try await tell(of: error, "it can't be looked at", on: reference, &reading)
            }
        }
        try await withdrawals.end(candidates, in: known)

        let standing = StandingDemands(parts: parts)
        var demands: [TriggerDemand] = []
        var waiting = Set(candidates.waiting.map(\.demand.trigger.issue))
        if listed != nil { picture = [:] }
        for case let issue? in known.values {
            let asked = standing.all(on: issue)
            demands += asked
            if !asked.isEmpty { waiting.insert(issue.reference) }
            picture[issue.reference] = waiting.contains(issue.reference) ? issue : nil
            for name in standing.unknownAgents(on: issue) { try await tell(of: name, on: issue) }
        }
        for (reference, issue) in known where issue == nil { picture[reference] = nil }
        demands.sort { ($0.trigger.issue, $0.trigger.agent) < ($1.trigger.issue, $1.trigger.agent) }
        _ = try await parts.store.record(demands)
    }

    /// `nil` when it is gone: deleted, transferred, or moved out of sight.
    private func issueOnTracker(_ reference: IssueReference) async throws -> Issue? {
        do {
            let issue = try await parts.tracker.issue(reference)
            // One that was transferred is answered with where it went.
            return issue.reference == reference ? issue.withoutBody : nil
        } catch let error as any SkepError where error.kind == .conflict {
            // Where nothing of the repository can be seen, it may come back with it.
            guard try await parts.canRead(repository) else { throw error }
            return nil
        }
    }

    /// Somebody waits for an agent that never comes.
    private func tell(of name: AgentName, on issue: Issue) async throws {
        parts.logger.warning(
            "A label asks for an agent that isn't there",
            metadata: [LogKeys.issue: "\(issue.reference)", LogKeys.agent: "\(name)"])
        try await parts.store.record(
            NewSwarmEvent(
                .trouble, issue: issue.reference, agent: name,
                text:
                    "a label asks for agent \"\(name)\", which isn't there; one that was added since "
                    + "this began is known after \"skep restart\""))
    }

    /// What goes wrong with one doesn't end the reading, and is no secret where it stays so.
    private func tell(
        of error: any SkepError, _ what: String, on place: IssueReference,
        _ reading: inout Reading
    ) async throws {
        reading.failures.append(error)
        guard !error.mayPass else { return }
        parts.logger.warning(
            "Can't deal with what the tracker shows",
            metadata: [LogKeys.issue: "\(place)", LogKeys.error: "\(error)"])
        try await parts.store.record(
            NewSwarmEvent(.trouble, issue: place, text: "\(what): \(error.what)"))
    }

    // MARK: Comments and pull requests

    /// - Returns: The time of the newest comment.
    private func readComments(since: Timestamp, _ reading: inout Reading) async throws
        -> Timestamp
    {
        let comments = try await parts.tracker.comments(in: repository, since: since)
        let desk = CommentDesk(parts: parts, answers: answers)
        for placed in comments where seenComments[placed.comment.id] != placed.fingerprint {
            do {
                try await desk.deal(with: placed)
            } catch let error as any SkepError where !error.mayPass {
                // One that can't be dealt with doesn't keep the others, nor come again.
                let what = "the comment of \(placed.comment.author) can't be dealt with"
                try await tell(of: error, what, on: placed.place, &reading)
            }
        }
        seenComments = Dictionary(
            comments.map { ($0.comment.id, $0.fingerprint) }, uniquingKeysWith: { $1 })
        return max(since, comments.map(\.comment.createdAt).max() ?? since)
    }

    private var isFeedbackDue: Bool {
        !unsettled.isEmpty || nextFeedback.map { parts.clock.uptime >= $0 } ?? true
    }

    /// Looks at pull requests of runs: at those that changed or were named, and now and then at
    /// all, since neither statuses nor conflicts are changes.
    private func lookAtPullRequests(
        _ fresh: [Issue], _ hinted: RepositoryHints?, _ reading: inout Reading
    ) async throws {
        let isDue = nextFeedback.map { parts.clock.uptime >= $0 } ?? true
        let chosen = unsettled.union(fresh.filter(\.isPullRequest).map(\.reference.number))
            .union(hinted?.numbers ?? [])
        let all = isDue || hinted?.isAnywhere == true
        guard all || !chosen.isEmpty else { return }

        let watch = PullRequestWatch(parts: parts, answers: answers)
        var again: Set<Int> = []
        let open = try await parts.store.pullRequests(
            matching: PullRequestFilter(repository: repository, states: [.open]))
        for pullRequest in try await open + reopened(fresh, besides: open) {
            let number = pullRequest.reference.number
            guard all || chosen.contains(number) else { continue }
            do {
                if try await watch.look(at: pullRequest) { again.insert(number) }
            } catch let error as any SkepError {
                try await tell(
                    of: error, "the pull request can't be looked at", on: pullRequest.reference,
                    &reading)
                if error.mayPass { again.insert(number) }
            }
        }
        unsettled = again
        if isDue { nextFeedback = parts.clock.uptime + settings.feedbackInterval }
    }

    /// Pull requests of runs that were closed when they were looked at last, and are open again.
    private func reopened(_ fresh: [Issue], besides open: [PublishedPullRequest]) async throws
        -> [PublishedPullRequest]
    {
        let known = Set(open.map(\.reference))
        var reopened: [PublishedPullRequest] = []
        for issue in fresh
        where issue.isPullRequest && issue.isOpen && !known.contains(issue.reference) {
            reopened += try await parts.store.pullRequests(
                matching: PullRequestFilter(reference: issue.reference, states: [.closed]))
        }
        return reopened
    }

    // MARK: For demands

    /// An issue as it was seen last, or as the tracker shows it now; `nil` when it is gone.
    func issue(_ reference: IssueReference) async throws -> Issue? {
        if let known = picture[reference] { return known }
        let issue = try await issueOnTracker(reference)
        picture[reference] = issue
        return issue
    }

    /// Forgets issues on which nothing waits.
    func keep(_ waiting: Set<IssueReference>) {
        guard picture.keys.contains(where: { !waiting.contains($0) }) else { return }
        picture = picture.filter { waiting.contains($0.key) }
    }
}

extension PlacedComment {
    /// Differs when the comment's text does: one that was edited is read again.
    fileprivate var fingerprint: UInt64 { FNV1a.hash([comment.body]).value }
}
