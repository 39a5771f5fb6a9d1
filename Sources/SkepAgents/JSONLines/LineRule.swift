import SkepCore

/// What one kind of line means: when it applies, and where its values are.
///
/// ```yaml
/// message: {when: {type: text}, text: data}
/// tool:    {when: {role: assistant}, each: tool_calls, id: id, title: function.name}
/// ```
struct LineRule: Sendable, Hashable {
    enum Kind: String, CaseIterable {
        case session, message, reasoning, tool, change, usage, waiting, problem, question, end
    }

    /// Names of values that a kind of line may have.
    static let values: [Kind: [String]] = [
        .session: ["id", "model", "version"],
        .message: ["id", "text"],
        .reasoning: ["id", "text"],
        .tool: ["id", "title", "input", "output", "status"],
        .change: ["path"],
        .usage: ["input", "cached_input", "cache_writes", "output", "reasoning", "cost"],
        .waiting: ["text", "seconds"],
        .problem: ["text", "code"],
        .question: ["text"],
        .end: ["reason"],
    ]

    let kind: Kind
    /// Paths and what must stand there, one of several texts.
    private var conditions: [JSONPath: [String]] = [:]
    /// The list whose elements are told one by one.
    private var list: JSONPath?
    /// What of its elements; paths begin there.
    private var elementConditions: [JSONPath: [String]] = [:]
    /// Several paths to one value are added up, or the first one that is there is taken.
    private var paths: [String: [JSONPath]] = [:]
    /// What is the same in all of these lines: `status: =completed`.
    private var constants: [String: String] = [:]
    /// Whether its pieces belong together until something else comes.
    private(set) var isPiece = false
    /// Whether the figures are of this line alone, and are added up.
    private(set) var adds = false

    init(_ kind: Kind, _ reader: SettingsReader) {
        self.kind = kind
        conditions = Self.conditions(reader, "when")
        elementConditions = Self.conditions(reader, "where")
        list = Self.path(reader, "each", reader.text("each"))
        if kind == .message || kind == .reasoning { isPiece = reader.boolean("pieces") ?? false }
        if kind == .usage { adds = reader.boolean("adds") ?? false }
        for name in Self.values[kind] ?? [] {
            for text in reader.texts(name) ?? [] {
                if text.hasPrefix("=") {
                    constants[name] = String(text.dropFirst())
                } else if let path = Self.path(reader, name, text) {
                    paths[name, default: []].append(path)
                }
            }
        }
        reader.finish()
        if list == nil, !elementConditions.isEmpty {
            reader.mistake(
                "\"where\" is of the elements of \"each\"", at: reader.location(of: "where"))
        }
        if conditions.isEmpty, list == nil, paths.isEmpty {
            reader.mistake(
                "\"\(kind.rawValue)\" needs \"when\", or every line would be one",
                at: reader.location)
        }
    }

    private static func conditions(
        _ reader: SettingsReader, _ key: String
    ) -> [JSONPath: [String]] {
        guard let inner = reader.map(key, of: "\"\(key)\"") else { return [:] }
        var conditions: [JSONPath: [String]] = [:]
        for name in inner.keys {
            guard let path = path(inner, name, name), let node = inner.node(name) else { continue }
            let nodes = if case .list(let nodes) = node.value { nodes } else { [node] }
            conditions[path] = nodes.compactMap { word($0, inner) }
        }
        inner.finish()
        return conditions
    }

    private static func word(_ node: SettingsNode, _ reader: SettingsReader) -> String? {
        switch node.value {
        case .text(let text): return text
        case .integer(let number): return String(number)
        case .boolean(let flag): return flag ? "true" : "false"
        case .null, .number, .list, .map:
            reader.mistake("a condition is a word, or a list of words", at: node.location)
            return nil
        }
    }

    private static func path(
        _ reader: SettingsReader, _ key: String, _ text: String?
    ) -> JSONPath? {
        guard let text else { return nil }
        guard let path = JSONPath(text) else {
            reader.mistake(
                "\"\(text)\" is no path; one looks like a.b[0].c",
                at: reader.location(of: key, text))
            return nil
        }
        return path
    }

    /// What of a line it speaks of: the line itself, elements of a list in it, or nothing.
    func subjects(in line: JSONValue) -> [JSONValue] {
        guard Self.hold(conditions, in: line) else { return [] }
        guard let list else {
            let isThere = paths.isEmpty || paths.values.joined().contains { $0(line) != nil }
            return conditions.isEmpty && !isThere ? [] : [line]
        }
        return (list(line).list ?? []).filter { Self.hold(elementConditions, in: $0) }
    }

    private static func hold(_ conditions: [JSONPath: [String]], in value: JSONValue) -> Bool {
        conditions.allSatisfy { path, texts in
            guard let text = path(value).flatMap(word) else { return false }
            return texts.contains(text) || texts.contains("*")
        }
    }

    /// Texts as they are, and the other simple values as JSON writes them.
    private static func word(_ value: JSONValue) -> String? {
        switch value {
        case .text(let text): text
        case .bool, .integer, .number: value.line
        case .null, .list, .object: nil
        }
    }

    func text(_ name: String, in subject: JSONValue) -> String? {
        for path in paths[name] ?? [] {
            guard let value = path(subject), !value.isNull else { continue }
            return Self.word(value) ?? Self.joined(value) ?? value.line
        }
        return constants[name]
    }

    /// A list of texts, or of blocks of which some have a text.
    private static func joined(_ value: JSONValue) -> String? {
        guard case .list(let elements) = value else { return nil }
        let texts = elements.compactMap { $0.text ?? $0["text"].text }
        return texts.isEmpty ? nil : texts.joined()
    }

    func count(_ name: String, in subject: JSONValue) -> Int64 {
        (paths[name] ?? []).reduce(0) { $0 + $1(subject).count }
    }

    func money(_ name: String, in subject: JSONValue) -> Money? {
        (paths[name] ?? []).lazy.compactMap { $0(subject).money }.first
    }

    func has(_ name: String) -> Bool { paths[name] != nil || constants[name] != nil }
}
