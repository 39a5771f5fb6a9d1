import SkepCore
import SkepQueue

/// What a trial of an agent showed.
struct TrialReport: Sendable {
    enum Verdict: String, Sendable {
        case ok
        /// It isn't there, and isn't needed.
        case no
        case fail
        /// Not tried: not asked for, or something before it failed.
        case skipped
    }

    struct Finding: Sendable {
        /// "program", "protocol", "file", "usage", "resume", "stop", "sandbox", "outside".
        let name: String
        let verdict: Verdict
        let text: String
        var duration: Duration?
    }

    let agent: AgentDefinition
    var program: String?
    var version: String?
    /// "claude-code, both ways".
    var hasDialogue: Bool?
    var firstWord: Duration?
    var usage: Usage?
    var start: SessionStart?
    var sandbox: SandboxReport?
    var failure: AgentFailure?
    var findings: [Finding] = []
    /// Where everything still is, with `--keep`.
    var folder: String?

    /// Whether what is needed worked.
    var isGood: Bool { findings.allSatisfy { $0.verdict != .fail } }

    mutating func add(
        _ name: String, _ verdict: Verdict, _ text: String, duration: Duration? = nil
    ) {
        findings.append(Finding(name: name, verdict: verdict, text: text, duration: duration))
    }

    var json: JSON {
        .object([
            "agent": .name(agent.name),
            "adapter": .text(agent.adapter),
            "program": .optional(program),
            "version": .optional(version ?? start?.version),
            "has_dialogue": hasDialogue.map { .boolean($0) } ?? .null,
            "model": .optional(start?.model),
            "vendor_session": .optional(start?.vendorSession),
            "first_word_ms": .number(firstWord?.milliseconds),
            "usage": usage?.json ?? .null,
            "sandbox": sandbox?.json ?? .null,
            "failure": failure?.json ?? .null,
            "checks": .list(
                findings.map { finding in
                    .object([
                        "name": .text(finding.name), "verdict": .text(finding.verdict.rawValue),
                        "text": .text(finding.text),
                        "duration_ms": .number(finding.duration?.milliseconds),
                    ])
                }),
            "is_good": .boolean(isGood),
            "folder": .optional(folder),
        ])
    }

    var table: Table {
        var table = Table([.fixed("WHAT"), .fixed("RESULT"), .flexible("DETAILS")])
        for finding in findings {
            table.add([finding.name, finding.verdict.rawValue, finding.text])
        }
        return table
    }

    func show(on console: Console) {
        console.show(table)
        if let failure {
            console.heading("Why")
            console.output.line(PlainText.line(failure.sentence))
            for evidence in failure.evidence {
                console.output.line(
                    PlainText.line("  \(evidence.rule), \(evidence.source): \(evidence.text)"))
            }
            console.output.line("  In a run: \(failure.type.remedy.words)")
        }
        console.output.line("")
        console.output.line(
            isGood
                ? "\(agent.name) works here."
                : "\(agent.name) doesn't work here as it should.")
        if let folder { console.output.line("Everything is in \(folder).") }
    }
}
