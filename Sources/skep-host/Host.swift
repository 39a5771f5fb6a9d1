import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One session: the agent, its leash, and the files that tell of it.
///
/// A single loop waits for signals, commands and output. The current folder is the session's.
final class Host {
    private let files = SessionFiles("")
    private let request: LaunchRequest
    private let lock: Int32
    private let signals: Int32
    private let control: ControlServer
    private let exitFile: ExitFile
    private let log: SessionLog
    private var output: OutputKeeper
    private var input: AgentInput
    private var usage: UsageWatch
    private var agent = AgentProcess()
    private var startedAt = Moment.now
    private var ending: Ending?

    /// Takes the session: its lock, its files, its socket. Nothing runs yet.
    init(folder: String) throws {
        lock = try SessionLock.take(files, folder: folder)
        guard try ExitRecord.read(from: files) == nil else { throw HostError.ended(folder) }
        guard try HostRecord.read(from: files) == nil else { throw HostError.hadHost(folder) }
        guard let request = try LaunchRequest.read(from: files) else {
            throw HostError.noRequest(folder)
        }
        self.request = request
        try request.redacted.write(to: files)
        // Of one that died before its record was written, and so before there was an agent.
        unlink(files.segment(1))
        signals = skep_signal_pipe()
        guard signals >= 0 else {
            throw WireError.system(operation: "make", path: "signal pipe", errno: errno)
        }
        // Without Linux there is none: then only the agent's process group can be ended.
        _ = skep_become_subreaper()
        exitFile = try ExitFile(files)
        log = try SessionLog(files: files, request: request)
        output = OutputKeeper(log, limit: request.limits.outputBytes)
        input = AgentInput(log)
        usage = UsageWatch(request.limits)
        control = try ControlServer()
        guard let identity = ProcessIdentity(of: getpid()) else {
            throw WireError.system(operation: "look up", path: "own process", errno: ESRCH)
        }
        try HostRecord(process: identity, startedAt: .now).write(to: files)
    }

    /// Runs the agent to its end. False: its end couldn't be written down.
    func run() -> Bool {
        startedAt = .now
        var how: ExitRecord.How
        do throws(StartFailure) {
            let pipes = try agent.start(request)
            if let note = agent.sandboxNote { log.note(note) }
            output.begin(pipes)
            if let pipe = pipes.input { input.begin(pipe) }
            keep()
            how = ending?.reason ?? agent.ownEnd
        } catch {
            how = .startFailed(stage: error.stage, errno: error.errno)
        }
        let gone = agent.killAll { output.readAvailable() }
        output.readAvailable()
        output.finish()
        input.finish()
        log.finish()
        if let number = log.failure { how = .spoolFailed(errno: number) }
        let record = ExitRecord(
            how: how, startedAt: startedAt, endedAt: .now, outputBytes: output.outputBytes,
            errorBytes: output.errorBytes, peakMemoryBytes: agent.peakMemoryBytes,
            allProcessesGone: gone)
        control.close()
        return exitFile.commit(record)
    }

    /// Until the agent has ended by itself, or was asked to and its grace is over.
    private func keep() {
        while true {
            agent.reap()
            if agent.hasEnded && (ending == nil || agent.allGone) { return }
            let now = Moment.now
            enforceLimits(now)
            // Who is being ended closes it, too, and may take its time for that.
            if ending == nil { output.tellClosed(now) }
            if let signal = ending?.next(now) {
                if signal == SIGKILL { return }
                agent.signalAll(signal)
            }
            if log.hasGrown() { control.tellFollowers() }
            wait(from: now)
        }
    }

    private func enforceLimits(_ now: Moment) {
        guard ending == nil else { return }
        let limits = request.limits
        if let number = log.failure {
            end(.spoolFailed(errno: number), now)
        } else if output.isOverLimit {
            end(.outputLimit, now)
        } else if let wall = limits.wallMS, now.uptimeMS - startedAt.uptimeMS >= wall {
            end(.timedOut, now)
        } else if let silence = limits.silenceMS, now.uptimeMS - output.lastAtMS >= silence {
            end(.silent, now)
        } else if let resource = usage.excess(now) {
            end(.overLimit(resource), now)
        }
    }

    private func end(_ reason: ExitRecord.How, _ now: Moment, graceMS: Int64? = nil) {
        let grace = max(0, graceMS ?? request.limits.graceMS)
        if ending == nil {
            ending = Ending(reason, now, graceMS: grace)
        } else {
            ending?.shorten(now, graceMS: grace)
        }
    }

    /// When to look again though nothing happens; `nil` when there is no such time.
    private func nextDeadlineMS() -> Int64? {
        if let ending { return ending.nextAtMS }
        let limits = request.limits
        let wall = limits.wallMS.map { startedAt.uptimeMS + $0 }
        let silence = limits.silenceMS.map { output.lastAtMS + $0 }
        return [wall, silence, usage.dueAtMS, output.tellsClosedAtMS].compactMap { $0 }.min()
    }

    private func wait(from now: Moment) {
        var timeout: Int32 = -1
        if let deadline = nextDeadlineMS() {
            timeout = Int32(clamping: max(0, deadline - now.uptimeMS))
        }
        // While output rests, the pipes' buffers gather small writes into one record.
        let rest = output.restMS(now)
        if rest > 0 { timeout = timeout < 0 ? Int32(rest) : min(timeout, Int32(rest)) }

        var polled = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
        polled += control.polled
        polled += input.polled
        polled += agent.refusals?.polled ?? []
        if rest == 0 { polled += output.polled }
        guard poll(&polled, nfds_t(polled.count), timeout) > 0 else { return }
        for entry in polled where entry.revents != 0 {
            if entry.fd == signals {
                readSignals()
            } else if let endpoints = agent.refusals?.read(entry.fd) {
                endpoints.forEach(log.note(refused:))
            } else if !output.read(entry.fd), !input.serve(entry) {
                control.serve(entry.fd, answer)
            }
        }
    }

    private func readSignals() {
        var bytes = [UInt8](repeating: 0, count: 64)
        let got = read(signals, &bytes, bytes.count)
        guard got > 0 else { return }
        for signal in bytes[..<got] where [SIGTERM, SIGINT].contains(Int32(signal)) {
            // Who asks again has lost patience.
            if ending == nil { end(.stopped, .now) } else { ending?.skip(.now) }
        }
    }

    private func answer(_ question: ControlRequest) -> ControlReply {
        let now = Moment.now
        var isAccepted = true
        switch question {
        case .status, .follow: break
        case .stop(let graceMS): end(.stopped, now, graceMS: graceMS)
        case .say(let offset, let bytes, let closes, let mail):
            isAccepted = input.say(bytes, at: offset, closes: closes, mail: mail)
        // Nobody tells it any more when it is being stopped.
        case .mail(let text): isAccepted = ending == nil && input.mail(text)
        }
        return ControlReply(
            agent: agent.pid, isStopping: ending != nil, outputBytes: output.outputBytes,
            errorBytes: output.errorBytes, inputBytes: input.takenBytes, isAccepted: isAccepted,
            uptimeMS: now.uptimeMS)
    }
}
