import Logging
import SkepQueue

/// Writes log lines to standard error: for people where that is a terminal, else as JSON.
struct StderrLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let terminal: Terminal
    private let isJSON: Bool
    private let clock: any Clock

    /// A logger of the whole program. Nothing is bootstrapped: loggers are passed in.
    static func logger(
        _ label: String, level: Logger.Level, console: Console, clock: any Clock = SystemClock()
    ) -> Logger {
        Logger(label: label) { _ in
            StderrLog(level: level, terminal: console.remarks, json: console.isJSON, clock: clock)
        }
    }

    private init(level: Logger.Level, terminal: Terminal, json: Bool, clock: any Clock) {
        logLevel = level
        self.terminal = terminal
        isJSON = json || !terminal.isTerminal
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
        terminal.line(
            isJSON
                ? json(event.level, "\(event.message)", facts)
                : text(event.level, "\(event.message)", facts))
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
