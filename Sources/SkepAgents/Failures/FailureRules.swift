import Foundation
import SkepCore
import SkepQueue

/// Tells why a session didn't come to its own good end.
///
/// How it ended decides first, where that says it all; then what the agent said, by the rules of the
/// table. They look only at what an agent says of its provider and its program: at the troubles that it
/// tells in its protocol, at its error output, and, for programs without a protocol, at the end of
/// what they print. Never at files and tools' output that pass through a protocol.
enum FailureRules {
    /// Adapters of programs whose output is their words.
    static let plain: Set<String> = ["command"]

    /// - Parameters:
    ///   - troubles: Those that the agent told, the oldest first.
    ///   - turnEnd: How its last turn ended; `nil`: it told none.
    ///   - tail: The end of what it printed.
    ///   - lastMessage: What it said last in its protocol.
    ///   - isCounted: Whether its last turn told what it used. Programs that hide a refusal tell that
    ///     of turns that went well only.
    ///   - start: What kept it from starting, by the stage that failed, or from going on.
    ///   - now: When it ended: relative reset times count from there.
    ///   - zone: Of reset times that are told without one.
    /// - Returns: `nil` only when the session came to its own good end.
    static func judge(
        ending: SessionResult.Ending, troubles: [AgentTrouble], turnEnd: TurnEnd?,
        errorOutput: String, tail: String, lastMessage: String = "", isCounted: Bool = false,
        start: FailureType? = nil,
        adapter: String, program: String = "",
        now: Timestamp, zone: TimeZone = .current
    ) -> AgentFailure? {
        let saying = Saying(
            troubles: troubles, errorOutput: errorOutput,
            // A report of several lines tells of the task, not of the provider.
            printed: plain.contains(adapter)
                ? tail : lastMessage.contains(where: \.isNewline) ? "" : lastMessage,
            adapter: adapter, program: program)
        func known(_ match: Saying.Match?) -> AgentFailure? {
            match.map { failure($0, now, zone) }
        }

        switch ending {
        case .exited(code: 0):
            if let fatal = troubles.last(where: \.isFatal) {
                return known(saying.match(fatal)) ?? unknown(fatal)
            }
            // Some end a turn well whose last word is that their provider wants nothing of them.
            guard let turnEnd, turnEnd != .done else {
                return isCounted ? nil : known(saying.lastWord)
            }
            return failure(turnEnd, known(saying.newestTrouble))
        case .exited(let code):
            if let match = known(saying.newest) { return match }
            if let trouble = troubles.last(where: \.isFatal) ?? troubles.last {
                return unknown(trouble)
            }
            if code == 126 || code == 127 {
                return fixed(
                    .missingProgram, ending,
                    missing(errorOutput) ?? missing(tail) ?? "a program that it needs isn't there")
            }
            return fixed(.unknown, ending, lastLine(errorOutput) ?? lastLine(tail))
        case .signalled:
            return known(saying.newest) ?? fixed(.crashed, ending)
        case .silent:
            // Waiting for its provider it is silent, too.
            return known(saying.newestTrouble) ?? fixed(.stalled, ending)
        case .timedOut: return fixed(.timedOut, ending)
        case .outputLimit: return fixed(.outputLimit, ending)
        case .overLimit(.memory): return fixed(.outOfMemory, ending)
        case .overLimit(.processorTime): return fixed(.timedOut, ending)
        case .overLimit(.disk): return fixed(.diskLimit, ending)
        case .overLimit(.processes): return fixed(.tooManyProcesses, ending)
        case .stopped where start == .diskFull:
            return fixed(.diskFull, ending, "there was no room for its log")
        case .stopped: return fixed(.stopped, ending)
        case .startFailed: return fixed(start ?? .startFailed, ending)
        case .lost: return fixed(.lost, ending)
        }
    }

    private static func failure(_ end: TurnEnd, _ known: AgentFailure?) -> AgentFailure? {
        func told(_ type: FailureType, _ message: String) -> AgentFailure {
            AgentFailure(
                type: type, message: message,
                evidence: [evidence("turn/\(end.rawValue)", "protocol", end.rawValue)])
        }
        return switch end {
        case .done: nil
        case .refused: known ?? told(.refused, "the agent refused the task")
        case .limit: known ?? told(.contextOverflow, "the turn reached the agent's own limit")
        case .cancelled: told(.stopped, "the turn was cancelled")
        case .failed: known ?? told(.unknown, "the turn failed")
        }
    }

    private static func failure(_ match: Saying.Match, _ now: Timestamp, _ zone: TimeZone)
        -> AgentFailure
    {
        let canReset = [.quota, .rateLimit, .overload].contains(match.rule.type)
        // A code is for whoever looks for the rule; the sentence has the type's words.
        let coded = [match.code, match.text].compactMap(\.self).filter { !$0.isEmpty }
            .joined(separator: ": ")
        return AgentFailure(
            type: match.rule.type, message: cut(match.text.isEmpty ? coded : match.text),
            evidence: [evidence(match.rule.id, match.place.rawValue, coded)],
            resetsAt: canReset ? ResetTime(now: now, zone: zone).find(in: match.text) : nil)
    }

    private static func unknown(_ trouble: AgentTrouble) -> AgentFailure {
        AgentFailure(
            type: .unknown, message: cut(trouble.text),
            evidence: [evidence("any/fatal", FailureRule.Place.problem.rawValue, trouble.text)])
    }

    private static func fixed(
        _ type: FailureType, _ ending: SessionResult.Ending, _ more: String? = nil
    ) -> AgentFailure {
        AgentFailure(
            type: type, message: "\(ending)" + (more.map { ": \(cut($0))" } ?? ""),
            evidence: [evidence("ending/\(type.rawValue)", "exit", "\(ending)")])
    }

    private static func evidence(_ rule: String, _ source: String, _ text: String)
        -> FailureEvidence
    {
        FailureEvidence(rule: "\(rule)@\(version)", source: source, text: cut(text))
    }

    /// The last line that names what isn't there: "sh: 1: claude: not found".
    private static func missing(_ text: String) -> String? {
        text.split(whereSeparator: \.isNewline).last { line in
            ["not found", "No such file", "ermission denied"].contains { line.contains($0) }
        }.map(String.init)
    }

    /// At most 300 characters of it.
    static func lastLine(_ text: String) -> String? {
        text.split(whereSeparator: \.isNewline).last { $0.contains { !$0.isWhitespace } }
            .map { cut(String($0)) }
    }

    private static func cut(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 300 ? line.prefix(299) + "…" : line
    }
}
