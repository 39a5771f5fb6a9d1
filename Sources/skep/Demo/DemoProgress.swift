import SkepCore
import SkepQueue

/// Shows how the runs of a demo come along: one line an issue, redrawn in place on a terminal; a
/// line for each change elsewhere.
struct DemoProgress {
    private let terminal: Terminal
    private let startedAt: Timestamp
    private var shown: [RunID: String] = [:]
    private var drawn = 0

    init(_ terminal: Terminal, startedAt: Timestamp) {
        self.terminal = terminal
        self.startedAt = startedAt
    }

    mutating func show(_ runs: [RunSummary], now: Timestamp) {
        let ordered = runs.sorted { $0.run.issue < $1.run.issue }
        if terminal.isTerminal {
            redraw(ordered, now)
        } else {
            for run in ordered {
                let words = run.state.words(now)
                guard shown.updateValue(words, forKey: run.run.id) != words else { continue }
                terminal.line("\(elapsed(now))  \(line(run, words, now))")
            }
        }
    }

    private mutating func redraw(_ runs: [RunSummary], _ now: Timestamp) {
        // Up to the first line, and each line cleared to its end as it is written again.
        var text = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
        for run in runs {
            let words = run.state.words(now)
            let cut = TextWidth.cut(line(run, words, now), to: (terminal.width ?? 80) - 1)
            text += terminal.styled(cut, style(run.state)) + "\u{1B}[K\n"
        }
        terminal.write(text)
        drawn = runs.count
    }

    private func line(_ run: RunSummary, _ words: String, _ now: Timestamp) -> String {
        let time = run.run.closing.map(\.at) ?? now
        let length = TextWidth.pad(TimeText.short(time - run.run.openedAt), to: 6)
        return "#\(run.run.issue.number)  \(TextWidth.pad(run.run.agent.rawValue, to: 8))"
            + "  \(TextWidth.pad(PlainText.line(words), to: 18))  \(length)"
            + "  \(PlainText.line(run.run.issueTitle))"
    }

    private func elapsed(_ now: Timestamp) -> String {
        let tenths = (now - startedAt).milliseconds / 100
        let text = "\(tenths / 10).\(tenths % 10) s"
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
    }

    private func style(_ state: RunState) -> Terminal.Style {
        switch state {
        case .published, .chosen: .green
        case .failed, .cancelled: .red
        case .noChanges, .waiting: .yellow
        case .working: .bold
        case .queued: .dim
        }
    }
}
