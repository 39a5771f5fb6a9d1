/// How many columns a text takes on a terminal.
enum TextWidth {
    static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// Cuts a text to a width, with "…" as its last column where something was cut.
    static func cut(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var result = ""
        var used = 0
        for character in text {
            let columns = of(character)
            guard used + columns < width else { break }
            result.append(character)
            used += columns
        }
        return result + "…"
    }

    /// Breaks a line at its spaces, so that no piece is wider than `width` but for single words.
    static func wrap(_ line: String, to width: Int) -> [String] {
        guard of(line) > width else { return [line] }
        var lines: [String] = []
        for word in line.split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, of(last) + 1 + of(word) <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - of(text)))
    }

    private static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.isASCII { return 1 }
        if first.properties.isEmojiPresentation
            || character.unicodeScalars.contains("\u{FE0F}")
        {
            return 2
        }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(first.value) ? 2 : 1
        }
    }

    /// The blocks of Unicode's East Asian wide characters
    /// (https://www.unicode.org/reports/tr11/), in broad strokes.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
