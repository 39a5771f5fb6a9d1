import SkepWire

/// A value of JSON, as agents' protocols carry it.
///
/// What comes from an agent is asked for safely: a step that isn't there is `nil`, as in
/// `line["message"]["content"][0]["text"].text`.
enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])
}

extension JSONValue {
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    subscript(index: Int) -> JSONValue? {
        guard case .list(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// A whole number, also when it is written as 2.0.
    var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var list: [JSONValue]? {
        guard case .list(let elements) = self else { return nil }
        return elements
    }

    var object: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    var isNull: Bool { self == .null }

    /// Whether a secret was taken out of it: it isn't what the agent said then, and nothing is to be
    /// done with it.
    var holdsMark: Bool {
        switch self {
        case .text(let text): text.contains(SecretFilter.mark)
        case .list(let elements): elements.contains(where: \.holdsMark)
        case .object(let members):
            members.contains { $0.key.contains(SecretFilter.mark) || $0.value.holdsMark }
        case .null, .bool, .integer, .number: false
        }
    }
}

/// The same of what may not be there, so that steps follow each other without "?".
extension JSONValue? {
    subscript(key: String) -> JSONValue? { self?[key] }
    subscript(index: Int) -> JSONValue? { self?[index] }
    var text: String? { self?.text }
    var bool: Bool? { self?.bool }
    var integer: Int64? { self?.integer }
    var number: Double? { self?.number }
    var list: [JSONValue]? { self?.list }
    var object: [String: JSONValue]? { self?.object }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}
