internal import SkepCore

/// What a reviewer leaves at `$SKEP_OUTPUT`:
///
/// ```json
/// {"verdict": "request_changes", "summary": "…",
///  "findings": [{"path": "Sources/a.swift", "line": 12, "message": "…"}]}
/// ```
struct ReviewDocument: Sendable, Hashable, Decodable {
    var verdict: Verdict
    var summary: String
    var findings: [Finding]

    /// More than anybody reads; such a review isn't one.
    static let maxFindings = 100
    private static let maxText = 10_000

    private enum Key: String, CodingKey { case verdict, summary, findings }
    private enum FindingKey: String, CodingKey { case path, line, message }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        verdict = try Self.verdict(try values.decode(String.self, forKey: .verdict))
        summary = Self.cut(try values.decodeIfPresent(String.self, forKey: .summary) ?? "")
        findings = []
        if values.contains(.findings), try !values.decodeNil(forKey: .findings) {
            var list = try values.nestedUnkeyedContainer(forKey: .findings)
            while !list.isAtEnd {
                guard findings.count < Self.maxFindings else {
                    throw DocumentError("it has more than \(Self.maxFindings) findings")
                }
                findings.append(
                    try Self.finding(list.nestedContainer(keyedBy: FindingKey.self)))
            }
        }
        findings.removeAll { $0.message.isEmpty }
        if verdict == .changesRequested, findings.isEmpty {
            guard !summary.isEmpty else {
                throw DocumentError("it asks for changes, and doesn't say which")
            }
            findings = [Finding(message: summary)]
            summary = ""
        }
    }

    private static func verdict(_ word: String) throws(DocumentError) -> Verdict {
        switch word.lowercased() {
        case "approve", "approved": return .approved
        case "request_changes", "changes_requested": return .changesRequested
        case "comment", "commented": return .commented
        default:
            throw DocumentError(
                "its verdict must be approve, request_changes or comment, not \"\(word.prefix(40))\""
            )
        }
    }

    private static func finding(_ values: KeyedDecodingContainer<FindingKey>) throws -> Finding {
        var path = (try values.decodeIfPresent(String.self, forKey: .path) ?? "")[...]
        while path.hasPrefix("./") { path = path.dropFirst(2) }
        return Finding(
            path: path.isEmpty ? nil : String(path.prefix(1000)),
            line: try values.decodeIfPresent(Int.self, forKey: .line),
            message: cut(try values.decode(String.self, forKey: .message)))
    }

    private static func cut(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text.count > maxText ? text.prefix(maxText) + "…" : String(text)
    }

    /// Findings at places that the change doesn't have become findings of the change as a whole,
    /// which say where they were meant to be.
    ///
    /// - Parameters:
    ///   - paths: Those that were changed.
    ///   - lines: How many lines a file of the head has; `nil`: it has none, or can't be read.
    mutating func place(within paths: Set<String>, lines: (String) -> Int?) {
        var counts: [String: Int] = [:]
        for index in findings.indices {
            let finding = findings[index]
            guard let path = finding.path else {
                findings[index].line = nil
                continue
            }
            guard let line = finding.line else {
                if !paths.contains(path) { findings[index].becomeGeneral() }
                continue
            }
            let count = counts[path] ?? (paths.contains(path) ? lines(path) ?? 0 : 0)
            counts[path] = count
            if line < 1 || line > count { findings[index].becomeGeneral() }
        }
    }
}

extension Finding {
    fileprivate mutating func becomeGeneral() {
        self = Finding(message: "\(self)")
    }
}

/// What an agent leaves there when it can't go on without a person: `{"question": "…"}`.
struct QuestionDocument: Sendable, Hashable, Decodable {
    var question: String?

    static let maxText = 10_000
}

/// What a chooser leaves there: `{"choice": "kimi", "why": "…"}`.
struct ChoiceDocument: Sendable, Hashable, Decodable {
    var choice: String
    var why: String?
}
