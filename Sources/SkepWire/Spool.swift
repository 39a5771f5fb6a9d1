#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A piece of a session's log: something the agent printed, or was told.
///
/// Its payload: stream (1 byte), milliseconds since 1970 (8), uptime in milliseconds (8), then the
/// bytes as they were read; numbers are little endian. Chunks of a stream in order are what was
/// printed there; where one ends means nothing.
public struct Chunk: Sendable, Hashable {
    public enum Stream: UInt8, Sendable, Hashable {
        case output = 1
        case error = 2
        /// What was written to its standard input, in the order of its output as the host saw it.
        case input = 3
        /// What a person wants it to be told: one chunk a message. Whoever leads the session tells
        /// it in the agent's protocol; that stands as `input` then.
        case mail = 4
        /// The host's own words: fields (`Fields`), such as the sandbox in force.
        case note = 5
    }

    public let stream: Stream
    public let at: Moment
    public let bytes: [UInt8]

    public init(stream: Stream, at: Moment, bytes: [UInt8]) {
        self.stream = stream
        self.at = at
        self.bytes = bytes
    }

    static let headLength = 17

    init(decoding payload: [UInt8]) throws(WireError) {
        guard payload.count >= Self.headLength, let stream = Stream(rawValue: payload[0]) else {
            throw .damaged("chunk")
        }
        self.stream = stream
        at = Moment(
            wallMS: payload.littleEndian(Int64.self, at: 1),
            uptimeMS: payload.littleEndian(Int64.self, at: 9))
        bytes = Array(payload[Self.headLength...])
    }

    var record: Record {
        var payload: [UInt8] = []
        payload.reserveCapacity(Self.headLength + bytes.count)
        payload.append(stream.rawValue)
        payload.append(littleEndian: at.wallMS)
        payload.append(littleEndian: at.uptimeMS)
        payload.append(contentsOf: bytes)
        return Record(.chunk, payload)
    }
}

/// A place between two records of a spool.
public struct SpoolPosition: Sendable, Hashable, Comparable {
    /// The segment, from 1.
    public let segment: Int
    /// The offset in its file. At most `UInt32.max`.
    public let offset: Int

    public init(segment: Int, offset: Int) {
        self.segment = segment
        self.offset = offset
    }

    public static let start = SpoolPosition(segment: 1, offset: 0)

    /// One number that grows along the spool, to be kept elsewhere.
    public var number: Int64 { Int64(segment) << 32 | Int64(offset) }

    /// - Parameter number: 0, or less, is the start.
    public init(number: Int64) {
        guard number >= 1 << 32 else {
            self = .start
            return
        }
        self.init(segment: Int(number >> 32), offset: Int(number & 0xFFFF_FFFF))
    }

    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Appends what an agent prints to a session's segments. Used by its host only.
public struct SpoolWriter: ~Copyable {
    private let files: SessionFiles
    private let session: String
    private let segmentBytes: Int
    private var file: Int32
    /// Where the next record goes.
    public private(set) var position: SpoolPosition

    public init(
        files: SessionFiles, session: String, segmentBytes: Int
    ) throws(WireError) {
        self.files = files
        self.session = session
        self.segmentBytes = segmentBytes
        position = .start
        file = -1
        try begin(segment: 1)
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// Appends a chunk, and seals the segment when it is full. When it throws, what was appended
    /// before is whole, and nothing of this chunk is left behind.
    public mutating func append(_ chunk: Chunk) throws(WireError) {
        try append(chunk.record)
        guard position.offset >= segmentBytes else { return }
        try append(Record(.sealed, []))
        try finish()
        try begin(segment: position.segment + 1)
    }

    /// Makes all of it durable.
    public func finish() throws(WireError) {
        try Files.sync(file, path: files.segment(position.segment))
    }

    private mutating func begin(segment: Int) throws(WireError) {
        if file >= 0 { close(file) }
        let path = files.segment(segment)
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(operation: "create", path: path, errno: errno) }
        position = SpoolPosition(segment: segment, offset: 0)
        var fields = Fields()
        fields.add("session", session)
        fields.add("segment", segment)
        try append(WireFormat.header(.spool, adding: fields))
        try Files.syncFolder(files.folder.isEmpty ? "." : files.folder)
    }

