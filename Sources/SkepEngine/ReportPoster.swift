internal import Logging
internal import SkepCore
internal import SkepQueue

/// Posts reports on the tracker, in the order in which they were written, each once.
struct ReportPoster: Sendable {
    let parts: SwarmParts

    func run(_ lease: Lease) async throws -> Disposition {
        guard let id = ReportID(String(decoding: lease.job.payload, as: UTF8.self)) else {
            return .settle(.dead(Failure(kind: "defect", message: "its payload is no report id")))
        }
        do {
            for report in try await parts.store.unpostedReports(upTo: id) {
                try await post(report, asPartOf: id)
            }
            return .settle(.succeeded(result: nil, next: []))
        } catch let error as any SkepError where error.mayPass {
            return .settle(
                .snoozed(
                    until: parts.clock.now + Patience.delay(attempt: lease.job.attempt),
                    reason: "to post a report: \(error.what)"))
        }
    }

    /// An earlier report that can't be posted at all fails with its own job, and doesn't keep this
    /// one back.
    private func post(_ report: Report, asPartOf id: ReportID) async throws {
        do {
            let comment = try await parts.tracker.post(
                report.body, marker: report.marker, on: report.issue)
            try await parts.store.recordPosted(report.id, commentURL: comment.url)
        } catch let error as any SkepError where !error.mayPass && report.id != id {
            parts.logger.warning(
                "Can't post report",
                metadata: [
                    LogKeys.issue: "\(report.issue)", LogKeys.run: "\(report.run)",
                    LogKeys.error: "\(error)",
                ])
        }
    }
}

/// How long is waited for what is out of reach, by the number of the attempt: 5 s, 10 s, … 10 min.
enum Patience {
    static func delay(attempt: Int) -> Duration {
        .seconds(min(5 << min(max(attempt - 1, 0), 10), 600))
    }
}

/// Runs what has to be finished although the task was cancelled.
func uncancelled<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
    // Awaited right here; a task of its own, so that the cancellation doesn't reach it.
    try await Task { try await body() }.value
}
