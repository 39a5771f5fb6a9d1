import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Moves what the agent prints into the spool, up to its limit; past it, or when the spool fails,
/// reads on and forgets, so that the agent isn't stuck while it ends.
struct OutputKeeper: ~Copyable {
    private var spool: SpoolWriter
    private let limit: Int64?
    private var outputPipe: Int32 = -1
    private var errorPipe: Int32 = -1
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private var restsUntilMS: Int64 = 0

    private(set) var outputBytes: Int64 = 0
    private(set) var errorBytes: Int64 = 0
    /// When something was printed last, by uptime; at first when the agent started.
    private(set) var lastAtMS = Moment.now.uptimeMS
    private(set) var isOverLimit = false
    /// Why nothing can be kept any more.
    private(set) var failure: Int32?

    /// After a read that left the pipe empty: at most 200 records a second and stream, or an agent
    /// that prints single bytes would fill the disk with records' heads.
    private static let restMS: Int64 = 5

    init(files: SessionFiles, request: LaunchRequest) throws {
        spool = try SpoolWriter(
            files: files, session: request.session, segmentBytes: request.segmentBytes)
        limit = request.limits.outputBytes
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

    /// How long to leave the pipes alone.
    func restMS(_ now: Moment) -> Int64 { max(0, restsUntilMS - now.uptimeMS) }

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

    /// Makes the spool durable; an errno when that failed.
    mutating func finish() -> Int32? {
        if failure == nil {
            do throws(WireError) { try spool.finish() } catch { failure = error.errno ?? EIO }
        }
        return failure
    }

    private mutating func readOnce(_ file: Int32) -> Bool {
        #if canImport(Glibc)
            let got = Glibc.read(file, buffer.baseAddress, buffer.count)
        #else
            let got = Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
        if got < 0 { return errno == EINTR }
        guard got > 0 else {
            close(file)
            if file == outputPipe { outputPipe = -1 } else { errorPipe = -1 }
            return false
        }
        let now = Moment.now
        lastAtMS = now.uptimeMS
        if got < buffer.count / 2 { restsUntilMS = now.uptimeMS + Self.restMS }
        keep(got, of: file == outputPipe ? .output : .error, at: now)
        return true
    }

    private mutating func keep(_ count: Int, of stream: Chunk.Stream, at now: Moment) {
        guard failure == nil, !isOverLimit else { return }
        let room = limit.map { max(0, $0 - outputBytes - errorBytes) } ?? .max
        isOverLimit = Int64(count) > room
        let kept = Int(min(Int64(count), room))
        guard kept > 0 else { return }
        let bytes = Array(UnsafeRawBufferPointer(rebasing: buffer[..<kept]))
        do throws(WireError) {
            try spool.append(Chunk(stream: stream, at: now, bytes: bytes))
        } catch {
            failure = error.errno ?? EIO
            return
        }
        if stream == .output { outputBytes += Int64(kept) } else { errorBytes += Int64(kept) }
    }
}
