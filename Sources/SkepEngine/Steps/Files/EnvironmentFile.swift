internal import Foundation
internal import SkepCore

/// A file with lines "NAME=value", as shells and container programs have them. Nothing in it is
/// expanded or run.
enum EnvironmentFile {
    private static let maxBytes = 1 << 20

    static func read(_ path: String) async throws -> [String: String] {
        let text: String? = await offPool {
            guard let file = FileHandle(forReadingAtPath: path),
                let data = try? file.read(upToCount: maxBytes)
            else { return nil }
            return String(decoding: data, as: UTF8.self)
        }
        guard let text else { throw EnvironmentFileError.unreadable(path: path) }
        return try variables(in: text, of: path)
    }

    static func variables(in text: String, of path: String) throws(EnvironmentFileError)
        -> [String: String]
    {
        var variables: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            var line = line.drop(while: \.isWhitespace)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).drop(while: \.isWhitespace) }
            guard let sign = line.firstIndex(of: "="), isName(line[..<sign]) else {
                throw .notAVariable(path: path, line: number + 1)
            }
            variables[String(line[..<sign])] = unquoted(line[line.index(after: sign)...])
        }
        return variables
    }

    /// Whether a value is to be kept out of what is shown: it has 8 bytes at least, and is no number,
    /// no word of lower-case letters, and no host, path or address in lower case. Those stand in any
    /// code, and taking them out of what an agent says would garble it.
    static func isSecret(_ value: String) -> Bool {
        let number = /[+-]?[0-9]+([.,:][0-9]+)*/
        let path = /(~|\.\.?)?\/[a-z0-9._\/-]*/
        // A word, or a host with its port; an address has no user, who might have a password.
        let host = /([a-z]+:\/\/)?([a-z]+|([a-z0-9-]+\.)+([a-z]+|[0-9]+))(:[0-9]+)?(\/[a-z\/]*)?/
        return value.utf8.count >= 8 && value.wholeMatch(of: number) == nil
            && value.wholeMatch(of: path) == nil && value.wholeMatch(of: host) == nil
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private static func unquoted(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        guard text.count >= 2, let quote = text.first, quote == text.last,
            quote == "\"" || quote == "'"
        else { return String(text) }
        return String(text.dropFirst().dropLast())
    }
}

/// Why a file with variables can't be used. Never holds what is in it.
enum EnvironmentFileError: SkepError, Hashable {
    case unreadable(path: String)
    case notAVariable(path: String, line: Int)

    var kind: ErrorKind { .configuration }

    var what: String {
        switch self {
        case .unreadable(let path): "Can't read \"\(path)\"."
        case .notAVariable(let path, let line): "Line \(line) of \"\(path)\" is no variable."
        }
    }

    var why: String? {
        switch self {
        case .unreadable: "A repository's \"setup\" names it in \"env_files\"."
        case .notAVariable: "Its lines have the form NAME=value."
        }
    }

    var advice: String? { "Mend the file, or \"env_files\" in skep.yaml." }
}
