import SkepCore
import SkepWire

/// Tells an agent that is stuck from one that is starting, waiting or at work.
///
/// It goes by the log's own times, so that who adopts a session sees what its last worker saw.
struct StallWatch: Sendable {
    private enum Phase {
        case starting, working
        /// By itself, until then; whatever it says ends it.
        case waiting(untilMS: Int64)
    }

    private let startLimit: Duration?
    private let silence: Duration?
    private var phase = Phase.starting
    private var lastMS: Int64

    /// - Parameters:
    ///   - hasProtocol: Whether the agent speaks while it works.
    ///   - startedAt: By the host.
    init(_ limits: SessionLimits, hasProtocol: Bool, startedAt: Moment) {
        startLimit = limits.start ?? (hasProtocol ? .seconds(300) : limits.silence)
        silence = limits.silence
        lastMS = startedAt.uptimeMS
    }

    /// What the agent prints is a sign of life; what it is told isn't.
    mutating func take(_ entry: LogEntry) {
        switch entry.kind {
        case .output, .overlong, .errorOutput:
            lastMS = max(lastMS, entry.at.uptimeMS)
            phase = .working
        case .said:
            lastMS = max(lastMS, entry.at.uptimeMS)
        case .inputEnded, .mail, .sandbox, .note, .over: break
        }
    }

    mutating func take(_ event: SessionEvent.Kind) {
        guard case .waiting(let wait) = event else { return }
        let length = wait.length ?? .seconds(600)
        phase = .waiting(untilMS: lastMS + Int64(length / .milliseconds(1)))
    }

    /// Why it counts as stuck now; `nil` while it doesn't.
    func failure(at now: Moment) -> AgentFailure? {
        let (sinceMS, limit, words): (Int64, Duration?, String)
        switch phase {
        case .starting: (sinceMS, limit, words) = (lastMS, startLimit, "it never said a word")
        case .working: (sinceMS, limit, words) = (lastMS, silence, "it said nothing")
        case .waiting(let untilMS):
            (sinceMS, limit, words) = (
                untilMS, silence ?? .seconds(1200), "it waited, and then said nothing"
            )
        }
        guard let limit, now.uptimeMS - sinceMS >= Int64(limit / .milliseconds(1)) else {
            return nil
        }
        return AgentFailure(
            type: .stalled, message: "\(words) for \(Self.words(limit))",
            evidence: [
                FailureEvidence(
                    rule: "skep/silence", source: "log",
                    text: "last sign of life \((now.uptimeMS - lastMS) / 1000) s ago")
            ])
    }

    private static func words(_ length: Duration) -> String {
        let seconds = length.components.seconds
        return seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
