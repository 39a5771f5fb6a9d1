#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The terminal while a live view has it: a screen of its own, without echo, given back as it was.
///
/// Signals that end the program are handled by the view, which gives it back before it ends.
final class LiveScreen {
    private let output: Terminal
    private let input: Int32
    private var saved: termios?
    private var isOpen = false

    init(output: Terminal, input: Int32 = 0) {
        self.output = output
        self.input = input
    }

    /// Whether both ends are a terminal, and one that knows more than lines.
    var isPossible: Bool { output.isTerminal && !output.isDumb && isatty(input) == 1 }

    func open() {
        guard !isOpen else { return }
        isOpen = true
        var settings = termios()
        if tcgetattr(input, &settings) == 0 {
            saved = settings
            settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
            // Whoever was put to sleep couldn't give the terminal back.
            withUnsafeMutableBytes(of: &settings.c_cc) { $0[Int(VSUSP)] = Self.disabled }
            tcsetattr(input, TCSANOW, &settings)
        }
        // Another screen, no cursor, no wrapping.
        write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        // Emptied first: some terminals that were resized meanwhile leave parts of it behind.
        write("\u{1B}[H\u{1B}[J\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        // What was typed meanwhile isn't for the shell.
        if var settings = saved { tcsetattr(input, TCSAFLUSH, &settings) }
    }

    /// Columns and rows as they are now.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(output.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0,
            size.ws_row > 0
        else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws lines from the top; what stood there before is written over, so that nothing flickers.
    func draw(_ lines: [String], _ size: (columns: Int, rows: Int)) {
        // All at once, where the terminal knows how.
        var text = "\u{1B}[?2026h"
        for (index, line) in lines.enumerated() {
            // Cleared first: behind a line that is full the cursor stands on its last character.
            text += "\u{1B}[\(index + 1);1H\u{1B}[2K\(line)"
        }
        if lines.count < size.rows { text += "\u{1B}[\(lines.count + 1);1H\u{1B}[J" }
        write(text + "\u{1B}[?2026l")
    }

    /// Whether a key was pressed meanwhile that ends the view, or nobody is there any more. Doesn't
    /// wait.
    func pressed() -> Bool {
        while true {
            var descriptor = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) > 0 else { return false }
            var byte: UInt8 = 0
            switch read(input, &byte, 1) {
            case 1:
                if byte == UInt8(ascii: "q") || byte == UInt8(ascii: "Q") || byte == 4 {
                    return true
                }
            case 0: return true
            default: return errno != EINTR && errno != EAGAIN
            }
        }
    }

    /// A terminal that has gone isn't an error: the view ends by itself.
    private func write(_ text: String) {
        _ = output.tryWrite(text)
    }

    private static let disabled: UInt8 = {
        #if canImport(Glibc)
            0
        #else
            UInt8(truncatingIfNeeded: _POSIX_VDISABLE)
        #endif
    }()
}
