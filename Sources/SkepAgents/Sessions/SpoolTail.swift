import SkepCore
import SkepQueue
public import SkepWire

/// Follows a session's spool while it grows, one chunk at a time, and ends when the session has.
public actor SpoolTail {
    private let host: SessionHost
    private var reader: SpoolReader
    private var waiting: ArraySlice<(chunk: Chunk, end: SpoolPosition)> = []
    private var note: String?
    private var isOver = false
    private var growth: AsyncStream<Void>?

    public init(_ host: SessionHost, from position: SpoolPosition = .start) {
        self.host = host
        reader = SpoolReader(files: host.files, from: position)
    }

    /// Something the spool holds, or has to say of itself.
    public enum Entry: Sendable, Hashable {
        /// A chunk and the position behind it.
        case chunk(Chunk, end: SpoolPosition)
        /// The spool stops before its end.
        case broken(String)
    }

    /// The next entry, waited for; `nil` at the end.
    ///
    /// - Throws: `CancellationError`, and `AgentsError` when the files can't be read.
    public func next() async throws -> Entry? {
        while true {
            if let (chunk, end) = waiting.popFirst() { return .chunk(chunk, end: end) }
            // Before reading: what grows from here on is told.
            if growth == nil { growth = host.growth() }
            if isOver {
                defer { note = nil }
                return note.map { .broken($0) }
            }
            // Asked before reading: what was there when it had ended is all there is.
            let ended = try host.state() != .alive
            let batch = try wrapping { () throws(WireError) in try reader.next() }
            waiting = batch.chunks[...]
            if batch.tail == .damaged || (ended && batch.tail == .torn) {
                isOver = true
                note = Self.note(batch.tail, at: reader.position)
            } else if waiting.isEmpty {
                isOver = ended
                if !ended { try await waitForMore() }
            }
        }
    }

    private func waitForMore() async throws {
        try Task.checkCancellation()
        var more = growth?.makeAsyncIterator()
        if await more?.next() == nil {
            // The host is gone, or going.
            growth = nil
            try await Task.sleep(for: SessionHost.pollInterval)
        }
    }

    private static func note(_ tail: SpoolReader.Tail, at position: SpoolPosition) -> String {
        let place = "segment \(position.segment), byte \(position.offset)"
        return tail == .torn
            ? "What it printed last wasn't kept whole (\(place))."
            : "What it printed is damaged from here on (\(place))."
    }
}

extension SessionHost {
    /// The end of what was printed on both streams, as text, in the order it came.
    ///
    /// - Parameter limit: In bytes.
    func tail(limit: Int) throws(AgentsError) -> String {
        var last = 1
        while FileStatus.exists(files.segment(last + 1)) { last += 1 }
        var bytes: [UInt8] = []
        for segment in stride(from: last, through: 1, by: -1) where bytes.count < limit {
            var reader = SpoolReader(
                files: files, from: SpoolPosition(segment: segment, offset: 0))
            var found: [UInt8] = []
            while reader.position.segment == segment {
                let batch = try wrapping { () throws(WireError) in try reader.next() }
                for (chunk, end) in batch.chunks where end.segment == segment {
                    if chunk.stream == .output || chunk.stream == .error { found += chunk.bytes }
                }
                found = Array(found.suffix(limit))
                if batch.chunks.isEmpty || batch.tail != .whole { break }
            }
            bytes = found + bytes
        }
        return Self.text(bytes, limit: limit)
    }

    /// Bytes as text; a character that is cut at the front is left out.
    static func text(_ bytes: [UInt8], limit: Int) -> String {
        let tail = bytes.suffix(limit)
        let cut = tail.count < bytes.count
        let start = cut ? tail.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count : 0
        return String(decoding: tail.dropFirst(start), as: UTF8.self)
    }
}
