import SkepQueue

/// A JSON document whose members stay in the order they were written in.
indirect enum JSON: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case text(String)
    case list([JSON])
    case object([Member])

    struct Member: Sendable, Hashable {
        let key: String
        let value: JSON
    }

    static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
        .object(members.map { Member(key: $0.key, value: $0.value) })
    }

    // What the documents are made of. Optional: null.

    static func number(_ value: (some BinaryInteger)?) -> JSON {
        value.map { .integer(Int64(clamping: $0)) } ?? .null
    }
    static func id(_ value: (some NumericIdentifier)?) -> JSON {
        value.map { .integer($0.rawValue) } ?? .null
    }
    static func name(_ value: (some RawRepresentable<String>)?) -> JSON {
        value.map { .text($0.rawValue) } ?? .null
    }
    static func optional(_ value: String?) -> JSON { value.map { .text($0) } ?? .null }
    static func time(_ value: Timestamp?) -> JSON {
        value.map { .text(TimeText.rfc3339($0)) } ?? .null
    }

    /// Over several lines, two spaces a level; small lists and objects too, so that lines can be
    /// compared.
    func document() -> String {
        var text = ""
        write(to: &text, indent: 0)
        return text + "\n"
    }

    /// On one line, for streams.
    func line() -> String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .boolean(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        case .text(let string): Self.write(string, to: &text)
        case .list(let items):
            Self.write(items, "[", "]", to: &text, indent) { $0.write(to: &$1, indent: $2) }
        case .object(let members):
            Self.write(members, "{", "}", to: &text, indent) { member, text, indent in
                Self.write(member.key, to: &text)
                text += indent == nil ? ":" : ": "
                member.value.write(to: &text, indent: indent)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], _ open: String, _ close: String, to text: inout String, _ indent: Int?,
        _ body: (Item, inout String, Int?) -> Void
    ) {
        guard !items.isEmpty else { return text += open + close }
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: "  ", count: indent + 1) }
            body(item, &text, indent.map { $0 + 1 })
        }
        if let indent { text += "\n" + String(repeating: "  ", count: indent) }
        text += close
    }

    /// Everything that could do harm on a terminal is escaped, so a document may be looked at as it
    /// is.
    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where PlainText.isUnsafe(scalar):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
