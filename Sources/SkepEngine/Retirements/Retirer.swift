public import SkepCore
internal import SkepQueue

/// Closes issues that nobody will work on, with a word and a label, and brings them back.
///
/// Nothing here writes to the tracker: what is decided becomes one report for each issue, and a
/// worker does the rest.
public struct Retirer: Sendable {
    /// An issue with this label is never retired.
    public static let keepLabel = "skep/keep"

    /// Which issues are looked at.
    public enum Scope: Sendable, Hashable {
        /// Open ones of these repositories, with all of these labels, on which nothing happened for
        /// so long.
        case olderThan(Duration, in: [RepositoryName], labels: [String])
        case listed([IssueReference])
    }

    /// What may be retired, and what may not.
    public struct Candidates: Sendable, Hashable {
        public struct Skipped: Sendable, Hashable {
            public let issue: IssueReference
            /// Empty where the issue can't be seen.
            public let title: String
            public let reason: String
        }

        /// The one on which nothing happened for longest comes first; listed ones in their order.
        public var issues: [Issue] = []
        public var skipped: [Skipped] = []

        fileprivate mutating func skip(_ issue: Issue, _ reason: String) {
            skipped.append(
                Skipped(issue: issue.reference, title: issue.title, reason: reason))
        }
    }

    private let parts: SwarmParts

    public init(_ parts: SwarmParts) {
        self.parts = parts
    }

    /// Finds what may be retired. Changes nothing.
    ///
    /// - Throws: What the tracker throws when it is out of reach; a listed issue that isn't there is
    ///   skipped.
    public func candidates(_ scope: Scope) async throws -> Candidates {
        var candidates = Candidates()
        let issues: [Issue]
        switch scope {
        case .olderThan(let age, let repositories, let labels):
            let limit = parts.clock.now - age
            issues = try await parts.openIssues(in: repositories.removingRepeats(), labels: labels)
                .filter { $0.updatedAt <= limit }
                .sorted { ($0.updatedAt, $0.reference) < ($1.updatedAt, $1.reference) }
        case .listed(let references):
            issues = try await look(at: references.removingRepeats(), &candidates)
        }
        let obstacles = try await Obstacles(parts)
        for issue in issues {
            if let reason = obstacles.reason(against: issue) {
                candidates.skip(issue, reason)
            } else {
                candidates.issues.append(issue)
            }
        }
        return candidates
    }

    /// Writes a retirement down, and queues what closes its issues. Those on which somebody has
    /// begun to work since they were looked at are left out.
    ///
    /// - Parameters:
    ///   - issues: Of `candidates`.
    ///   - label: Made where it isn't there; `nil`: none.
    ///   - day: For the text, "2026-03-28"; today in UTC by default.
    /// - Throws: `RetirementError.nothingToRetire`, and what the store throws.
    public func retire(
        _ issues: [Issue], reason: String, label: String?, on day: String? = nil
    ) async throws -> RetirementID {
        let obstacles = try await Obstacles(parts)
        let remaining = issues.filter { obstacles.reason(against: $0) == nil }
        guard !remaining.isEmpty else { throw RetirementError.nothingToRetire }
        let day = day ?? LocalTime("UTC").day(parts.clock.now)
        let id = try await parts.store.retire(
            remaining.map {
                Retirement.Item(issue: $0.reference, title: $0.title, isReopened: false)
            }, reason: reason, label: label,
            reports: remaining.map {
                ReportText.retired($0.reference, on: day, reason: reason, label: label)
            })
        guard let id else { throw RetirementError.nothingToRetire }
        return id
    }

    /// Queues what reopens issues of a retirement.
    ///
    /// - Parameter issues: `nil`: all that weren't reopened before.
    /// - Returns: Those that are reopened.
    /// - Throws: `RetirementError.noSuchRetirement`, `.notPartOf`.
    @discardableResult
    public func reopen(_ id: RetirementID, issues: [IssueReference]? = nil) async throws
        -> [IssueReference]
    {
        guard let retirement = try await parts.store.retirement(id) else {
            throw RetirementError.noSuchRetirement(id)
        }
        let known = Set(retirement.items.map(\.issue))
        let strangers = (issues ?? []).filter { !known.contains($0) }
        guard strangers.isEmpty else { throw RetirementError.notPartOf(id, strangers) }
        let closed = retirement.items.filter { !$0.isReopened }.map(\.issue)
        let wanted = issues.map { issues in closed.filter(issues.contains) } ?? closed
        guard !wanted.isEmpty else { return [] }
        try await parts.store.reopen(
            wanted, of: id, reports: wanted.map { ReportText.unretired($0, of: retirement) })
        return wanted
    }

    /// Listed issues, as the tracker shows them.
    private func look(at references: [IssueReference], _ candidates: inout Candidates) async throws
        -> [Issue]
    {
        var issues: [Issue] = []
        for reference in references {
            do {
                issues.append(try await parts.tracker.issue(reference))
            } catch let error as any SkepError where !error.mayPass {
                candidates.skipped.append(
                    Candidates.Skipped(issue: reference, title: "", reason: error.what))
            }
        }
        return issues
    }
}

/// What speaks against retiring issues.
private struct Obstacles {
    private let snapshot: GateKeeper.Snapshot
    private let asked: [IssueReference: AgentName]

    init(_ parts: SwarmParts) async throws {
        snapshot = try await GateKeeper(parts).snapshot()
        asked = Dictionary(
            try await parts.store.waitingTriggers(on: nil)
                .map { ($0.demand.trigger.issue, $0.demand.trigger.agent) },
            uniquingKeysWith: { first, _ in first })
    }

    /// `nil`: nothing.
    func reason(against issue: Issue) -> String? {
        let reference = issue.reference
        if issue.isPullRequest { return "It is a pull request." }
        if !issue.isOpen { return "It is closed already." }
        if issue.hasLabel(Retirer.keepLabel) { return "It carries the label \(Retirer.keepLabel)." }
        if let run = snapshot.openRuns(on: reference).first?.run {
            return "\(run.agent) works on it, in run \(run.id)."
        }
        if let pullRequest = snapshot.pullRequests(on: reference).first {
            return "Pull request \(pullRequest.reference) of \(pullRequest.agent) waits for people."
        }
        if let agent = asked[reference] { return "\(agent) was asked to work on it, and will." }
        return nil
    }
}

/// What can't be retired or brought back.
public enum RetirementError: SkepError, Hashable {
    case nothingToRetire
    case noSuchRetirement(RetirementID)
    case notPartOf(RetirementID, [IssueReference])

    public var kind: ErrorKind { .conflict }

    public var what: String {
        switch self {
        case .nothingToRetire: "There is no issue to retire."
        case .noSuchRetirement(let id): "There is no retirement \(id)"
        case .notPartOf(let id, let issues):
            "Retirement \(id) didn't close \(issues.map(\.description).joined(separator: ", "))"
        }
    }
}
