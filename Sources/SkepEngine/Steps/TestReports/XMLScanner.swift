/// Reads the elements of an XML file, and nothing else: text, comments and the like are passed
/// over.
///
/// Strict where leniency would be dangerous: no document type, so no entities but the five that
/// everybody has; every element is closed; nothing is nested deeper than anybody writes.
struct XMLScanner {
    enum Event: Equatable {
        case open(String, [String: String])
        case close(String)
    }

    private let bytes: [UInt8]
    private var place = 0
    private var names: [String] = []
    /// An element that was closed where it was opened.
    private var pendingClose: String?
    private var hasRoot = false

    private static let maxDepth = 100
    private static let maxAttributes = 100

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// The next element's beginning or end; `nil` at the end of the file.
    mutating func next() throws(DocumentError) -> Event? {
        if let name = pendingClose {
            pendingClose = nil
            names.removeLast()
            return .close(name)
        }
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "<") else {
                if names.isEmpty, !Self.isSpace(bytes[place]) { throw mistake("text is not XML") }
                place += 1
                continue
            }
            if skip("<!--") {
                try find("-->", "a comment")
            } else if skip("<![CDATA[") {
                guard !names.isEmpty else { throw mistake("text stands outside") }
                try find("]]>", "CDATA")
            } else if skip("<?") {
                try find("?>", "an instruction")
            } else if skip("<!") {
                throw mistake("it has a document type, which isn't read")
            } else if skip("</") {
                return try closing()
            } else {
                place += 1
                return try opening()
            }
        }
        guard names.isEmpty else { throw mistake("<\(names.last ?? "")> is never closed") }
        guard hasRoot else { throw mistake("it is empty") }
        return nil
    }

    private mutating func opening() throws(DocumentError) -> Event {
        guard !names.isEmpty || !hasRoot else { throw mistake("it has two roots") }
        let name = try name()
        var attributes: [String: String] = [:]
        while true {
            let hadSpace = skipSpace()
            guard let byte = peek else { throw mistake("<\(name) has no end") }
            if byte == UInt8(ascii: ">") || skip("/>") {
                if byte == UInt8(ascii: ">") { place += 1 } else { pendingClose = name }
                break
            }
            guard hadSpace, attributes.count < Self.maxAttributes else {
                throw mistake("<\(name) has wrong attributes")
            }
            let (key, value) = try attribute()
            guard attributes.updateValue(value, forKey: key) == nil else {
                throw mistake("\"\(key)\" stands twice in <\(name)")
            }
        }
        guard names.count < Self.maxDepth else { throw mistake("it is nested too deeply") }
        hasRoot = true
        names.append(name)
        return .open(name, attributes)
    }

    private mutating func closing() throws(DocumentError) -> Event {
        let name = try name()
        skipSpace()
        guard skip(">") else { throw mistake("</\(name) has no end") }
        guard names.last == name else { throw mistake("</\(name)> closes nothing") }
        names.removeLast()
        return .close(name)
    }

    private mutating func attribute() throws(DocumentError) -> (String, String) {
        let key = try name()
        skipSpace()
        guard skip("=") else { throw mistake("\"\(key)\" has no value") }
        skipSpace()
        guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw mistake("\"\(key)\" has no value")
        }
        place += 1
        guard let end = bytes[place...].firstIndex(of: quote) else {
            throw mistake("the value of \"\(key)\" has no end")
        }
        defer { place = end + 1 }
        guard !bytes[place..<end].contains(UInt8(ascii: "<")) else {
            throw mistake("the value of \"\(key)\" has a \"<\"")
        }
        return (key, try text(bytes[place..<end]))
    }

    /// Text with its entities resolved.
    private func text(_ raw: ArraySlice<UInt8>) throws(DocumentError) -> String {
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        var text = ""
        var rest = raw
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += String(decoding: rest[..<mark], as: UTF8.self)
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")),
                let scalar = Self.entity(String(decoding: rest[(mark + 1)..<end], as: UTF8.self))
            else { throw mistake("there is an unknown entity") }
            text.unicodeScalars.append(scalar)
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    private static func entity(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        case _ where name.hasPrefix("#x"): UInt32(name.dropFirst(2), radix: 16).flatMap(scalar)
        case _ where name.hasPrefix("#"): UInt32(name.dropFirst(1)).flatMap(scalar)
        default: nil
        }
    }

    private static func scalar(_ value: UInt32) -> Unicode.Scalar? {
        value == 0 ? nil : Unicode.Scalar(value)
    }

    private mutating func name() throws(DocumentError) -> String {
        let start = place
        while let byte = peek, Self.isName(byte) { place += 1 }
        guard place > start, place - start <= 200 else { throw mistake("a name is missing") }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: ":"), 0x80...0xFF:
            true
        default: false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = place
        while let byte = peek, Self.isSpace(byte) { place += 1 }
        return place > start
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        let isThere = text.withUTF8Buffer { bytes[place...].starts(with: $0) }
        if isThere { place += text.utf8CodeUnitCount }
        return isThere
    }

    private mutating func find(_ end: String, _ what: String) throws(DocumentError) {
        let end = Array(end.utf8)
        while place + end.count <= bytes.count {
            if bytes[place] == end[0], bytes[place...].starts(with: end) {
                place += end.count
                return
            }
            place += 1
        }
        throw mistake("\(what) has no end")
    }

    private func mistake(_ what: String) -> DocumentError {
        let line = bytes.prefix(place).count { $0 == UInt8(ascii: "\n") } + 1
        return DocumentError("line \(line): \(what)")
    }
}
