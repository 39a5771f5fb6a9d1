internal import Logging
internal import SkepCore
internal import SkepQueue

/// Posts reports on the tracker, in the order in which they were written, each once.
///
/// What a report does is in `ReportPoster+Contents.swift`; here is when, and what becomes of one
/// that can't be posted.
struct ReportPoster: Sendable {
    let parts: SwarmParts

    func run(_ lease: Lease) async throws -> Disposition {
        guard let id = ReportID(String(decoding: lease.job.payload, as: UTF8.self)) else {
            return .settle(.dead(Failure(kind: "defect", message: "its payload is no report id")))
        }
        do {
            for report in try await parts.store.unpostedReports(upTo: id) {
                try await post(report, as: lease, for: id)
            }
            return .settle(.succeeded(result: nil, next: []))
        } catch let delay as ReportDelay {
            return later(delay.reason, at: delay.retryAt, lease)
        } catch let error as any SkepError where error.mayPass {
            return later(error.what, at: error.retryAt, lease)
        }
    }

    private func later(_ reason: String, at time: Timestamp?, _ lease: Lease) -> Disposition {
        .settle(
            .snoozed(
                until: Patience.end(lease.job.attempt, now: parts.clock.now, retryAt: time),
                reason: "to post a report: \(reason)"))
    }

    /// An earlier report that can't be posted at all fails with its own job, and doesn't keep this
    /// one back.
    private func post(_ report: Report, as lease: Lease, for id: ReportID) async throws {
        do {
            let url = try await perform(report)
            try await parts.store.recordPosted(report.id, commentURL: url)
        } catch let error as any SkepError {
            switch try await hope(for: report, after: error, lease) {
            case .none: try await giveUp(report, error)
            case .later: throw ReportDelay(reason: error.what, retryAt: error.retryAt)
            case .unknown where !error.mayPass && report.id != id:
                parts.logger.warning("Can't post report", metadata: metadata(of: report, error))
            case .unknown: throw error
            }
        }
    }

    // MARK: Giving up

    /// What can be expected of a later attempt.
    private enum Hope {
        /// Its place is gone or locked, or what it asks for can't be done there.
        case none
        case later
        /// It isn't about this report: the tracker, the configuration, the store.
        case unknown
    }

    /// A refusal that may pass is believed after so many attempts and so long.
    private static let patience = (attempts: 10, time: Duration.seconds(24 * 3600))

    private func hope(for report: Report, after error: any SkepError, _ lease: Lease) async throws
        -> Hope
    {
        // The store's errors speak of rows.
        guard !(error is QueueError), !(error is SwarmError) else { return .unknown }
        let isOld =
            lease.job.attempt >= Self.patience.attempts
            && parts.clock.now - report.createdAt >= Self.patience.time
        switch error.kind {
        case .conflict where error.mayPass || isOld: return isOld ? .none : .later
        case .conflict:
            // Where nothing of the repository can be seen, it may come back with its issues.
            return try await parts.canRead(report.issue.repository) ? .none : .later
        case .refused: return !error.mayPass || isOld ? .none : .later
        case .usage, .unavailable, .configuration, .defect: return .unknown
        }
    }

    /// Ends a report that is posted nowhere. Its run, if it has one, is none the worse for it.
    private func giveUp(_ report: Report, _ error: any SkepError) async throws {
        parts.logger.warning(
            "Gave up posting a report", metadata: metadata(of: report, error))
        let why = [error.what, error.why].compactMap { $0 }.joined(separator: " ")
        try await parts.store.record(
            NewSwarmEvent(
                .trouble, issue: report.place,
                text: "\(report.content.words) \"\(report.topic)\" is given up: \(why)"))
        try await parts.store.recordPosted(report.id, commentURL: "")
    }

    private func metadata(of report: Report, _ error: any SkepError) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            LogKeys.issue: "\(report.issue)", LogKeys.error: "\(error)",
        ]
        if let run = report.run { metadata[LogKeys.run] = "\(run)" }
        return metadata
    }
}

/// Why a report is tried again later.
private struct ReportDelay: Error {
    let reason: String
    let retryAt: Timestamp?
}

extension Report {
    /// The issue or pull request it is for; `nil` where it opens one.
    var place: IssueReference? { issue.number > 0 ? issue : nil }
}

extension ReportContent {
    /// What it is, for people.
    fileprivate var words: String {
        switch self {
        case .comment: "the comment"
        case .review: "the review"
        case .reaction: "the reaction"
        case .close: "the closing"
        case .reopen: "the reopening"
        case .issue: "the new issue"
        case .attention: "the label"
        case .status: "the commit status"
        }
    }
}

/// How long is waited for what is out of reach, by the number of the attempt: 5 s, 10 s, … 10 min.
enum Patience {
    static func delay(attempt: Int) -> Duration {
        .seconds(min(5 << min(max(attempt - 1, 0), 10), 600))
    }

    /// Until when is waited: as long as the other side asks for, up to an hour; not less than
    /// without its word, or a server that says "now" would be asked without end.
    static func end(_ attempt: Int, now: Timestamp, retryAt: Timestamp?) -> Timestamp {
        let usual = now + delay(attempt: attempt)
        guard let retryAt else { return usual }
        return min(max(usual, retryAt), now + .seconds(3600))
    }
}

/// Runs what has to be finished although the task was cancelled.
func uncancelled<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
    // Awaited right here; a task of its own, so that the cancellation doesn't reach it.
    try await Task { try await body() }.value
}
