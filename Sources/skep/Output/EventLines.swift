import SkepCore
import SkepQueue

/// Turns a session's events into lines for people.
///
/// What comes in pieces is told in whole lines; a tool is told when it has ended, on one line. What
/// is still open stands in `rest` and `running`, for whoever has a place for it.
struct EventLines {
    private let terminal: Terminal
    private var message: (id: String, isReasoning: Bool)?
    /// Of the message or the output, as far as its line hasn't ended.
    private(set) var rest = ""
    /// Likewise of what it printed as errors, which may come in between.
    private var errorRest = ""
    /// Tools at work, in the order in which they began.
    private(set) var running: [ToolCall] = []
    private(set) var usage: Usage?
    private var output = TerminalFilter()
    private var errors = TerminalFilter()
    private var toldPlan: [PlanEntry] = []

    /// - Parameter terminal: Where they are going to stand.
    init(on terminal: Terminal) { self.terminal = terminal }

    mutating func take(_ event: SessionEvent.Kind) -> [String] {
        switch event {
        case .message(let piece): return take(piece, isReasoning: false)
        case .reasoning(let piece): return take(piece, isReasoning: true)
        case .output(let bytes):
            return (message == nil ? [] : finishLine())
                + Self.lines(output.clean(bytes), after: &rest)
        case .errorOutput(let bytes): return printed(errors.clean(bytes))
        case .usage(let usage):
            self.usage = usage
            return []
        case .tool(let call) where call.status == .running:
            if let index = running.firstIndex(where: { $0.id == call.id }) {
                running[index] = call
            } else {
                running.append(call)
            }
            return []
        default: return finishLine() + line(event)
        }
    }

    /// What is left at the end of what there is.
    ///
    /// - Parameter isOver: Whether the session has ended, and with it what was open.
    mutating func finish(isOver: Bool = true) -> [String] {
        let left = Self.lines(output.finish(), after: &rest) + printed(errors.finish())
        let open = running.map { call in
            var call = call
            if isOver { call.status = .unfinished }
            return line(call)
        }
        running = []
        let total = usage.map { [mark("Σ", .dim) + $0.words] } ?? []
        return left + finishLine() + open + total
    }

    private mutating func take(_ piece: MessagePiece, isReasoning: Bool) -> [String] {
        var lines: [String] = []
        if message?.id != piece.id {
            lines = finishLine()
            message = (piece.id, isReasoning)
        }
        let new = Self.lines(PlainText.lines(piece.text), after: &rest)
        lines += isReasoning ? dimmed(new) : new
        return piece.isPartial ? lines : lines + finishLine()
    }

    private mutating func printed(_ errors: String) -> [String] {
        dimmed(Self.lines(errors, after: &errorRest))
    }

    /// The lines that are whole now; what is left of the last one stays in `rest`.
    private static func lines(_ text: String, after rest: inout String) -> [String] {
        rest += text
        var lines = rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        rest = lines.popLast() ?? ""
        return lines
    }

    private mutating func finishLine() -> [String] {
        let isReasoning = message?.isReasoning == true
        message = nil
        defer { (rest, errorRest) = ("", "") }
        let (words, errors) = (rest.isEmpty ? [] : [rest], errorRest.isEmpty ? [] : [errorRest])
        return (isReasoning ? dimmed(words) : words) + dimmed(errors)
    }

    private func dimmed(_ lines: [String]) -> [String] {
        lines.map { terminal.styled($0, .dim) }
    }

    private mutating func line(_ event: SessionEvent.Kind) -> [String] {
        switch event {
        case .began(let start):
            let words = [
                start.isResumed ? "goes on" : "begins", start.model, start.version,
                start.vendorSession.map { "session \($0)" },
            ].compactMap { $0 }
            return [mark("●", .dim) + cut(words.joined(separator: ", "))]
        case .told(let text): return [mark("›", .bold) + beginning(of: text)]
        case .plan(let entries):
            guard entries != toldPlan else { return [] }
            toldPlan = entries
            return entries.map { entry in
                switch entry.status {
                case .pending: mark("☐", .dim) + cut(entry.text)
                case .inProgress: mark("▸", .yellow) + cut(entry.text)
                case .completed: mark("☑", .green) + cut(entry.text)
                }
            }
        case .tool(let call):
            running.removeAll { $0.id == call.id }
            return [line(call)]
        case .change(let change): return [mark("±", .dim) + cut("\(change.path) \(change.kind)")]
        case .permission(let decision):
            let (sign, style): (String, Terminal.Style) =
                decision.answer == .allowed ? ("✓", .green) : ("✗", .red)
            return [
                mark(sign, style)
                    + cut("\(decision.answer): \(decision.subject) (\(decision.reason))")
            ]
        case .waiting(let wait):
            let length = wait.length.map { " for \(TimeText.short($0))" } ?? ""
            return [mark("…", .yellow) + cut("waits\(length), \(wait.type.words): \(wait.text)")]
        case .problem(let trouble):
            return [
                mark("!", .red)
                    + cut(
                        [trouble.code, trouble.text].compactMap { $0 }
                            .joined(separator: " "))
            ]
        case .question(let text): return [mark("?", .yellow) + cut(text)]
        case .turnEnded(let end):
            return end == .done ? [] : [mark("■", .red) + "the turn ended: \(end)"]
        case .sandbox(let report): return [mark("▣", .dim) + cut("sandbox \(report.words)")]
        case .note(let text): return [mark("·", .dim) + beginning(of: text)]
        case .message, .reasoning, .usage, .output, .errorOutput: return []
        }
    }

    /// "✓ make test  3 s".
    private func line(_ call: ToolCall) -> String {
        let (sign, style): (String, Terminal.Style) =
            switch call.status {
            case .running: ("▸", .yellow)
            case .completed: ("✓", .green)
            case .failed: ("✗", .red)
            case .unfinished: ("–", .yellow)
            }
        let time = call.duration.map { "  " + TimeText.short($0) } ?? ""
        return mark(sign, style) + cut(call.words, leaving: TextWidth.of(time))
            + terminal.styled(time, .dim)
    }

    /// How it ended, once that is known.
    func ended(_ session: SessionRecord) -> String? {
        guard let ending = session.ending else { return nil }
        let failure = session.facts.failure.map(\.type.words)
        let why = failure.map { ending.contains($0) ? "" : " (\($0))" } ?? ""
        return mark("■", failure == nil ? .dim : .red) + cut("ended: \(ending)\(why)")
    }

    private func mark(_ sign: String, _ style: Terminal.Style) -> String {
        terminal.styled(sign, style) + " "
    }

    /// Of a text that may be long, such as a prompt: as much as can be taken in, and its length.
    private func beginning(of text: String) -> String {
        guard let end = text.index(text.startIndex, offsetBy: 500, limitedBy: text.endIndex),
            end < text.endIndex
        else { return cut(text) }
        let length = " (\(Phrase.count(text.count, "character")))"
        return cut(String(text[..<end]) + "…", leaving: TextWidth.of(length)) + length
    }

    /// One line that fits behind a mark.
    private func cut(_ text: String, leaving room: Int = 0) -> String {
        let line = PlainText.line(text)
        return terminal.width.map { TextWidth.cut(line, to: max(8, $0 - 2 - room)) } ?? line
    }
}

extension ToolCall {
    /// Its title, and the first line of its input where that says more.
    var words: String {
        let first = input.split(separator: "\n").first.map(String.init) ?? ""
        return first.isEmpty || title.contains(first) ? title : "\(title): \(first)"
    }
}
