#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The terminal while somebody watches an agent: what it says runs up as usual, and the last line
/// shows what it is at, or what is being typed for it.
///
/// Keys come one by one, since the terminal's own line would be torn by what is printed meanwhile;
/// signals come as ever.
final class AttachScreen {
    /// What a key did.
    enum Key: Equatable {
        case none
        /// A line was typed, to its end.
        case line(String)
        /// Nobody types any more.
        case end
    }

    private let output: Terminal
    private let input: Int32
    private var saved: termios?
    private var typed: [UInt8] = []
    private var status = ""
    private var hint = ""
    private var shown = ""

    init(output: Terminal, input: Int32 = 0) {
        self.output = output
        self.input = input
    }

    /// Whether both ends are a terminal, and one that knows more than lines.
    var isPossible: Bool { output.isTerminal && !output.isDumb && isatty(input) == 1 }

    func open() {
        var settings = termios()
        guard saved == nil, tcgetattr(input, &settings) == 0 else { return }
        saved = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(input, TCSANOW, &settings)
    }

    func close() {
        guard var settings = saved else { return }
        saved = nil
        _ = output.tryWrite("\r\u{1B}[K")
        tcsetattr(input, TCSAFLUSH, &settings)
    }

    /// Prints lines above the last one.
    func print(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        _ = output.tryWrite("\r\u{1B}[K" + lines.map { $0 + "\n" }.joined())
        shown = ""
        draw()
    }

    /// Changes what the last line says while nothing is typed.
    ///
    /// - Parameter hint: Stays whole where there is little room.
    func show(_ status: String, hint: String) {
        (self.status, self.hint) = (status, hint)
        draw()
    }

    private func draw() {
        let width = max(4, size - 1)
        let line: String
        if typed.isEmpty {
            line = output.styled(Self.line(PlainText.line(status), hint, width: width), .dim)
        } else {
            line = "› " + Self.end(of: PlainText.line(text), width: width - 2)
        }
        guard line != shown else { return }
        shown = line
        _ = output.tryWrite("\r\u{1B}[K" + line)
    }

    private var text: String { String(decoding: typed, as: UTF8.self) }

    static func line(_ status: String, _ hint: String, width: Int) -> String {
        let room = width - TextWidth.of(hint) - 3
        guard !status.isEmpty, room >= 8 else { return TextWidth.cut(hint, to: width) }
        return TextWidth.cut(status, to: room) + " · " + hint
    }

    /// The end of a text that is too long: there is what is being typed.
    static func end(of text: String, width: Int) -> String {
        guard TextWidth.of(text) > width else { return text }
        var rest = text[...]
        while TextWidth.of(rest) >= width { rest = rest.dropFirst() }
        return "…" + rest
    }

    /// Columns as they are now.
    private var size: Int {
        var size = winsize()
        guard ioctl(output.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    /// Takes the keys that were pressed meanwhile, up to the end of a line; doesn't wait.
    func keys() -> Key {
        while true {
            var descriptor = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) > 0 else { return .none }
            var byte: UInt8 = 0
            switch read(input, &byte, 1) {
            case 1:
                let key = take(byte)
                draw()
                if key != .none { return key }
            case 0: return .end
            default: return errno == EINTR || errno == EAGAIN ? .none : .end
            }
        }
    }

    func take(_ byte: UInt8) -> Key {
        switch byte {
        case 10, 13:
            let line = text
            typed = []
            return line.allSatisfy(\.isWhitespace) ? .none : .line(line)
        // Ctrl-D on an empty line.
        case 4: return typed.isEmpty ? .end : .none
        // Backspace; Ctrl-U.
        case 8, 127: typed = Array(text.dropLast().utf8)
        case 21: typed = []
        case ..<32: break
        default: if typed.count < 64 << 10 { typed.append(byte) }
        }
        return .none
    }
}
