/// Keys with values, in order; a key may come more than once (arguments, environment).
///
/// Stored as, for each pair: length of the key (2 bytes), key, length of the value (4 bytes),
/// value; numbers are little endian. Values are bytes, since arguments and paths needn't be UTF-8;
/// whole numbers are stored as decimal text. Readers ignore keys that they don't know.
public struct Fields: Sendable, Hashable {
    public struct Pair: Sendable, Hashable {
        public let key: String
        public let value: [UInt8]

        public init(key: String, value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var pairs: [Pair] = []

    public init() {}

    public mutating func add(_ key: String, bytes: [UInt8]) {
        pairs.append(Pair(key: key, value: bytes))
    }

    /// Adds nothing when the value is `nil`.
    public mutating func add(_ key: String, _ value: String?) {
        guard let value else { return }
        add(key, bytes: Array(value.utf8))
    }

    /// Adds nothing when the value is `nil`.
    public mutating func add<Number: BinaryInteger>(_ key: String, _ value: Number?) {
        guard let value else { return }
        add(key, String(value))
    }

    public func bytes(_ key: String) -> [UInt8]? {
        pairs.first { $0.key == key }?.value
    }

    public func string(_ key: String) -> String? {
        bytes(key).map { String(decoding: $0, as: UTF8.self) }
    }

    public func strings(_ key: String) -> [String] {
        pairs.filter { $0.key == key }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    public func number<Number: FixedWidthInteger>(_ key: String, as type: Number.Type) -> Number? {
        string(key).flatMap { Number($0) }
    }

    public func requiredString(_ key: String) throws(WireError) -> String {
        guard let value = string(key) else { throw .missingField(key) }
        return value
    }

    public func requiredNumber<Number: FixedWidthInteger>(
        _ key: String, as type: Number.Type
    ) throws(WireError) -> Number {
        guard let value = number(key, as: type) else { throw .missingField(key) }
        return value
    }
}

extension Fields {
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for pair in pairs {
            bytes.append(littleEndian: UInt16(pair.key.utf8.count))
            bytes.append(contentsOf: pair.key.utf8)
            bytes.append(littleEndian: UInt32(pair.value.count))
            bytes.append(contentsOf: pair.value)
        }
        return bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) {
        var offset = 0
        func take(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
            guard count <= bytes.count - offset else { throw .damaged("fields") }
            defer { offset += count }
            return bytes[offset..<offset + count]
        }
        while offset < bytes.count {
            let keyLength = try Array(take(2)).littleEndian(UInt16.self, at: 0)
            let key = try String(decoding: take(Int(keyLength)), as: UTF8.self)
            let valueLength = try Array(take(4)).littleEndian(UInt32.self, at: 0)
            pairs.append(Pair(key: key, value: Array(try take(Int(valueLength)))))
        }
    }
}
