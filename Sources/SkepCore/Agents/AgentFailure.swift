public import SkepQueue

/// Why a session didn't come to its own good end. The type decides what comes next.
public enum FailureType: String, Sendable, Hashable, CaseIterable, Codable {
    /// The provider doesn't know the key, or the login has run out.
    case authentication
    /// The account has used up what it may; there may be a time from which it has more.
    case quota
    /// Too many requests in too short a time.
    case rateLimit = "rate_limit"
    /// The provider has too much to do.
    case overload
    case network
    /// The conversation is too long for the model.
    case contextOverflow = "context_overflow"
    /// The agent's own session, which was to be gone on with, is no more.
    case sessionGone = "session_gone"
    /// The model or the provider refuses the task.
    case refused
    case missingProgram = "missing_program"
    /// The program doesn't understand what it is started with.
    case wrongVersion = "wrong_version"
    case startFailed = "start_failed"
    case crashed
    case outOfMemory = "out_of_memory"
    /// The machine has no room.
    case diskFull = "disk_full"
    /// It used more than it may, or filled a disk of its own, while the machine has room.
    case diskLimit = "disk_limit"
    case tooManyProcesses = "too_many_processes"
    case timedOut = "timed_out"
    /// It said nothing for too long while it should have been at work.
    case stalled
    case outputLimit = "output_limit"
    /// So many tokens, or so much money, and no more.
    case budget
    /// It went round in circles.
    case noProgress = "no_progress"
    case noChanges = "no_changes"
    /// It said what isn't in its protocol, or nothing where it must speak.
    case protocolViolation = "protocol_violation"
    /// It tried what it may not, and didn't let it be.
    case policyViolation = "policy_violation"
    /// The required sandbox can't be had here.
    case sandbox
    /// Commands that make the workspace ready failed.
    case setupFailed = "setup_failed"
    /// Somebody stopped it.
    case stopped
    /// Its host died with it.
    case lost
    /// It ended badly, and no rule knows why.
    case unknown
}

extension FailureType {
    /// What comes after a failure.
    public enum Remedy: Sendable, Hashable {
        /// Again with what is there; it counts as one of the step's `failures`.
        ///
        /// - Parameter resumes: Whether the agent's own session is gone on with.
        case retry(resumes: Bool)
        /// The whole account of the provider waits, until its reset time or ever longer; no failure
        /// is counted, and no slot is held.
        case parkAccount
        /// The job waits a while, ever longer; no failure is counted.
        case wait
        /// The run has failed: only a person can mend it.
        case giveUp
    }

    public var remedy: Remedy {
        switch self {
        case .quota, .authentication: .parkAccount
        case .rateLimit, .overload, .network, .diskFull: .wait
        case .crashed, .outOfMemory, .stalled, .lost, .stopped, .unknown, .tooManyProcesses:
            .retry(resumes: true)
        case .contextOverflow, .sessionGone, .protocolViolation, .timedOut, .outputLimit,
            .diskLimit,
            .noProgress:
            .retry(resumes: false)
        case .refused, .missingProgram, .wrongVersion, .startFailed, .budget, .noChanges,
            .policyViolation, .sandbox, .setupFailed:
            .giveUp
        }
    }

    /// The type as a person reads it: "out of quota".
    public var words: String {
        switch self {
        case .authentication: "not logged in"
        case .quota: "out of quota"
        case .rateLimit: "rate limited"
        case .overload: "provider overloaded"
        case .network: "network trouble"
        case .contextOverflow: "conversation too long"
        case .sessionGone: "its session is gone"
        case .refused: "refused"
        case .missingProgram: "program missing"
        case .wrongVersion: "wrong version of the program"
        case .startFailed: "couldn't be started"
        case .crashed: "crashed"
        case .outOfMemory: "killed for its memory"
        case .diskFull: "disk full"
        case .diskLimit: "out of disk space"
        case .tooManyProcesses: "too many processes"
        case .timedOut: "out of time"
        case .stalled: "stalled"
        case .outputLimit: "printed too much"
        case .budget: "budget used up"
        case .noProgress: "no progress"
        case .noChanges: "no changes"
        case .protocolViolation: "broke its protocol"
        case .policyViolation: "did what it may not"
        case .sandbox: "no sandbox"
        case .setupFailed: "set-up failed"
        case .stopped: "stopped"
        case .lost: "lost with its host"
        case .unknown: "failed"
        }
    }
}

/// A failure with what it was known by.
public struct AgentFailure: Sendable, Hashable, Codable {
    public var type: FailureType
    /// What happened, for people: one sentence, in the agent's words where it has some.
    public var message: String
    public var evidence: [FailureEvidence]
    /// From when on the account has quota again, where that was told.
    public var resetsAt: Timestamp?

    public init(
        type: FailureType, message: String, evidence: [FailureEvidence] = [],
        resetsAt: Timestamp? = nil
    ) {
        self.type = type
        self.message = message
        self.evidence = evidence
        self.resetsAt = resetsAt
    }

    /// "out of quota: You've hit your limit". Of a failure that no rule knows only what happened: that
    /// it failed stands before it.
    public var sentence: String {
        guard let detail else { return type.words }
        return type == .unknown ? detail : "\(type.words): \(detail)"
    }

    /// What the message says beyond the type's words; `nil`: nothing.
    public var detail: String? {
        let saysTheSame = ["", type.words, type.ending?.description].contains(message)
        return saysTheSame ? nil : message
    }
}

extension FailureType {
    /// The ending of a session that says no more than the type.
    fileprivate var ending: SessionResult.Ending? {
        switch self {
        case .timedOut: .timedOut
        case .stalled: .silent
        case .outputLimit: .outputLimit
        case .outOfMemory: .overLimit(.memory)
        case .diskLimit: .overLimit(.disk)
        case .tooManyProcesses: .overLimit(.processes)
        case .lost: .lost
        default: nil
        }
    }
}

/// The text that a rule matched.
public struct FailureEvidence: Sendable, Hashable, Codable {
    /// The rule's name and the version of the rules: "claude/usage-limit@3".
    public var rule: String
    /// Where it stood: "problem", "stderr", "exit".
    public var source: String
    /// At most 300 characters around the match.
    public var text: String

    public init(rule: String, source: String, text: String) {
        self.rule = rule
        self.source = source
        self.text = text
    }
}
