import SkepWire
import Testing

@Suite("Records")
struct RecordTests {
    private let records = [
        Record(.fields, Array("first".utf8)), Record(.chunk, []),
        Record(.chunk, (0..<200).map { UInt8($0) }),
    ]

    private var bytes: [UInt8] { records.flatMap(\.encoded) }

    private func read(_ bytes: [UInt8]) -> (records: [Record], last: RecordReader.Found) {
        var reader = RecordReader(bytes)
        var found: [Record] = []
        while true {
            switch reader.next() {
            case .record(let record): found.append(record)
            case let last: return (found, last)
            }
        }
    }

    @Test("What was written is read again")
    func readsBack() {
        let (found, last) = read(bytes)

        #expect(found == records)
        #expect(last == .end)
    }

    @Test("Wherever the end is cut off, whole records are read and the rest is seen to be torn")
    func noticesTornTail() {
        let ends = [0] + records.indices.map { records[...$0].map(\.encoded.count).reduce(0, +) }
        for length in 0...bytes.count {
            let (found, last) = read(Array(bytes[..<length]))
            let whole = ends.filter { $0 <= length }.count - 1

            #expect(found == Array(records[..<whole]))
            #expect(last == (ends.contains(length) ? .end : .torn))
        }
    }

    @Test("No flipped bit goes unnoticed")
    func noticesFlippedBits() {
        for position in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[position] ^= 1 << bit
                let (found, last) = read(changed)

                #expect(found != records || last != .end)
                #expect(zip(found, records).allSatisfy { $0 == $1 })
            }
        }
    }

    @Test("A length that nobody writes is damage, not a reason to wait")
    func refusesHugeLength() {
        let (_, last) = read([0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 1])

        #expect(last == .damaged)
    }

    @Test("Fields come back in order, with any bytes as values")
    func keepsFields() throws {
        var fields = Fields()
        fields.add("argument", "")
        fields.add("argument", "\u{1F41D} a=b\n")
        fields.add("bytes", bytes: [0, 255, 10])
        fields.add("number", Int64.min)
        fields.add("absent", nil as String?)

        let again = try Fields(decoding: fields.encoded)

        #expect(again == fields)
        #expect(again.strings("argument") == ["", "\u{1F41D} a=b\n"])
        #expect(again.number("number", as: Int64.self) == .min)
        #expect(again.string("absent") == nil)
    }

    @Test("Fields that are cut off are refused", arguments: 1..<11)
    func refusesCutFields(length: Int) {
        var fields = Fields()
        fields.add("key", "value")

        #expect(throws: WireError.damaged("fields")) {
            try Fields(decoding: Array(fields.encoded[..<length]))
        }
    }
}
