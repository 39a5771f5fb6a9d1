import SkepCore
import SkepWire

/// The tools that were told to begin and not yet to have ended.
///
/// Ids are the agent's words: one that is unknown, or comes twice, is told all the same.
struct RunningTools: Sendable {
    /// An agent that begins ever more and ends none takes no memory.
    private static let most = 1000

    private var calls: [String: (call: ToolCall, since: Moment)] = [:]

    mutating func begin(_ call: ToolCall, at moment: Moment) -> ToolCall {
        if calls.count < Self.most || calls[call.id] != nil {
            calls[call.id] = (call, calls[call.id]?.since ?? moment)
        }
        return call
    }

    /// - Parameter change: Fills in what came of it.
    mutating func end(
        _ id: String, at moment: Moment, _ change: (inout ToolCall) -> Void
    ) -> ToolCall {
        let known = calls.removeValue(forKey: id)
        var call = known?.call ?? ToolCall(id: id, title: "tool")
        call.status = .completed
        if let since = known?.since {
            call.duration = .milliseconds(max(0, moment.wallMS - since.wallMS))
        }
        change(&call)
        return call
    }

    /// The session is over.
    mutating func abandon() -> [ToolCall] {
        defer { calls = [:] }
        return calls.values.sorted { ($0.since.wallMS, $0.call.id) < ($1.since.wallMS, $1.call.id) }
            .map {
                var call = $0.call
                call.status = .unfinished
                return call
            }
    }
}
