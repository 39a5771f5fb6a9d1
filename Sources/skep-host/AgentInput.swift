import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The agent's standard input in a dialogue: what was said and it hasn't read yet.
struct AgentInput: ~Copyable {
    private let log: SessionLog
    private var pipe: Int32 = -1
    private var waiting: [ArraySlice<UInt8>] = []
    private var waitingBytes = 0
    private var isClosing = false
    /// What was taken so far.
    private(set) var takenBytes: Int64 = 0
    private var mailCount: Int64 = 0

    /// More isn't kept for an agent that doesn't read.
    private static let mostWaiting = Record.maxPayload

    init(_ log: SessionLog) { self.log = log }

    /// - Parameter pipe: The writing end, which doesn't block.
    mutating func begin(_ pipe: Int32) { self.pipe = pipe }

    private var isOpen: Bool { pipe >= 0 && !isClosing }

    /// Also when nothing waits: an agent that closes its end is heard of at once.
    var polled: [pollfd] {
        guard pipe >= 0 else { return [] }
        return [pollfd(fd: pipe, events: waiting.isEmpty ? 0 : Int16(POLLOUT), revents: 0)]
    }

    /// Takes what is to be said, if that is where input and mail stand. It is in the log before the
    /// agent gets any of it.
    mutating func say(_ bytes: [UInt8], at offset: Int64, closes: Bool, mail: Int64?) -> Bool {
        guard isOpen, offset == takenBytes, mailCount == mail ?? mailCount,
            waitingBytes + bytes.count <= Self.mostWaiting
        else { return false }
        var kept = bytes.withUnsafeBytes { log.clean($0, of: .input) }
        // A line that was taken is all there: what the log doesn't show would be said again.
        if closes || bytes.last == UInt8(ascii: "\n") { kept += log.rest(of: .input) }
        guard log.append(kept, to: .input) else { return false }
        takenBytes += Int64(bytes.count)
        if !bytes.isEmpty { waiting.append(bytes[...]) }
        waitingBytes += bytes.count
        isClosing = closes
        write()
        return true
    }

    /// Puts a person's message into the log, as long as there is a way to tell it.
    mutating func mail(_ text: [UInt8]) -> Bool {
        guard isOpen, text.count <= 1 << 20, log.mail(text) else { return false }
        mailCount += 1
        return true
    }

    /// Goes on writing; false when the descriptor isn't the agent's input.
    mutating func serve(_ entry: pollfd) -> Bool {
        guard entry.fd == pipe else { return false }
        if entry.revents & Int16(POLLERR | POLLNVAL) != 0 { end("broken") } else { write() }
        return true
    }

    /// The agent is gone, and nobody reads any more.
    mutating func finish() {
        if pipe >= 0 { close(pipe) }
        pipe = -1
        log.append(log.rest(of: .input), to: .input)
    }

    private mutating func write() {
        while let first = waiting.first {
            let put = first.withUnsafeBytes {
                #if canImport(Glibc)
                    Glibc.write(pipe, $0.baseAddress, $0.count)
                #else
                    Darwin.write(pipe, $0.baseAddress, $0.count)
                #endif
            }
            if put < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { end("broken") }
                return
            }
            waitingBytes -= put
            waiting[0].removeFirst(put)
            if waiting[0].isEmpty { waiting.removeFirst() }
        }
        if isClosing { end("closed") }
    }

    /// - Parameter how: Who ended it: `closed` by us, `broken` by the agent.
    private mutating func end(_ how: String) {
        close(pipe)
        pipe = -1
        waiting = []
        waitingBytes = 0
        var fields = Fields()
        fields.add("input", how)
        log.note(fields)
    }
}
