/// What Skep says on issues. Texts only: every fact comes in as an argument.
public enum ReportText {
    public static func dispatched(agent: AgentName) -> NewReport {
        NewReport(topic: "dispatched", body: "⚡ Dispatched to \(agent). Task queued.")
    }

    public static func working(agent: AgentName, branch: BranchName) -> NewReport {
        NewReport(topic: "working", body: "🔧 \(agent) working on this. Branch: \(branch)")
    }

    public static func noChanges(agent: AgentName, notes: [String], tail: String) -> NewReport {
        let lines = ["⚠️ \(agent) produced no changes for this issue. Skipping."]
        return result(lines + [list(notes), quoted("The end of what it said", tail)])
    }

    /// - Parameter why: "checks failed", "codex asks for changes".
    public static func sentBack(
        agent: AgentName, step: StepName, why: String, round: Int, of rounds: Int,
        findings: String
    ) -> NewReport {
        NewReport(
            topic: "\(step)-round-\(round)",
            body: [
                "🔁 \(oneLine(why)); \(agent) gets it back with what was found "
                    + "(\(round) of \(rounds)).",
                quoted("What was found", findings),
            ].compactMap { $0 }.joined(separator: "\n\n"))
    }

    /// - Parameters:
    ///   - isNew: Whether it wasn't open before.
    ///   - answers: Whether the pull request was there, and this answers what was said of it.
    ///   - passed: The commands that passed at its head.
    ///   - tests: What their reports of tests say.
    ///   - reviews: Those of its head.
    public static func published(
        agent: AgentName, pullRequest: PullRequestLink, branch: BranchName,
        comparison: CommitComparison, isNew: Bool = true, answers: Bool = false, passed: [String],
        tests: [String: TestCounts] = [:], reviews: [ReviewRecord] = [], notes: [String]
    ) -> NewReport {
        let done =
            answers ? "answered what was said of" : isNew ? "opened" : "added to"
        let opening =
            "✅ \(agent) \(done) pull request #\(pullRequest.number). Branch: \(branch)"
        return result([
            opening,
            size(of: comparison) + checksSentence(passed, tests) + reviewsSentence(reviews),
            isNew ? nil : commits(of: comparison),
            list(notes),
            "It waits for a review; merging it closes this issue.",
        ])
    }

    public static func failed(
        agent: AgentName, run: RunID, why: String, advice: String? = nil, kept: String? = nil,
        tail: String = ""
    ) -> NewReport {
        result([
            "❌ \(agent) failed: \(oneLine(why))", advice,
            quoted("The end of what it printed", tail),
            kept.map { "What it had done is kept: \($0)" },
            "Nothing more happens by itself. To try again, write `/skep retry` in a comment, or run "
                + "`skep dispatch`; `skep run show \(run)` tells more.",
        ])
    }

    /// - Parameter hasWorked: Whether an agent had begun.
    public static func cancelled(
        _ run: Run, reason: String, notes: [String], hasWorked: Bool
    ) -> NewReport {
        let kept = run.head.map {
            "Its commits are kept: commit \($0.short); `skep branch diff \(run.id)` shows it."
        }
        return result([
            "🛑 \(run.agent) was stopped on this issue: \(oneLine(reason)).",
            list(notes),
            kept ?? (hasWorked ? "`skep run show \(run.id)` lists what is kept of it." : nil),
        ])
    }

    /// The body of the pull request of a run.
    public static func pullRequestBody(
        issue: Int, agent: AgentName, run: RunID, comparison: CommitComparison, passed: [String],
        tests: [String: TestCounts] = [:], reviews: [ReviewRecord] = [], notes: [String]
    ) -> String {
        [
            "Closes #\(issue).",
            "Made by \(agent), run \(run) of Skep. \(size(of: comparison))"
                + checksSentence(passed, tests) + reviewsSentence(reviews),
            list(notes),
        ].compactMap { $0 }.joined(separator: "\n\n")
    }

    static func result(_ parts: [String?]) -> NewReport {
        NewReport(
            topic: "result", body: parts.compactMap { $0 }.joined(separator: "\n\n"))
    }

    private static func size(of comparison: CommitComparison) -> String {
        "\(count(comparison.commits.count, "commit")), "
            + "\(count(comparison.filesChanged, "file")) changed, "
            + "+\(comparison.insertions) −\(comparison.deletions)."
    }

    private static func checksSentence(_ passed: [String], _ tests: [String: TestCounts]) -> String
    {
        guard !passed.isEmpty else { return " No checks are configured." }
        let checks = passed.map { command in
            "`\(codeSpan(command))`" + (tests[command].map { " (\($0))" } ?? "")
        }
        return " Passed at this commit: " + checks.joined(separator: ", ") + "."
    }

    static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    static func list(_ notes: [String]) -> String? {
        notes.isEmpty ? nil : notes.map { "- \(harmless(oneLine($0)))" }.joined(separator: "\n")
    }

    /// Text of agents and programs, folded away, where nothing in it can act: fenced by more
    /// backticks than it has, without markers of Skep's and without control characters.
    static func quoted(_ title: String, _ text: String) -> String? {
        let text = harmless(text)
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        return "<details><summary>\(title)</summary>\n\n\(fenced(text))\n\n</details>"
    }

    static func fenced(_ text: String) -> String {
        let text = harmless(text)
        var longest = 0
        var current = 0
        for character in text {
            current = character == "`" ? current + 1 : 0
            longest = max(longest, current)
        }
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return "\(fence)text\n\(text)\n\(fence)"
    }

    static func harmless(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        var sequences = EscapeSequences()
        for scalar in text.unicodeScalars where !sequences.take(scalar) {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            if !isControl || scalar == "\n" || scalar == "\t" { scalars.append(scalar) }
        }
        return String(scalars).split(
            separator: CommentMarker.prefix, omittingEmptySubsequences: false
        )
        .joined(separator: "<!- skep:")
    }

    static func oneLine(_ text: String) -> String {
        harmless(text).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    private static func codeSpan(_ text: String) -> String {
        oneLine(text).split(separator: "`", omittingEmptySubsequences: false).joined(separator: "'")
    }
}
