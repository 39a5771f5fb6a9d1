import SkepCore

/// A Markdown file in its two parts: settings between two lines "---", and the text below.
struct FrontMatter {
    let settings: SettingsNode
    /// Without the empty lines before and after it.
    let body: String
    /// Where the body's first line is.
    let bodyLocation: SettingsLocation

    /// - Returns: `nil`, with the reason in `mistakes`, when there are no settings to read.
    init?(_ text: String, source: String, into mistakes: SettingsMistakes) {
        let start = SettingsLocation(source: source, line: 1)
        let bare = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        // Lines end with "\n" or "\r\n"; Swift counts both as one character.
        let lines = bare.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        guard lines.first.map(Self.isFence) == true else {
            mistakes.add(
                "it must begin with a line \"---\", settings and another \"---\"", at: start)
            return nil
        }
        guard let end = lines.dropFirst().firstIndex(where: Self.isFence) else {
            mistakes.add("the settings that begin here have no \"---\" at their end", at: start)
            return nil
        }
        let yaml = lines[1..<end].joined(separator: "\n")
        guard let settings = YAML.read(yaml, source: source, firstLine: 2, into: mistakes) else {
            return nil
        }
        self.settings = SettingsNode(
            settings.value, at: SettingsLocation(source: source, line: settings.location.line))
        var body = lines[(end + 1)...]
        while let first = body.first, first.allSatisfy(\.isWhitespace) { body.removeFirst() }
        while let last = body.last, last.allSatisfy(\.isWhitespace) { body.removeLast() }
        bodyLocation = SettingsLocation(source: source, line: body.startIndex + 1)
        self.body = body.joined(separator: "\n")
    }

    /// Whether a text begins with settings.
    static func isIn(_ text: String) -> Bool {
        let bare = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        return isFence(bare.prefix { $0 != "\n" && $0 != "\r\n" })
    }

    private static func isFence(_ line: Substring) -> Bool {
        line.hasPrefix("---") && line.dropFirst(3).allSatisfy(\.isWhitespace)
    }
}
