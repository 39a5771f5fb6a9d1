import SkepCore
import SkepQueue
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An agent at work, seen through its session's folder.
struct HostedSession<Adapter: AgentAdapter>: AgentSession {
    let agent: HostedAgent<Adapter>
    let host: SessionHost
    let isAdopted: Bool
    let leading: Task<SessionLeader.Outcome, any Error>

    var events: AsyncThrowingStream<SessionEvent, any Error> { agent.events(of: host) }

    func result() async throws -> SessionResult {
        let outcome = try await withTaskCancellationHandler {
            try await leading.value
        } onCancel: {
            leading.cancel()
        }
        return try SessionResult(outcome, of: host, adapter: Adapter.name)
    }
}

extension SessionResult {
    /// What a session came to, from what it said and how it ended.
    init(
        _ outcome: SessionLeader.Outcome, of host: SessionHost, adapter: String
    ) throws(AgentsError) {
        let facts: SessionResult
        var start: FailureType?
        if case .ended(let record) = try host.state() {
            facts = try SessionResult(record, of: host, tailBytes: 4096)
            start = FailureType(start: record.how)
        } else {
            let started = try host.hostRecord()?.startedAt
            let now = Moment.now
            facts = SessionResult(
                ending: .lost, startedAt: Timestamp(started ?? now), endedAt: Timestamp(now),
                outputBytes: 0, tail: try host.tail(limit: 4096))
        }
        let digest = outcome.digest
        let request = try host.request()
        let program = request?.program ?? ""
        // An agent that doesn't end by itself when it has done its work.
        let isThrough = facts.ending == .stopped && outcome.wasThrough
        let ending: Ending =
            switch (facts.ending, outcome.intervention?.type) {
            case (.stopped, .stalled): .silent
            case (.stopped, .timedOut): .timedOut
            default: facts.ending
            }
        func judge(_ ending: Ending) -> AgentFailure? {
            FailureRules.judge(
                ending: ending, troubles: digest.troubles, turnEnd: digest.turnEnd,
                errorOutput: String(decoding: digest.errorOutput, as: UTF8.self),
                tail: facts.tail, lastMessage: digest.lastMessage, isCounted: digest.isTurnCounted,
                start: start, adapter: adapter, program: program,
                now: facts.endedAt)
        }
        // One that ended well by itself has done its work, whatever it was to be ended for.
        let isOwnEnd = facts.ending == .exited(code: 0) && digest.turnEnd != .cancelled
        let intervention = isOwnEnd ? nil : outcome.intervention
        var failure = intervention ?? judge(isThrough ? .exited(code: 0) : ending)
        if failure == nil, outcome.isInTurn {
            failure = judge(ending) ?? .endedInTurn(digest, tail: facts.tail)
        }
        // How it ended, and no more.
        if failure?.message == "\(ending)", let limit = request?.limits.words(of: ending) {
            failure?.message = limit
        }
        if digest.question != nil { failure = nil }
        self.init(
            ending: isThrough && failure == nil ? .exited(code: 0) : ending,
            startedAt: facts.startedAt, endedAt: facts.endedAt,
            outputBytes: facts.ending == .lost ? outcome.printed : facts.outputBytes,
            tail: facts.tail, failure: failure,
            usage: digest.usage, start: digest.start, lastMessage: digest.lastMessage,
            sandbox: digest.sandbox, question: digest.question)
    }
}

extension AgentFailure {
    fileprivate static func endedInTurn(_ digest: SessionDigest, tail: String) -> AgentFailure {
        let last =
            FailureRules.lastLine(String(decoding: digest.errorOutput, as: UTF8.self))
            ?? FailureRules.lastLine(tail)
        return AgentFailure(
            type: .protocolViolation,
            message: digest.start == nil && digest.lastMessage.isEmpty
                ? "it ended before it answered" + (last.map { ": \($0)" } ?? "")
                : "it ended without a word on how its turn ended",
            evidence: [
                FailureEvidence(rule: "skep/turn", source: "log", text: "no end of the last turn")
            ])
    }
}

extension SessionResult {
    init(_ record: ExitRecord, of host: SessionHost, tailBytes: Int) throws(AgentsError) {
        let request = try host.request()
        self.init(
            ending: Ending(record.how, request: request), startedAt: Timestamp(record.startedAt),
            endedAt: Timestamp(record.endedAt),
            outputBytes: record.outputBytes + record.errorBytes,
            tail: try host.tail(limit: tailBytes))
    }
}

extension SessionResult.Ending {
    init(_ how: ExitRecord.How, request: LaunchRequest?) {
        switch how {
        case .exited(let code): self = .exited(code: Int(code))
        case .signalled(let number): self = .signalled(Int(number))
        case .timedOut: self = .timedOut
        case .outputLimit: self = .outputLimit
        case .silent: self = .silent
        case .overLimit(let resource): self = .overLimit(SessionResult.Resource(resource))
        case .stopped: self = .stopped
        case .spoolFailed where how.lacksRoom: self = .stopped
        case .startFailed(let stage, let number):
            self = .startFailed(Self.reason(stage, number, request))
        // It ran, but what it said is lost: no result to rely on.
        case .spoolFailed, .abandoned: self = .lost
        }
    }

    private static func reason(
        _ stage: StartStage, _ number: Int32, _ request: LaunchRequest?
    ) -> String {
        let words = stage.reason(errno: number)
        let program = request?.program ?? ""
        switch stage {
        case .execute where number == ENOENT && FileStatus.exists(program):
            return "\"\(program)\" names an interpreter that isn't there"
        case .execute: return "\"\(program)\" can't be executed: \(words)"
        case .directory:
            return "its folder \"\(request?.directory ?? "")\" can't be entered: \(words)"
        case .user:
            return "it can't become user \(request?.user.map { String($0.uid) } ?? "?"): \(words)"
        case .limits: return "its limits can't be set: \(words)"
        case .input: return "its input \"\(request?.input ?? "")\" can't be read: \(words)"
        case .fork: return "there can be no further process: \(words)"
        case .pipe, .streams: return "its streams can't be made: \(words)"
        case .sandbox:
            return "this machine doesn't offer all of its sandbox (\(words)); \"skep check\" says "
                + "what is missing"
        case .session, .privileges, .parent: return "it can't be set apart: \(words)"
        case .namespaces, .mounts, .network, .capabilities, .landlock, .seccomp:
            return "its sandbox can't be had (\(stage)): \(words)"
        }
    }
}

extension SessionResult.Resource {
    init(_ resource: ExitRecord.Resource) {
        switch resource {
        case .memory: self = .memory
        case .processorTime: self = .processorTime
        case .disk: self = .disk
        case .processes: self = .processes
        }
    }
}

extension Timestamp {
    init(_ moment: Moment) { self.init(milliseconds: moment.wallMS) }
}
