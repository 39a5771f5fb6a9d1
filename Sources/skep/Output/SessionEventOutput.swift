import SkepCore
import SkepQueue

extension SessionEvent {
    /// An event as docs/json-output.md lists it: on one line, the same members for each kind.
    func json(of session: SessionID) -> JSON {
        guard case .object(let own) = kind.json else { return .null }
        return .object(
            [
                JSON.Member(key: "session_id", value: .id(session)),
                JSON.Member(key: "at", value: .time(at)),
                JSON.Member(key: "kind", value: .text(kind.word)),
            ] + own)
    }
}

extension SessionEvent.Kind {
    var word: String {
        switch self {
        case .began: "began"
        case .told: "told"
        case .message: "message"
        case .reasoning: "reasoning"
        case .plan: "plan"
        case .tool: "tool"
        case .change: "change"
        case .permission: "permission"
        case .usage: "usage"
        case .waiting: "waiting"
        case .problem: "problem"
        case .question: "question"
        case .turnEnded: "turn_ended"
        case .sandbox: "sandbox"
        case .output: "output"
        case .errorOutput: "error_output"
        case .note: "note"
        }
    }

    /// What belongs to this kind.
    fileprivate var json: JSON {
        switch self {
        case .began(let start):
            .object([
                "vendor_session": .optional(start.vendorSession), "model": .optional(start.model),
                "version": .optional(start.version), "is_resumed": .boolean(start.isResumed),
            ])
        case .told(let text), .question(let text), .note(let text): .object(["text": .text(text)])
        case .message(let piece), .reasoning(let piece):
            .object([
                "id": .text(piece.id), "text": .text(piece.text),
                "is_partial": .boolean(piece.isPartial),
            ])
        case .plan(let entries):
            .object([
                "entries": .list(
                    entries.map {
                        .object(["text": .text($0.text), "status": .name($0.status)])
                    })
            ])
        case .tool(let call):
            .object([
                "id": .text(call.id), "title": .text(call.title), "purpose": .name(call.purpose),
                "input": .text(call.input), "output": .text(call.output),
                "status": .name(call.status), "duration_ms": .number(call.duration?.milliseconds),
            ])
        case .change(let change):
            .object(["path": .text(change.path), "change": .name(change.kind)])
        case .permission(let decision):
            .object([
                "subject": .text(decision.subject), "purpose": .name(decision.purpose),
                "answer": .name(decision.answer), "reason": .text(decision.reason),
            ])
        case .usage(let usage): usage.json
        case .waiting(let wait):
            .object([
                "type": .name(wait.type), "text": .text(wait.text),
                "duration_ms": .number(wait.length?.milliseconds),
            ])
        case .problem(let trouble):
            .object([
                "text": .text(trouble.text), "code": .optional(trouble.code),
                "is_fatal": .boolean(trouble.isFatal),
            ])
        case .turnEnded(let end): .object(["end": .name(end)])
        case .sandbox(let report): report.json
        case .output(let bytes), .errorOutput(let bytes):
            .object(["text": .text(String(decoding: bytes, as: UTF8.self))])
        }
    }
}

extension Usage {
    var json: JSON {
        .object([
            "input_tokens": .number(input), "cached_input_tokens": .number(cachedInput),
            "cache_write_tokens": .number(cacheWrites), "output_tokens": .number(output),
            "reasoning_tokens": .number(reasoning),
            "cost_microdollars": .number(cost?.microdollars),
        ])
    }

    /// "12,300 tokens in, 840 out, $0.42".
    var words: String {
        let money = cost.map { ", \($0)" } ?? ""
        return "\(Phrase.grouped(Int(input))) tokens in, \(Phrase.grouped(Int(output))) out"
            + money
    }
}

extension SandboxReport {
    var json: JSON {
        .object([
            "level": .name(level), "measures": .list(measures.map { .text($0) }),
            "missing": .list(missing.map { .text($0) }),
        ])
    }

    /// "workspace-write: landlock 7, seccomp; missing: cgroups".
    var text: String {
        missing.isEmpty ? words : "\(words); missing: \(missing.joined(separator: ", "))"
    }

    /// "workspace-write: landlock 7, seccomp".
    var words: String {
        measures.isEmpty ? level.rawValue : "\(level.rawValue): \(measures.joined(separator: ", "))"
    }
}

extension AgentFailure {
    var json: JSON {
        .object([
            "type": .name(type), "message": .text(message), "resets_at": .time(resetsAt),
            "remedy": .text(type.remedy.name),
            "evidence": .list(
                evidence.map {
                    .object([
                        "rule": .text($0.rule), "source": .text($0.source), "text": .text($0.text),
                    ])
                }),
        ])
    }
}

extension FailureType.Remedy {
    /// "park_account", as docs/json-output.md has it.
    var name: String {
        switch self {
        case .retry(resumes: true): "resume"
        case .retry(resumes: false): "retry"
        case .parkAccount: "park_account"
        case .wait: "wait"
        case .giveUp: "give_up"
        }
    }

    /// What happens to a run whose session ended so.
    var words: String {
        switch self {
        case .retry(resumes: true):
            "It is tried again, with its own session, until its step's \"failures\" are used up."
        case .retry(resumes: false):
            "It is tried again, from the beginning, until its step's \"failures\" are used up."
        case .parkAccount: "Its provider account waits, and all its jobs; nothing is counted."
        case .wait: "It waits, ever longer; nothing is counted."
        case .giveUp: "The run has failed: only a person can mend it."
        }
    }
}
