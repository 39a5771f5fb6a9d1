/// Recognises the escape sequences of terminals (ECMA-48), scalar by scalar.
struct EscapeSequences {
    private enum State {
        case text
        case escape
        /// After `ESC [`: until a letter.
        case control
        /// After `ESC ]` and the like: until BEL, `ESC \\` or the end of the line.
        case string
    }

    private var state = State.text

    /// Whether a scalar belongs to a sequence.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        switch (state, scalar.value) {
        case (_, 0x1B): state = .escape
        case (.text, _): return false
        case (.escape, 0x5B): state = .control
        case (.escape, 0x5D), (.escape, 0x50), (.escape, 0x58), (.escape, 0x5E), (.escape, 0x5F):
            state = .string
        case (.escape, 0x20...0x2F), (.control, 0x20...0x3F): break
        case (.string, 0x0A):
            state = .text
            return false
        case (.string, 0x07), (.escape, 0x30...0x7E), (.control, 0x40...0x7E): state = .text
        case (.string, _): break
        case (.escape, _), (.control, _):
            state = .text
            return false
        }
        return true
    }
}
