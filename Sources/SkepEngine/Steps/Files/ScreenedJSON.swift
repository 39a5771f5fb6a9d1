#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import SkepCore

extension SecretScreen {
    /// A JSON document without secrets, also where one was written with escapes. What isn't JSON is
    /// taken as text.
    func redacted(document bytes: [UInt8]) -> [UInt8] {
        guard !isEmpty else { return bytes }
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)),
            let document = try? JSONEncoder().encode(value.mapped(redacted))
        else { return redacted(bytes) }
        return Array(document)
    }
}

/// Any JSON document.
private indirect enum JSONValue: Codable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let flag): try container.encode(flag)
        case .integer(let integer): try container.encode(integer)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        case .object(let object): try container.encode(object)
        }
    }

    /// Keys keep what they are: nobody shows those that have no meaning.
    func mapped(_ change: (String) -> String) -> JSONValue {
        switch self {
        case .null, .flag, .integer, .number: self
        case .text(let text): .text(change(text))
        case .list(let list): .list(list.map { $0.mapped(change) })
        case .object(let object): .object(object.mapValues { $0.mapped(change) })
        }
    }
}
