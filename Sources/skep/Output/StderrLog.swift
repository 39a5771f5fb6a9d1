import Logging
import SkepQueue

/// Writes log lines to standard error: a daemon's for people where that is a terminal, else as JSON;
/// a command's as remarks.
struct StderrLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let terminal: Terminal
    private let form: Form
    private let clock: any Clock

    private enum Form {
        case json
        /// With times and facts.
        case people
        /// "warning: …", like the other things a command has to say.
        case remarks
    }

    /// A daemon's logger. Nothing is bootstrapped: loggers are passed in.
    static func logger(
        _ label: String, level: Logger.Level, console: Console, clock: any Clock = SystemClock()
    ) -> Logger {
        Logger(label: label) { _ in
            let isForPeople = console.remarks.isTerminal && !console.isJSON
            return StderrLog(
                level, terminal: console.remarks, isForPeople ? .people : .json, clock: clock)
        }
    }

    /// The logger of a command that does one thing and ends. With `--json` it says nothing: what
    /// is on standard error then is the one document about an error.
    static func remarks(level: Logger.Level = .warning, on console: Console) -> Logger {
        guard !console.isJSON else {
            return Logger(label: "skep") { _ in SwiftLogNoOpLogHandler() }
        }
        return Logger(label: "skep") { _ in
            StderrLog(level, terminal: console.remarks, .remarks, clock: SystemClock())
        }
    }

    private init(
        _ level: Logger.Level, terminal: Terminal, _ form: Form, clock: any Clock
    ) {
        logLevel = level
        self.terminal = terminal
        self.form = form
        self.clock = clock
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
            .map { (key: $0.key, value: "\($0.value)") }
        let message = "\(event.message)"
        let line =
            switch form {
            case .json: json(event.level, message, facts)
            case .people: text(event.level, message, facts)
            case .remarks: remark(event.level, message, facts)
            }
        terminal.line(line)
    }

    private func json(
        _ level: Logger.Level, _ message: String, _ facts: [(key: String, value: String)]
    ) -> String {
        JSON.object(
            [
                .init(key: "at", value: .time(clock.now)),
                .init(key: "level", value: .text(level.rawValue)),
                .init(key: "message", value: .text(message)),
            ] + facts.map { .init(key: $0.key, value: .text($0.value)) }
        ).line()
    }

    private func remark(
        _ level: Logger.Level, _ message: String, _ facts: [(key: String, value: String)]
    ) -> String {
        let rest = facts.map { "\($0.key) \(PlainText.line($0.value))" }.joined(separator: ", ")
        let end = rest.isEmpty ? "" : " (\(rest))"
        return "\(level.rawValue): \(PlainText.line(message))\(end)"
    }

    private func text(
        _ level: Logger.Level, _ message: String, _ facts: [(key: String, value: String)]
    ) -> String {
        let time = TimeText.rfc3339(clock.now).dropFirst(11).prefix(8)
        let word = TextWidth.pad(level.rawValue, to: 7)
        let dressed =
            switch level {
            case .error, .critical: terminal.styled(word, .red)
            case .warning: terminal.styled(word, .yellow)
            default: terminal.styled(word, .dim)
            }
        let rest = facts.map { "  \($0.key)=\(PlainText.line($0.value))" }.joined()
        return "\(time) \(dressed) \(PlainText.line(message))" + terminal.styled(rest, .dim)
    }
}
