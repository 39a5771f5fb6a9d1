import SkepCore
import SkepQueue
import SkepTestSupport
import SkepWire
import Synchronization
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A small protocol of lines. It is told `task`, `mail`, `answer KEY TEXT` and `cancel`; it says
/// `ready`, `want KEY`, `ask TEXT`, `wait SECONDS`, `wrong TEXT`, and `done` at the end of each turn.
struct LineDialogue: Dialogue {
    /// What it does when no turn is open and no mail waits.
    enum Ending { case endsInput, stops }

    var ending = Ending.endsInput
    /// Says this in place of the task.
    var task = Array("task one\n".utf8)
    var errand: @Sendable (String) async -> String = { "for \($0)" }

    private var turns = 0
    private var ends = 0
    private var mail: [String] = []
    private var wanted: [String] = []
    private var inputHasEnded = false
    private var wasCancelled = false

    var framing: Framing { .lines(longest: 1 << 20) }
    var tellsTurnEnds: Bool { true }
    var cancel: [UInt8]? {
        turns > ends && !wasCancelled ? Array("cancel\n".utf8) : nil
    }

    init(
        ending: Ending = .endsInput,
        errand: @escaping @Sendable (String) async -> String = { "for \($0)" }
    ) {
        self.ending = ending
        self.errand = errand
    }

    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        switch entry.kind {
        case .output(let line): return take(Self.words(line))
        case .said(let line): return take(said: Self.words(line))
        case .mail(let text): mail.append(text)
        case .inputEnded: inputHasEnded = true
        case .overlong, .errorOutput, .sandbox, .note, .over: break
        }
        return []
    }

    private static func words(_ line: [UInt8]) -> (verb: String, rest: String) {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 1)
        return (String(words.first ?? ""), words.count > 1 ? String(words[1]) : "")
    }

    private mutating func take(_ line: (verb: String, rest: String)) -> [SessionEvent.Kind] {
        switch line.verb {
        case "ready": return [.began(SessionStart(vendorSession: "v"))]
        case "want":
            wanted.append(line.rest)
            return []
        case "ask": return [.question(line.rest)]
        case "wait":
            return [
                .waiting(
                    AgentWait(
                        type: .quota, text: "quota",
                        length: Double(line.rest).map { Duration.seconds($0) }))
            ]
        case "wrong": return [.problem(AgentTrouble(text: line.rest, isFatal: true))]
        case "done":
            ends += 1
            return [.turnEnded(.done)]
        default: return [.message(MessagePiece(id: line.verb, text: line.rest))]
        }
    }

    private mutating func take(said line: (verb: String, rest: String)) -> [SessionEvent.Kind] {
        switch line.verb {
        case "answer":
            wanted.removeAll { $0 == line.rest.split(separator: " ").first.map(String.init) }
            return []
        case "cancel":
            wasCancelled = true
            return []
        default:
            turns += 1
            if line.verb == "mail" { mail.removeFirst() }
            return [.told(line.rest)]
        }
    }

    var wishes: [Wish] {
        if inputHasEnded { return ending == .stops && ends == turns ? [.stop] : [] }
        if turns == 0 { return [.say(task)] }
        let answers = wanted.map { key in
            Wish.perform(key: key) { [errand] _ in
                Array("answer \(key) \(await errand(key))\n".utf8)
            }
        }
        if !answers.isEmpty || ends < turns { return answers }
        if let text = mail.first { return [.say(Array("mail \(text)\n".utf8))] }
        return ending == .stops ? [.stop] : [.endInput]
    }
}

struct LineAdapter: AgentAdapter {
    static let name = "lines"

    let script: String

    var program: String { "/bin/sh" }
    func launch(_ brief: Brief) -> Launch { Launch(arguments: ["-c", script], input: .dialogue) }
    func dialogue(_ brief: Brief?) -> any Dialogue { LineDialogue() }
}

/// A session of the small protocol, and leaders for it.
struct LeaderFixture {
    let stage: CommandFixture
    let host: SessionHost

