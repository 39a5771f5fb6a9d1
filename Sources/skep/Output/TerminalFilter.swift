/// Turns what a program printed, piece by piece, into text that is safe on a terminal.
///
/// Colours and other sequences are taken out; control characters that stand alone are spelt out.
/// A character or a sequence may be split between two pieces.
struct TerminalFilter {
    private enum State {
        case text
        case escape
        /// After `ESC [`: until a letter.
        case control
        /// After `ESC ]`, `ESC P` and the like: until BEL or `ESC \`.
        case string
        case stringEscape
    }

    private var state = State.text
    private var partial: [UInt8] = []
    private var wasCarriageReturn = false

    init() {}

    /// The text of the next bytes; the beginning of a character that isn't whole waits for the rest.
    mutating func clean(_ bytes: some Sequence<UInt8>) -> String {
        partial += bytes
        let whole = Self.wholeCharacters(partial)
        let text = String(decoding: partial[..<whole], as: UTF8.self)
        partial.removeFirst(whole)
        return filtered(text)
    }

    /// What was left when nothing more comes.
    mutating func finish() -> String {
        defer { partial = [] }
        return filtered(String(decoding: partial, as: UTF8.self))
    }

    private mutating func filtered(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars { take(scalar, into: &result) }
        return result
    }

    private mutating func take(_ scalar: Unicode.Scalar, into result: inout String) {
        switch (state, scalar.value) {
        case (.text, 0x1B): state = .escape
        case (.text, _): takeText(scalar, into: &result)
        case (.escape, 0x5B): state = .control
        // OSC, DCS, SOS, PM, APC.
        case (.escape, 0x5D), (.escape, 0x50), (.escape, 0x58), (.escape, 0x5E), (.escape, 0x5F):
            state = .string
        case (.escape, 0x20...0x2F): break
        case (.escape, 0x30...0x7E): state = .text
        case (.escape, 0x1B): break
        case (.control, 0x40...0x7E): state = .text
        case (.control, 0x20...0x3F): break
        case (.string, 0x07), (.stringEscape, 0x5C): state = .text
        case (.string, 0x1B): state = .stringEscape
        // A string that a line ends never was one: nothing more is swallowed.
        case (.string, 0x0A), (.stringEscape, 0x0A):
            state = .text
            takeText(scalar, into: &result)
        case (.string, _): break
        case (.stringEscape, _): state = .string
        case (.escape, _), (.control, _):
            state = .text
            takeText(scalar, into: &result)
        }
    }

    private mutating func takeText(_ scalar: Unicode.Scalar, into result: inout String) {
        defer { wasCarriageReturn = scalar == "\r" }
        switch scalar {
        case "\r": result.append("\n")
        case "\n" where wasCarriageReturn: break
        case "\n", "\t": result.unicodeScalars.append(scalar)
        case _ where PlainText.isUnsafe(scalar): result += PlainText.escape(scalar)
        default: result.unicodeScalars.append(scalar)
        }
    }

    /// How many of the bytes are characters that are whole; what is no UTF-8 counts as whole.
    private static func wholeCharacters(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length =
                switch byte {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}