    private mutating func append(_ record: Record) throws(WireError) {
        let bytes = record.encoded
        do throws(WireError) {
            try Files.write(bytes, to: file, path: files.segment(position.segment))
        } catch {
            ftruncate(file, off_t(position.offset))
            throw error
        }
        position = SpoolPosition(
            segment: position.segment, offset: position.offset + bytes.count)
    }
}

/// Reads a session's segments from any position, while they grow or afterwards.
public struct SpoolReader: Sendable {
    /// What was read in one go.
    public struct Batch: Sendable {
        /// Each chunk with the position behind it.
        public var chunks: [(chunk: Chunk, end: SpoolPosition)] = []
        /// Whether the spool ends in half a record, or one whose checksum doesn't fit. While the
        /// host lives, half a record is one being written.
        public var tail: Tail = .whole
    }

    public enum Tail: Sendable, Hashable {
        case whole, torn, damaged
    }

    private let files: SessionFiles
    /// Where the next batch begins.
    public private(set) var position: SpoolPosition

    public init(files: SessionFiles, from position: SpoolPosition = .start) {
        self.files = files
        self.position = position
    }

    /// Reads on to what is there now, in steps of about `limit` bytes.
    ///
    /// - Returns: No chunks when there is nothing new.
    /// - Throws: `WireError.unknownVersion`, or `.system` when a segment can't be read.
    public mutating func next(limit: Int = 1 << 20) throws(WireError) -> Batch {
        var batch = Batch()
        var budget = limit
        while budget > 0 {
            let before = position
            let path = files.segment(position.segment)
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                if errno == ENOENT { return batch }
                throw .system(operation: "open", path: path, errno: errno)
            }
            defer { close(file) }
            // A record may be longer than the budget: then take it whole.
            var bytes = try Files.read(file, from: position.offset, atMost: budget, path: path)
            if bytes.count >= Record.headLength {
                let need = Record.headLength + Int(bytes.littleEndian(UInt32.self, at: 0))
                if need > bytes.count, need <= Record.headLength + Record.maxPayload {
                    bytes = try Files.read(file, from: position.offset, atMost: need, path: path)
                }
            }
            let read = bytes.count
            try take(bytes, into: &batch, path: path, isWholeFile: read < budget)
            budget -=
                position.segment == before.segment
                ? position.offset - before.offset : max(1, read)
            guard position != before, batch.tail == .whole else { return batch }
        }
        return batch
    }

    private mutating func take(
        _ bytes: [UInt8], into batch: inout Batch, path: String, isWholeFile: Bool
    ) throws(WireError) {
        var reader = RecordReader(bytes)
        let start = position.offset
        if start == 0 {
            guard bytes.count >= Record.headLength else {
                batch.tail = bytes.isEmpty ? .whole : .torn
                return
            }
            do throws(WireError) {
                _ = try WireFormat.readHeader(.spool, from: &reader, path: path)
            } catch .damaged {
                var again = RecordReader(bytes)
                batch.tail = again.next() == .torn ? .torn : .damaged
                return
            }
            position = SpoolPosition(segment: position.segment, offset: reader.offset)
        }
        while true {
            switch reader.next() {
            case .record(let record):
                position = SpoolPosition(
                    segment: position.segment, offset: start + reader.offset)
                if record.kind == .sealed {
                    position = SpoolPosition(segment: position.segment + 1, offset: 0)
                    return
                }
                if record.kind == .chunk {
                    batch.chunks.append((try Chunk(decoding: record.payload), position))
                }
            case .end: return
            case .torn:
                if isWholeFile { batch.tail = .torn }
                return
            case .damaged:
                batch.tail = .damaged
                return
            }
        }
    }
}
