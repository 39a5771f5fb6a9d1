// What is said where issues are retired, and where they come back.
extension ReportText {
    /// Closes an issue that nobody will work on.
    ///
    /// - Parameters:
    ///   - day: "2026-03-28".
    ///   - label: Put on, so that those closed together are found again.
    public static func retired(
        _ issue: IssueReference, on day: String, reason: String, label: String?
    ) -> NewReport {
        let found = label.map {
            " It carries the label \(quotable($0)), as all that were closed so."
        }
        return NewReport(
            topic: "retire",
            body: "Closing during the \(day) backlog burn-down. Reason: \(sentence(reason))\n\n"
                + "Nothing is lost: if it still matters, reopen it, and say in a comment what has "
                + "changed.\(found ?? "")",
            content: .close(labels: label.map { [$0] } ?? []), on: issue)
    }

    /// Reopens an issue of a retirement.
    public static func unretired(_ issue: IssueReference, of retirement: Retirement) -> NewReport {
        NewReport(
            topic: "reopen-\(retirement.id)",
            body: "Reopening: this was closed during a backlog burn-down, which is taken back. "
                + "Its reason was: \(sentence(retirement.reason))",
            content: .reopen(removing: retirement.label.map { [$0] } ?? []), on: issue)
    }

    /// Somebody's words on one line, with an end.
    static func sentence(_ text: String) -> String {
        let line = oneLine(text).split(separator: " ").joined(separator: " ")
        guard let last = line.last, !".!?…".contains(last) else { return line }
        return line + "."
    }
}
