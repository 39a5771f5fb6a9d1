import SkepCore

/// An agent's command line with places for what differs from session to session.
///
/// A place is a known word in braces, `{workspace}`. Other braces mean themselves, as in
/// `-c 'model_providers.x={name="x"}'`; an unknown word in braces is a mistake.
struct CommandTemplate: Sendable, Hashable {
    enum Placeholder: String, CaseIterable {
        /// The prompt itself, as an argument or part of one.
        case prompt
        /// A file that holds the prompt.
        case promptFile = "prompt_file"
        /// A file that holds the issue's own text, as its author wrote it.
        case issueFile = "issue_file"
        /// The working tree.
        case workspace
        /// The file for what isn't a change: `SKEP_OUTPUT`.
        case output
        /// The agent's HOME.
        case home
        /// The key `model`.
        case model
    }

    private enum Part: Sendable, Hashable {
        case text(String)
        case place(Placeholder)
    }

    private let words: [[Part]]

    /// Reads the key `command`, and reports places that don't exist.
    init(_ reader: SettingsReader, key: String) {
        let texts = reader.texts(key)
        if texts?.isEmpty ?? true {
            reader.mistake(
                "there is no \"\(key)\": a list of the program and its arguments",
                at: reader.location(of: key))
        }
        words = (texts ?? []).map { Self.parse($0, of: key, reader) }
    }

    /// - Parameters:
    ///   - words: As they are, braces included.
    ///   - place: The last word.
    init(words: [String], and place: Placeholder) {
        self.words = words.map { [.text($0)] } + [[.place(place)]]
    }

    func contains(_ placeholder: Placeholder) -> Bool {
        words.contains { $0.contains(.place(placeholder)) }
    }

    /// The words that are absolute paths as they stand, the program among them.
    var files: [String] {
        words.compactMap { parts in
            guard parts.count == 1, case .text(let text) = parts[0], text.hasPrefix("/") else {
                return nil
            }
            return text
        }
    }

    /// The command line with all places filled; what has no value becomes nothing.
    func filled(_ values: [Placeholder: String]) -> [String] {
        words.map { parts in
            parts.map { part in
                switch part {
                case .text(let text): text
                case .place(let placeholder): values[placeholder] ?? ""
                }
            }.joined()
        }
    }

    private static func parse(_ text: String, of key: String, _ reader: SettingsReader) -> [Part] {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            let after = rest.index(after: open)
            let word = rest[after...].prefix { $0.isASCII && ($0.isLetter || $0 == "_") }
            let isPlace = !word.isEmpty && rest[word.endIndex...].first == "}"
            guard isPlace else {
                parts.append(.text(String(rest[..<after])))
                rest = rest[after...]
                continue
            }
            parts.append(.text(String(rest[..<open])))
            if let placeholder = Placeholder(rawValue: String(word)) {
                parts.append(.place(placeholder))
            } else {
                report(String(word), at: reader.location(of: key, text), reader)
            }
            rest = rest[word.endIndex...].dropFirst()
        }
        parts.append(.text(String(rest)))
        return parts
    }

    private static func report(
        _ word: String, at location: SettingsLocation, _ reader: SettingsReader
    ) {
        let known = Placeholder.allCases.map(\.rawValue)
        let hint =
            nearest(to: word, among: known).map { "; did you mean {\($0)}?" }
            ?? "; known are \(known.map { "{\($0)}" }.joined(separator: ", "))"
        reader.mistake("there is no place {\(word)}\(hint)", at: location)
    }
}
