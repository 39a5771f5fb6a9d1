import SkepCore

/// One thing `skep check` looked at.
struct Diagnosis: Sendable {
    enum Verdict: String, Sendable {
        case ok
        /// It works, but not as one may want.
        case warn
        case fail
    }

    let subject: String
    let verdict: Verdict
    let text: String
    let advice: String?
    /// Whether it is something outside that may come back by itself.
    let isOutside: Bool

    init(
        _ subject: String, _ verdict: Verdict, _ text: String, advice: String? = nil,
        isOutside: Bool = false
    ) {
        self.subject = subject
        self.verdict = verdict
        self.text = text
        self.advice = advice
        self.isOutside = isOutside
    }

    /// What an error says, as a finding.
    init(_ subject: String, _ verdict: Verdict = .fail, of error: any Error) {
        let error = Exit.described(error)
        let text = error.why.map { error.what + (error.what.hasSuffix(".") ? " " : ": ") + $0 }
        self.init(
            subject, verdict, text ?? error.what,
            advice: error.advice, isOutside: error.kind == .unavailable)
    }

    /// "2 to mend, 7 warnings."
    static func summary(_ findings: [Diagnosis]) -> String {
        let failures = findings.count { $0.verdict == .fail }
        let warnings = findings.count { $0.verdict == .warn }
        let parts = [
            failures == 0 ? nil : "\(failures) to mend",
            warnings == 0 ? nil : Phrase.count(warnings, "warning"),
        ].compactMap { $0 }
        return parts.isEmpty ? "All is well." : parts.joined(separator: ", ") + "."
    }

    var json: JSON {
        .object([
            "subject": .text(subject),
            "verdict": .text(verdict.rawValue),
            "text": .text(text),
            "advice": .optional(advice),
        ])
    }

    func show(on console: Console) {
        let style: Terminal.Style =
            switch verdict {
            case .ok: .green
            case .warn: .yellow
            case .fail: .red
            }
        let word = console.output.styled(TextWidth.pad(verdict.rawValue, to: 4), style)
        console.output.line("\(word)  \(PlainText.line(subject)): \(PlainText.line(text))")
        if let advice, verdict != .ok { console.output.line("      \(PlainText.line(advice))") }
    }
}
