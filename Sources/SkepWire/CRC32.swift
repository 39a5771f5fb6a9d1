/// The checksum of every record: CRC-32 as in zlib and PNG (polynomial 0xEDB88320, reflected).
///
/// Four bytes a step: a host's time goes into copying an agent's output, not into checking it.
public struct CRC32: Sendable {
    private var remainder: UInt32 = 0xFFFF_FFFF

    public init() {}

    public var value: UInt32 { ~remainder }

    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var crc = remainder
        var index = 0
        Self.tables.withUnsafeBufferPointer { table in
            while index + 4 <= bytes.count {
                crc ^= bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian
                crc =
                    table[768 + Int(crc & 0xFF)] ^ table[512 + Int((crc >> 8) & 0xFF)]
                    ^ table[256 + Int((crc >> 16) & 0xFF)] ^ table[Int(crc >> 24)]
                index += 4
            }
            while index < bytes.count {
                crc = table[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8)
                index += 1
            }
        }
        remainder = crc
    }

    public mutating func add(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { add($0) }
    }

    /// Table `k` (256 entries each) advances a byte that has `k` more bytes behind it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 1024)
        for entry in 0..<256 {
            var crc = UInt32(entry)
            for _ in 0..<8 {
                crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1
            }
            tables[entry] = crc
        }
        for entry in 0..<256 {
            for further in 1..<4 {
                let before = tables[(further - 1) * 256 + entry]
                tables[further * 256 + entry] = tables[Int(before & 0xFF)] ^ (before >> 8)
            }
        }
        return tables
    }()
}
