/// Makes text from outside harmless for a terminal.
///
/// What issues and agents say may hold sequences that move the cursor, rename the window, or make a
/// text read other than it is (https://trojansource.codes).
enum PlainText {
    /// One line: line ends and tabs become spaces, everything else that isn't text is spelt out, as
    /// in `\u{1B}`.
    static func line(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        var wasCarriageReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where wasCarriageReturn: break
            case "\n", "\r", "\t": result.append(" ")
            default: append(scalar, to: &result)
            }
            wasCarriageReturn = scalar == "\r"
        }
        return result
    }

    /// Several lines: line ends and tabs stay.
    static func lines(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        var wasCarriageReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where wasCarriageReturn: break
            case "\r": result.append("\n")
            case "\n", "\t": result.unicodeScalars.append(scalar)
            default: append(scalar, to: &result)
            }
            wasCarriageReturn = scalar == "\r"
        }
        return result
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        if isUnsafe(scalar) {
            text += escape(scalar)
        } else {
            text.unicodeScalars.append(scalar)
        }
    }

    static func escape(_ scalar: Unicode.Scalar) -> String {
        "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }

    /// Control characters, and those that turn the direction of text or can't be seen.
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true
        // Arabic letter mark, zero width and direction marks, line and paragraph separators,
        // embeddings and overrides, isolates, byte order mark, language tags.
        case 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF,
            0xE0000...0xE007F:
            true
        default: false
        }
    }
}
