import SkepWire
import Testing

@Suite("CRC-32")
struct CRC32Tests {
    @Test("The check value of the standard comes out")
    func knowsTheCheckValue() {
        var crc = CRC32()
        crc.add(Array("123456789".utf8))

        #expect(crc.value == 0xCBF4_3926)
    }

    @Test("Parts give the same as the whole, wherever they are cut", arguments: 0...13)
    func addsUp(cut: Int) {
        let bytes: [UInt8] = (0..<13).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
        var whole = CRC32()
        whole.add(bytes)
        var parts = CRC32()
        parts.add(Array(bytes[..<cut]))
        parts.add(Array(bytes[cut...]))

        #expect(parts.value == whole.value)
    }
}
