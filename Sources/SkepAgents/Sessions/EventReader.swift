public import SkepCore
import SkepQueue
import SkepWire

/// A session's log, read through a dialogue: what it tells, in order.
struct EventReader: Sendable {
    enum Reading: Sendable {
        case entries([(entry: LogEntry, events: [SessionEvent.Kind])])
        case quiet
        case over
    }

    private(set) var dialogue: any Dialogue
    private var log: LogReader
    /// What was read of the agent's output on both streams, in bytes.
    var printed: Int64 { log.printed }
    /// Whether the agent closed its output, and lived on.
    var outputHasEnded: Bool { log.outputHasEnded }

    init(_ host: SessionHost, _ dialogue: any Dialogue) {
        self.dialogue = dialogue
        log = LogReader(host, framing: dialogue.framing)
    }

    mutating func read() throws(AgentsError) -> Reading {
        switch try log.read() {
        case .quiet: return .quiet
        case .over: return .over
        case .entries(let entries): return .entries(entries.map { ($0, take($0)) })
        }
    }

    /// What is the same for all agents comes from here, the rest from the dialogue.
    private mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind] {
        let own = dialogue.take(entry)
        switch entry.kind {
        case .errorOutput(let bytes): return [.errorOutput(bytes)] + own
        case .sandbox(let report): return [.sandbox(report)] + own
        case .note(let text): return [.note(text)] + own
        case .output, .overlong, .said, .inputEnded, .mail, .over: return own
        }
    }
}

extension EventReader {
    /// All events as they come, until the session is over. Pulled, not pushed: a slow reader takes no
    /// memory, and nobody has a task to wait for.
    ///
    /// - Parameter waits: False: those that are there.
    static func events(
        of host: SessionHost, _ dialogue: any Dialogue, waits: Bool = true
    ) -> AsyncThrowingStream<SessionEvent, any Error> {
        let follower = EventFollower(host, dialogue, waits: waits)
        return AsyncThrowingStream { try await follower.next() }
    }
}

extension SessionHost {
    /// What its agent prints on both streams, as bytes, and what its host has to note.
    ///
    /// - Parameter waits: Whether it is followed to its end, and not to where it is now.
    public func output(waits: Bool) -> AsyncThrowingStream<SessionEvent, any Error> {
        EventReader.events(of: self, PlainText(), waits: waits)
    }
}

/// Follows a log while it grows.
private actor EventFollower {
    private let host: SessionHost
    private let waits: Bool
    private var reader: EventReader
    private var waiting: ArraySlice<SessionEvent> = []
    private var growth: AsyncStream<Void>?

    init(_ host: SessionHost, _ dialogue: any Dialogue, waits: Bool) {
        self.host = host
        self.waits = waits
        reader = EventReader(host, dialogue)
    }

    func next() async throws -> SessionEvent? {
        while true {
            if let event = waiting.popFirst() { return event }
            // Before reading: what grows from here on is told.
            if waits, growth == nil { growth = host.growth() }
            switch try reader.read() {
            case .over: return nil
            case .entries(let entries):
                waiting =
                    entries.flatMap { entry, events in
                        events.map { SessionEvent(at: Timestamp(entry.at), kind: $0) }
                    }[...]
            case .quiet:
                guard waits else { return nil }
                try Task.checkCancellation()
                var growth = growth?.makeAsyncIterator()
                if await growth?.next() == nil {
                    // The host is gone, or going; its record is there in a moment.
                    self.growth = nil
                    try await Task.sleep(for: SessionHost.pollInterval)
                }
            }
        }
    }
}