    /// Wants three things done in its first turn.
    static let agent = """
        left=3
        echo ready
        while read -r verb rest; do
            echo "heard $verb $rest"
            case $verb in
            task) echo want a; echo want b; echo want c ;;
            answer) left=$((left - 1)); [ $left != 0 ] || echo done ;;
            *) echo done ;;
            esac
        done
        echo bye
        """

    init(grace: Duration = .seconds(2)) throws {
        stage = try CommandFixture(grace: grace)
        host = stage.house.sessionHost(SessionID(rawValue: 17))
    }

    func start(_ script: String = Self.agent, secrets: [String] = []) async throws {
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        try await host.start(
            LaunchRequest(
                session: "test-" + String(UInt64.random(in: 1 << 60 ... .max), radix: 16),
                program: "/bin/sh", arguments: ["sh", "-c", script],
                environment: ["PATH": "/usr/bin:/bin"], directory: stage.workspace.path,
                hasDialogue: true, secrets: secrets, limits: LaunchRequest.Limits(graceMS: 500)))
    }

    func leader(
        _ dialogue: any Dialogue = LineDialogue(), limits: SessionLimits = SessionLimits(),
        watch: @escaping @Sendable (SessionEvent) async -> Intervention? = { _ in nil },
        tick: @escaping @Sendable (Int64) async -> Intervention? = { _ in nil },
        clock: ForwardClock = ForwardClock()
    ) throws -> SessionLeader {
        let request = try #require(try host.request())
        let places = Brief.Places(
            workspace: stage.workspace.path, home: stage.workspace.homePath,
            output: stage.workspace.outputPath, promptFile: "", issueFile: "")
        let started = try HostRecord.read(from: host.files)?.startedAt
        return SessionLeader(
            host, dialogue, limits: limits, startedAt: started ?? .now,
            place: SessionWorkplace(
                places: places, house: stage.house, folder: host.folder, request: request,
                environment: [:]),
            watch: watch, tick: tick, now: { clock.now })
    }

    func result(_ outcome: SessionLeader.Outcome) throws -> SessionResult {
        try SessionResult(outcome, of: host, adapter: LineAdapter.name)
    }

    func chunks(_ stream: Chunk.Stream) throws -> String {
        var reader = SpoolReader(files: host.files)
        var bytes: [UInt8] = []
        while true {
            let batch = try reader.next()
            for (chunk, _) in batch.chunks where chunk.stream == stream { bytes += chunk.bytes }
            if batch.chunks.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        }
    }

    /// All that was said to it, in order; errands may be done in any.
    func said() throws -> [String] {
        try chunks(.input).split(separator: "\n").map(String.init)
    }

    func waitForOutput(_ text: String) async throws {
        try await eventually("\"\(text)\" is printed") { try chunks(.output).contains(text) }
    }

    func killHost() async throws {
        let process = try #require(try HostRecord.read(from: host.files)).process
        kill(process.pid, SIGKILL)
        try await eventually("the host is gone") { try host.state() != .alive }
    }
}

/// The machine's clock, which a test puts forward.
final class ForwardClock: Sendable {
    private let state = Mutex((aheadMS: Int64(0), readings: 0))

    var now: Moment {
        let now = Moment.now
        return state.withLock {
            $0.readings += 1
            return Moment(wallMS: now.wallMS + $0.aheadMS, uptimeMS: now.uptimeMS + $0.aheadMS)
        }
    }

    /// Until whoever goes by it has looked at it again.
    func putForward(_ length: Duration) async throws {
        let readings = state.withLock {
            $0.aheadMS += Int64(length / .milliseconds(1))
            return $0.readings
        }
        try await eventually("the clock is looked at") {
            state.withLock { $0.readings > readings }
        }
    }
}

/// What was counted, by whoever.
final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    var all: [String: Int] { counts.withLock { $0 } }
    @discardableResult
    func add(_ key: String = "") -> Int {
        counts.withLock {
            $0[key, default: 0] += 1
            return $0[key] ?? 0
        }
    }
}
