extension JSONValue {
    /// Reads one document; `nil` when it isn't one: half of one, text that isn't UTF-8, a number that no
    /// `Double` holds, lists in lists deeper than 200.
    ///
    /// Of members with the same name the last one counts, as in JavaScript. Half of a surrogate pair,
    /// which programs that cut text by UTF-16 print, becomes U+FFFD.
    init?(decoding bytes: [UInt8]) {
        // Foundation's reader took half as long again (57 and 40 MB/s, Linux, recorded streams), and
        // hands out numbers whose kind has to be guessed.
        let value = bytes.withUnsafeBufferPointer { buffer -> JSONValue? in
            var reader = JSONReader(buffer)
            return reader.document()
        }
        guard let value else { return nil }
        self = value
    }

    init?(decoding text: String) { self.init(decoding: Array(text.utf8)) }
}

/// Reads JSON (RFC 8259) out of bytes that it doesn't keep.
private struct JSONReader {
    private static let deepest = 200

    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0
    private var depth = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func document() -> JSONValue? {
        skipSpace()
        guard let value = value() else { return nil }
        skipSpace()
        return place == bytes.count ? value : nil
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            place += 1
        }
    }

    /// True: the next byte was this one, and is passed.
    private mutating func pass(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        place += 1
        return true
    }

    private mutating func value() -> JSONValue? {
        switch next {
        case UInt8(ascii: "\""): string().map(JSONValue.text)
        case UInt8(ascii: "{"): nested { reader in reader.object() }
        case UInt8(ascii: "["): nested { reader in reader.list() }
        case UInt8(ascii: "t"): word("true", .bool(true))
        case UInt8(ascii: "f"): word("false", .bool(false))
        case UInt8(ascii: "n"): word("null", .null)
        default: number()
        }
    }

    private mutating func nested(_ read: (inout JSONReader) -> JSONValue?) -> JSONValue? {
        guard depth < Self.deepest else { return nil }
        depth += 1
        defer { depth -= 1 }
        place += 1
        return read(&self)
    }

    private mutating func object() -> JSONValue? {
        var members: [String: JSONValue] = [:]
        skipSpace()
        if pass("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\""), let name = string() else { return nil }
            skipSpace()
            guard pass(":") else { return nil }
            skipSpace()
            guard let value = value() else { return nil }
            members[name] = value
            skipSpace()
            if pass("}") { return .object(members) }
            guard pass(",") else { return nil }
        }
    }

    private mutating func list() -> JSONValue? {
        var elements: [JSONValue] = []
        skipSpace()
        if pass("]") { return .list(elements) }
        while true {
            skipSpace()
            guard let value = value() else { return nil }
            elements.append(value)
            skipSpace()
            if pass("]") { return .list(elements) }
            guard pass(",") else { return nil }
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) -> JSONValue? {
        let end = place + word.utf8CodeUnitCount
        guard end <= bytes.count else { return nil }
        let isThere = word.withUTF8Buffer { $0.elementsEqual(bytes[place..<end]) }
        place = end
        return isThere ? value : nil
    }

    private mutating func digits() -> Bool {
        let start = place
        while let byte = next, byte >= 0x30, byte <= 0x39 { place += 1 }
        return place > start
    }

    private mutating func number() -> JSONValue? {
        let start = place
        _ = pass("-")
        let first = next
        let afterFirst = place + 1
        guard digits(), first != UInt8(ascii: "0") || place == afterFirst else { return nil }
        var isWhole = true
        if pass(".") {
            isWhole = false
            guard digits() else { return nil }
        }
        if pass("e") || pass("E") {
            isWhole = false
            if !pass("+") { _ = pass("-") }
            guard digits() else { return nil }
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { return nil }
        return .number(value)
    }

    private mutating func string() -> String? {
        place += 1
        let start = place
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let text = String(validating: bytes[start..<place], as: UTF8.self)
                place += 1
                return text
            case UInt8(ascii: "\\"): return escaped(from: start)
            case ..<0x20: return nil
            default: place += 1
            }
        }
        return nil
    }

    /// The rest of a string that has escapes, the first of which is next.
    private mutating func escaped(from start: Int) -> String? {
        var text = Array(bytes[start..<place])
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"): guard escape(&text) else { return nil }
            case ..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape(_ text: inout [UInt8]) -> Bool {
        guard let byte = next else { return false }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = scalar() else { return false }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: return false
        }
        return true
    }

    /// What stands behind "\u", with its second half.
    private mutating func scalar() -> Unicode.Scalar? {
        guard let first = unit() else { return nil }
        if UTF16.isLeadSurrogate(first) {
            let afterFirst = place
            if pass("\\"), pass("u"), let second = unit(), UTF16.isTrailSurrogate(second) {
                return Unicode.Scalar(
                    0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
            }
            // What follows it is read for itself.
            place = afterFirst
        }
        return Unicode.Scalar(first) ?? "\u{FFFD}"
    }

    private mutating func unit() -> UInt16? {
        guard place + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue,
                bytes[place] < 0x80
            else { return nil }
            unit = unit << 4 | UInt16(digit)
            place += 1
        }
        return unit
    }
}
