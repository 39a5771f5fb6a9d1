import SkepCore
import SkepQueue
import SkepWire

/// Reads a session's log in order, cut as a dialogue wants it.
struct LogReader: Sendable {
    enum Reading: Sendable {
        case entries([LogEntry])
        /// All that is there was read, and the session goes on.
        case quiet
        /// All was read, and there won't be more.
        case over
    }

    private let host: SessionHost
    private var spool: SpoolReader
    private var output: LineCutter
    private var said = LineCutter(.lines(longest: 16 << 20))
    private var isOver = false
    /// What was read of the agent's output on both streams, in bytes.
    private(set) var printed: Int64 = 0
    /// Whether the agent closed its output, and lived on.
    private(set) var outputHasEnded = false

    init(_ host: SessionHost, framing: Framing) {
        self.host = host
        spool = SpoolReader(files: host.files)
        output = LineCutter(framing)
    }

    /// Reads on, about a megabyte at a time.
    mutating func read() throws(AgentsError) -> Reading {
        if isOver { return .over }
        // Asked before reading: what was there when it had ended is all there is.
        let hasEnded = try host.state() != .alive
        let batch = try next()
        var entries: [LogEntry] = []
        for (chunk, _) in batch.chunks { take(chunk, into: &entries) }
        if batch.tail == .damaged || (hasEnded && batch.tail == .torn) {
            let place = "segment \(spool.position.segment), byte \(spool.position.offset)"
            let words =
                batch.tail == .torn
                ? "What it printed last wasn't kept whole (\(place))."
                : "Its log is damaged from here on (\(place))."
            entries.append(LogEntry(at: .now, kind: .note(words)))
            end(&entries)
        } else if hasEnded, batch.chunks.isEmpty {
            end(&entries)
        }
        if entries.isEmpty { return batch.chunks.isEmpty ? .quiet : .entries([]) }
        return .entries(entries)
    }

    private mutating func next() throws(AgentsError) -> SpoolReader.Batch {
        do throws(WireError) { return try spool.next() } catch {
            throw .sessionFiles(text: error.description)
        }
    }

    private mutating func end(_ entries: inout [LogEntry]) {
        isOver = true
        output.finish { entries.append(LogEntry(at: .now, kind: $0)) }
        entries.append(LogEntry(at: .now, kind: .over))
    }

    private mutating func take(_ chunk: Chunk, into entries: inout [LogEntry]) {
        func add(_ kind: LogEntry.Kind) { entries.append(LogEntry(at: chunk.at, kind: kind)) }
        if chunk.stream == .output || chunk.stream == .error { printed += Int64(chunk.bytes.count) }
        switch chunk.stream {
        case .output: output.take(chunk.bytes, add)
        case .error: add(.errorOutput(chunk.bytes))
        case .input:
            said.take(chunk.bytes) { kind in
                if case .output(let line) = kind { add(.said(line)) }
            }
        case .mail: add(.mail(String(decoding: chunk.bytes, as: UTF8.self)))
        case .note: add(note(chunk.bytes))
        }
    }

    private mutating func note(_ bytes: [UInt8]) -> LogEntry.Kind {
        guard let fields = try? Fields(decoding: bytes) else {
            return .note(String(decoding: bytes, as: UTF8.self))
        }
        if fields.string("input") != nil { return .inputEnded }
        if fields.string("output") != nil {
            outputHasEnded = true
            return .note("It closed its output, and lives on.")
        }
        if let word = fields.string("sandbox"), let level = SandboxLevel(rawValue: word) {
            return .sandbox(
                SandboxReport(
                    level: level, measures: fields.strings("measure"),
                    missing: fields.strings("missing")))
        }
        return .note(
            fields.pairs.map { "\($0.key): \(String(decoding: $0.value, as: UTF8.self))" }
                .joined(separator: ", "))
    }
}

/// Cuts bytes into lines, and keeps what isn't whole yet; never more of it than `longest`.
struct LineCutter: Sendable {
    private let framing: Framing
    private(set) var rest: [UInt8] = []
    /// Of the line that is being passed over, with what `rest` holds of it.
    private var overlong: Int64 = 0

    init(_ framing: Framing) { self.framing = framing }

    mutating func take(_ bytes: [UInt8], _ add: (LogEntry.Kind) -> Void) {
        guard case .lines(let longest) = framing else {
            add(.output(bytes))
            return
        }
        var left = bytes[...]
        while let end = left.firstIndex(of: UInt8(ascii: "\n")) {
            gather(left[..<end], longest)
            finishLine(add)
            left = left[(end + 1)...]
        }
        gather(left, longest)
    }

    /// The session is over: what is left is a line too.
    mutating func finish(_ add: (LogEntry.Kind) -> Void) {
        if !rest.isEmpty || overlong > 0 { finishLine(add) }
    }

    private mutating func gather(_ part: ArraySlice<UInt8>, _ longest: Int) {
        if overlong > 0 {
            overlong += Int64(part.count)
        } else if rest.count + part.count > longest {
            overlong = Int64(rest.count + part.count)
            // Enough to say what it was.
            rest = Array((rest + part.prefix(1024)).prefix(1024))
        } else {
            rest += part
        }
    }

    private mutating func finishLine(_ add: (LogEntry.Kind) -> Void) {
        if overlong > 0 {
            add(.overlong(rest, length: overlong))
        } else {
            if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
            add(.output(rest))
        }
        rest.removeAll(keepingCapacity: rest.capacity < 1 << 20)
        overlong = 0
    }
}
