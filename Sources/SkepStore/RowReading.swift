internal import Foundation
internal import GRDB
internal import SkepCore
internal import SkepQueue

extension Row {
    /// The issue or pull request that two columns name.
    ///
    /// - Throws: `DatabaseError` when they name none.
    func reference(_ repository: String = "repository", _ number: String = "issue_number") throws
        -> IssueReference
    {
        guard let name = RepositoryName(self[repository]) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT,
                message: "\"\(self[repository] as String)\" is no repository")
        }
        return IssueReference(repository: name, number: self[number])
    }

    func time(_ column: String) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(milliseconds:))
    }

    /// An address; `nil` where what was done has none.
    func address(_ column: String) -> String? {
        (self[column] as String?).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A value whose words a CHECK has seen to.
    func word<Word: RawRepresentable>(_ column: String, as _: Word.Type = Word.self) throws
        -> Word where Word.RawValue == String
    {
        guard let word = Word(rawValue: self[column]) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT,
                message: "\"\(self[column] as String)\" in \(column) is unknown")
        }
        return word
    }

    func json<Value: Decodable>(_ column: String, as type: Value.Type = Value.self) throws -> Value
    {
        try JSONColumn.read(type, from: self[column])
    }
}

/// Values whose parts no query asks for, kept as JSON: the same value is the same text.
enum JSONColumn {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func read<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "can't read a \(type): \(error)")
        }
    }
}

/// Text on one line, at most so many characters.
func oneLine(_ text: String, atMost limit: Int = 500) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.count > limit ? line.prefix(limit - 1) + "…" : line
}
