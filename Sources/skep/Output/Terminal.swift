import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One of the program's two output streams.
struct Terminal: Sendable {
    /// What `--color` says.
    enum Colour: String, Sendable, CaseIterable {
        case auto
        case always
        case never
    }

    let descriptor: Int32
    let isTerminal: Bool
    /// Columns; `nil` where nothing needs to fit.
    let width: Int?
    let hasColour: Bool
    /// Whether it knows nothing but lines of text.
    let isDumb: Bool

    init(descriptor: Int32, _ colour: Colour, _ environment: [String: String]) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        var size = winsize()
        let known = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        width = known ? Int(size.ws_col) : nil
        isDumb = environment["TERM"] == "dumb"
        hasColour =
            switch colour {
            case .always: true
            case .never: false
            case .auto: isTerminal && !isDumb && (environment["NO_COLOR"] ?? "").isEmpty
            }
    }

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    /// Colour is an ornament: what it says, the text says too.
    func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Whether what is written to both comes together: on a screen, in a file, in a pipe.
    func goesWhere(_ other: Terminal) -> Bool {
        var places = (stat(), stat())
        guard fstat(descriptor, &places.0) == 0, fstat(other.descriptor, &places.1) == 0 else {
            return false
        }
        return places.0.st_dev == places.1.st_dev && places.0.st_ino == places.1.st_ino
    }

    /// Writes all of a text; a reader that has gone ends the program without a word.
    func write(_ text: String) {
        switch tryWrite(text) {
        case 0: break
        case EPIPE: _exit(Exit.done)
        case let code: failed(code)
        }
    }

    /// Writes all of a text.
    ///
    /// - Returns: Why it couldn't be, as `errno` has it; 0 when it could.
    func tryWrite(_ text: String) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                #else
                    let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
                #endif
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EAGAIN {
                    var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = withUnsafeMutablePointer(to: &poll) { pollOne($0) }
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }

    /// A result that is only half written must not look like a whole one.
    private func failed(_ code: Int32) {
        guard descriptor == 1 else { return }
        let error = ProgramError(
            .unavailable, "Can't write the result.", why: StateFolder.reason(code) + ".")
        Terminal(descriptor: 2, .auto, [:]).write(Exit.text(of: error))
        _exit(Exit.code(for: error.kind))
    }

    private func pollOne(_ descriptor: UnsafeMutablePointer<pollfd>) -> Int32 {
        poll(descriptor, 1, 1000)
    }

    func line(_ text: String) { write(text + "\n") }
}
