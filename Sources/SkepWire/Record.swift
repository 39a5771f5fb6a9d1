/// One record of a file or socket: a type, and bytes that a checksum vouches for.
///
///     offset  size
///          0     4   length of the payload, little endian
///          4     4   CRC-32 of the length, the type and the payload, little endian
///          8     1   type
///          9     …   payload
///
/// This framing is the same in every version of the format; what payloads mean is told by the
/// version in a file's first record (`WireFormat`).
public struct Record: Sendable, Hashable {
    /// What a record is. A reader passes over types it doesn't know: later versions may add some.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The first record of every file: the format's version and what the file is.
        public static let header = Kind(rawValue: 1)
        /// Keys and values: a launch request, a host record, an exit record, a control message.
        public static let fields = Kind(rawValue: 2)
        /// What an agent printed.
        public static let chunk = Kind(rawValue: 3)
        /// The last record of a spool segment after which another one begins.
        public static let sealed = Kind(rawValue: 4)
    }

    public let kind: Kind
    public let payload: [UInt8]

    public init(_ kind: Kind, _ payload: [UInt8]) {
        self.kind = kind
        self.payload = payload
    }

    /// Bytes in front of the payload.
    public static let headLength = 9
    /// The largest payload: 16 MiB. A longer one is damage, not data.
    public static let maxPayload = 16 << 20

    /// The record as it is stored.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headLength + payload.count)
        let length = UInt32(payload.count)
        bytes.append(littleEndian: length)
        bytes.append(littleEndian: Self.checksum(length: length, kind: kind, payload: payload[...]))
        bytes.append(kind.rawValue)
        bytes.append(contentsOf: payload)
        return bytes
    }

    static func checksum(length: UInt32, kind: Kind, payload: ArraySlice<UInt8>) -> UInt32 {
        var crc = CRC32()
        var head: [UInt8] = []
        head.append(littleEndian: length)
        head.append(kind.rawValue)
        crc.add(head)
        payload.withUnsafeBytes { crc.add($0) }
        return crc.value
    }
}

/// Takes records off the front of bytes that may still grow.
public struct RecordReader: Sendable {
    /// What was found at the reader's position.
    public enum Found: Sendable, Hashable {
        case record(Record)
        /// All bytes are read.
        case end
        /// A record begins and isn't whole: it is being written, or its writer died.
        case torn
        /// What stands here was never written as a record, or was changed since.
        case damaged
    }

    private let bytes: [UInt8]
    /// The offset behind the last record that was taken.
    public private(set) var offset: Int

    public init(_ bytes: [UInt8], offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Takes the next record. Its position doesn't move unless there is one.
    public mutating func next() -> Found {
        let left = bytes.count - offset
        guard left > 0 else { return .end }
        guard left >= Record.headLength else { return .torn }
        let length = bytes.littleEndian(UInt32.self, at: offset)
        guard length <= Record.maxPayload else { return .damaged }
        guard left - Record.headLength >= Int(length) else { return .torn }
        let kind = Record.Kind(rawValue: bytes[offset + 8])
        let start = offset + Record.headLength
        let payload = bytes[start..<start + Int(length)]
        let sum = Record.checksum(length: length, kind: kind, payload: payload)
        guard sum == bytes.littleEndian(UInt32.self, at: offset + 4) else { return .damaged }
        offset = start + Int(length)
        return .record(Record(kind, Array(payload)))
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    /// The number at an offset; the caller has checked that its bytes are there.
    func littleEndian<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
        withUnsafeBytes {
            Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
        }
    }
}
