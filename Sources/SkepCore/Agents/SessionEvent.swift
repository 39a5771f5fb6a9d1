public import SkepQueue

/// Something an agent said or did, whatever protocol it was told in.
///
/// Events are a function of the session's log: whoever reads the log again gets the same ones, in the
/// same order. What isn't understood becomes `output`; it is never an error.
public struct SessionEvent: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// It is ready to work.
        case began(SessionStart)
        /// What it was told: the prompt, an answer, a person's words.
        case told(String)
        /// Its words. Pieces of one message have the same `id`, in order.
        case message(MessagePiece)
        /// Its thoughts, as far as they are told.
        case reasoning(MessagePiece)
        /// Its plan, which replaces the one before.
        case plan([PlanEntry])
        /// A tool at work. Told again with the same `id`, it replaces what was told before.
        case tool(ToolCall)
        /// A file that it says it changed; what it did change is asked of the working tree.
        case change(FileChange)
        /// Something it asked leave for, and what was answered.
        case permission(PermissionDecision)
        /// What the session has used so far: the newest counts, they are not to be added up.
        case usage(Usage)
        /// It waits by itself, for a quota or an overloaded service.
        case waiting(AgentWait)
        /// Something went wrong, in its own words.
        case problem(AgentTrouble)
        /// It needs a person's answer to go on.
        case question(String)
        /// It has done what it was last told to, or given up; it may be told more.
        case turnEnded(TurnEnd)
        /// How it is confined.
        case sandbox(SandboxReport)
        /// Bytes that aren't in its protocol; a character may be split between two events.
        case output([UInt8])
        case errorOutput([UInt8])
        /// What its host or the reader of the log has to say.
        case note(String)
    }

    public let at: Timestamp
    public let kind: Kind

    public init(at: Timestamp, kind: Kind) {
        self.at = at
        self.kind = kind
    }
}

/// The beginning of a session, as far as the agent tells.
public struct SessionStart: Sendable, Hashable, Codable {
    /// What the agent's own program calls the session; with it the session can be resumed.
    public var vendorSession: String?
    public var model: String?
    /// The program's version.
    public var version: String?
    /// Whether it went on with an earlier session.
    public var isResumed: Bool

    public init(
        vendorSession: String? = nil, model: String? = nil, version: String? = nil,
        isResumed: Bool = false
    ) {
        self.vendorSession = vendorSession
        self.model = model
        self.version = version
        self.isResumed = isResumed
    }
}

public struct MessagePiece: Sendable, Hashable, Codable {
    /// Unlike any other message's of the session.
    public var id: String
    public var text: String
    /// Whether more pieces of it may come.
    public var isPartial: Bool

    public init(id: String, text: String, isPartial: Bool = false) {
        self.id = id
        self.text = text
        self.isPartial = isPartial
    }
}

public struct PlanEntry: Sendable, Hashable, Codable {
    public enum Status: String, Sendable, Hashable, Codable {
        case pending
        case inProgress = "in_progress"
        case completed
    }
    public var text: String
    public var status: Status

    public init(text: String, status: Status) {
        self.text = text
        self.status = status
    }
}

/// One use of a tool.
public struct ToolCall: Sendable, Hashable, Codable {
    public enum Status: String, Sendable, Hashable, Codable {
        case running, completed, failed
        /// The session ended first.
        case unfinished
    }
    /// What it does, in ACP's words.
    public enum Purpose: String, Sendable, Hashable, Codable {
        case read, edit, delete, move, search, execute, think, fetch, other
    }

    public var id: String
    /// The tool's name, or a sentence.
    public var title: String
    public var purpose: Purpose
    /// A command line, a path or JSON; at most 64 KiB, cut at the end.
    public var input: String
    /// At most 64 KiB, cut in the middle.
    public var output: String
    public var status: Status
    /// From when it was told to begin to when it was told to have ended.
    public var duration: Duration?

    public init(
        id: String, title: String, purpose: Purpose = .other, input: String = "",
        output: String = "", status: Status = .running, duration: Duration? = nil
    ) {
        self.id = id
        self.title = title
        self.purpose = purpose
        self.input = input
        self.output = output
        self.status = status
        self.duration = duration
    }
}

public struct FileChange: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable { case added, modified, deleted }
    /// As the agent named it.
    public var path: String
    public var kind: Kind

    public init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

public struct PermissionDecision: Sendable, Hashable, Codable {
    public enum Answer: String, Sendable, Hashable, Codable { case allowed, refused, cancelled }
    /// What for: a tool call's title, or a sentence.
    public var subject: String
    public var purpose: ToolCall.Purpose
    public var answer: Answer
    /// The rule that decided: "policy: edit", "the session was cancelled".
    public var reason: String

    public init(subject: String, purpose: ToolCall.Purpose, answer: Answer, reason: String) {
        self.subject = subject
        self.purpose = purpose
        self.answer = answer
        self.reason = reason
    }
}

/// An agent that waits by itself, and goes on by itself.
public struct AgentWait: Sendable, Hashable, Codable {
    public var type: FailureType
    /// In its words.
    public var text: String
    /// How long it says it will wait.
    public var length: Duration?

    public init(type: FailureType, text: String, length: Duration? = nil) {
        self.type = type
        self.text = text
        self.length = length
    }
}

/// Something that went wrong, as the agent told it. What type of failure it is, the rules say.
public struct AgentTrouble: Sendable, Hashable, Codable {
    public var text: String
    /// Its own code, such as "invalid_api_key", "-32000" or an HTTP status.
    public var code: String?
    /// Whether it ends the turn.
    public var isFatal: Bool

    public init(text: String, code: String? = nil, isFatal: Bool = false) {
        self.text = text
        self.code = code
        self.isFatal = isFatal
    }
}

/// Why a turn ended, in the agent's protocol.
public enum TurnEnd: String, Sendable, Hashable, Codable {
    case done
    /// The model or the program refused.
    case refused
    /// So many tokens or requests, and no more.
    case limit
    case cancelled
    case failed
}
