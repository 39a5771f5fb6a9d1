import SkepCore
import SkepQueue
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An agent at work, seen through its session's folder.
struct HostedSession: AgentSession {
    let host: SessionHost
    let isAdopted: Bool

    var events: AsyncThrowingStream<SessionEvent, any Error> {
        let tail = SpoolTail(host)
        // Pulled, not pushed: a slow reader takes no memory, and nobody has a task to wait for.
        return AsyncThrowingStream { try await tail.next().map(SessionEvent.init) }
    }

    func result() async throws -> SessionResult {
        let state = try await host.waitUntilOver()
        guard case .ended(let record) = state else {
            let started = try wrapping { () throws(WireError) in
                try HostRecord.read(from: host.files)?.startedAt
            }
            let now = Moment.now
            return SessionResult(
                ending: .lost, startedAt: Timestamp(started ?? now), endedAt: Timestamp(now),
                outputBytes: 0, tail: try host.tail(limit: 4096))
        }
        return try SessionResult(record, of: host, tailBytes: 4096)
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
        case .stopped: self = .stopped
        case .startFailed(let stage, let number):
            self = .startFailed(Self.reason(stage, number, request))
        // It ran, but what it said is lost: no result to rely on.
        case .spoolFailed, .abandoned: self = .lost
        }
    }

    private static func reason(
        _ stage: StartStage, _ number: Int32, _ request: LaunchRequest?
    ) -> String {
        let words = describe(errno: number)
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
        case .session, .privileges, .parent: return "it can't be set apart: \(words)"
        }
    }
}

extension SessionEvent {
    init(_ entry: SpoolTail.Entry) {
        switch entry {
        case .chunk(let chunk, _):
            let kind: Kind =
                chunk.stream == .output ? .output(chunk.bytes) : .errorOutput(chunk.bytes)
            self.init(at: Timestamp(chunk.at), kind: kind)
        case .broken(let text):
            self.init(at: Timestamp(.now), kind: .note(text))
        }
    }
}

extension Timestamp {
    init(_ moment: Moment) { self.init(milliseconds: moment.wallMS) }
}
