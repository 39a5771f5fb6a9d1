import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Moves what the agent prints into the log, up to its limit; past it, or when the log fails,
/// reads on and forgets, so that the agent isn't stuck while it ends.
struct OutputKeeper: ~Copyable {
    private let log: SessionLog
    private let limit: Int64?
    private var outputPipe: Int32 = -1
    private var errorPipe: Int32 = -1
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private var rest = Rest()
    /// How long an agent may live on with its output closed before the log says so: who ends closes it
    /// as well.
    private static let farewellMS: Int64 = 5000
    /// When the log is to say so, by uptime; `nil`: its output is open, or that was said.
    private(set) var tellsClosedAtMS: Int64?

    private(set) var outputBytes: Int64 = 0
    private(set) var errorBytes: Int64 = 0
    /// When something was printed last, by uptime; at first when the agent started.
    private(set) var lastAtMS = Moment.now.uptimeMS
    private(set) var isOverLimit = false

    init(_ log: SessionLog, limit: Int64?) {
        self.log = log
        self.limit = limit
    }

    deinit { buffer.deallocate() }

    mutating func begin(_ pipes: AgentProcess.Pipes) {
        outputPipe = pipes.output
        errorPipe = pipes.error
        lastAtMS = Moment.now.uptimeMS
    }

    var polled: [pollfd] {
        [outputPipe, errorPipe].filter { $0 >= 0 }
            .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    /// Has the log say that the agent closed its output and lives on, once it is time.
    mutating func tellClosed(_ now: Moment) {
        guard let due = tellsClosedAtMS, now.uptimeMS >= due else { return }
        tellsClosedAtMS = nil
        var fields = Fields()
        fields.add("output", "closed")
        log.note(fields)
    }

    /// How long to leave the pipes alone.
    func restMS(_ now: Moment) -> Int64 { rest.leftMS(now) }

    /// Reads once; false when the descriptor is none of the agent's streams.
    mutating func read(_ file: Int32) -> Bool {
        guard file == outputPipe || file == errorPipe else { return false }
        _ = readOnce(file)
        return true
    }

    /// Reads both streams until they are empty for now.
    mutating func readAvailable() {
        for file in [outputPipe, errorPipe] where file >= 0 {
            while readOnce(file) {}
        }
    }

    /// Nothing more will come: keeps what was held back.
    mutating func finish() {
        for stream in [Chunk.Stream.output, .error] {
            keep(log.rest(of: stream), of: stream, at: .now)
        }
    }

    private mutating func readOnce(_ file: Int32) -> Bool {
        #if canImport(Glibc)
            let got = Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            let got = Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
        if got < 0 { return errno == EINTR }
        let stream = file == outputPipe ? Chunk.Stream.output : .error
        let now = Moment.now
        guard got > 0 else {
            close(file)
            keep(log.rest(of: stream), of: stream, at: now)
            if stream == .output {
                outputPipe = -1
                tellsClosedAtMS = now.uptimeMS + Self.farewellMS
            } else {
                errorPipe = -1
            }
            return false
        }
        lastAtMS = now.uptimeMS
        if got < buffer.count / 2 { rest.count(now) }
        guard log.failure == nil, !isOverLimit else { return true }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
        keep(log.clean(bytes, of: stream), of: stream, at: now)
        return true
    }

    private mutating func keep(_ bytes: [UInt8], of stream: Chunk.Stream, at now: Moment) {
        guard log.failure == nil, !isOverLimit else { return }
        let room = limit.map { max(0, $0 - outputBytes - errorBytes) } ?? .max
        isOverLimit = Int64(bytes.count) > room
        let kept = isOverLimit ? Array(bytes.prefix(Int(room))) : bytes
        guard !kept.isEmpty, log.append(kept, to: stream, at: now) else { return }
        if stream == .output {
            outputBytes += Int64(kept.count)
        } else {
            errorBytes += Int64(kept.count)
        }
    }
}

/// Has the pipes gather what an agent prints in single bytes, or records' heads would fill the disk:
/// at most 200 small reads a second, after some at once. Who speaks now and then is heard at once.
private struct Rest {
    private static let lengthMS: Int64 = 5
    private static let atOnce: Int64 = 32
    /// When the reads so far would have been made at 200 a second.
    private var paidUntilMS: Int64 = 0
    private var untilMS: Int64 = 0

    /// Counts a read that left the pipe empty.
    mutating func count(_ now: Moment) {
        paidUntilMS = max(paidUntilMS, now.uptimeMS - Self.atOnce * Self.lengthMS) + Self.lengthMS
        if paidUntilMS > now.uptimeMS { untilMS = now.uptimeMS + Self.lengthMS }
    }

    func leftMS(_ now: Moment) -> Int64 { max(0, untilMS - now.uptimeMS) }
}
