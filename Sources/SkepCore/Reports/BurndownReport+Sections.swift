extension BurndownReport {
    /// So many lines a section has, so many issues a line that names several.
    private static let most = (lines: 100, issues: 20)

    /// A heading with its issues; `nil` where there are none.
    func section(_ fate: Fate) -> String? {
        let entries = entries(of: fate)
        guard !entries.isEmpty else { return nil }
        var lines =
            switch fate {
            case .skipped: skippedLines(entries)
            case .notStarted: [references(entries)]
            default: entries.map { "- \(name($0)): \(account($0, fate))" }
            }
        if lines.count > Self.most.lines {
            let more = lines.count - Self.most.lines
            lines = lines.prefix(Self.most.lines) + ["- and \(more) more"]
        }
        return "## \(Self.heading(fate)) (\(entries.count))\n\n" + lines.joined(separator: "\n")
    }

    private static func heading(_ fate: Fate) -> String {
        switch fate {
        case .needsReview: "Needs review"
        case .merged: "Merged"
        case .closedUnmerged: "Closed without merging"
        case .asks: "Waits for an answer"
        case .underWay: "Under way"
        case .failed: "Failed"
        case .noChanges: "No changes"
        case .stopped: "Stopped"
        case .notStarted: "Not started"
        case .skipped: "Skipped"
        }
    }

    // MARK: One issue

    private func account(_ entry: Entry, _ fate: Fate) -> String {
        let agent = entry.run.map { "\($0.run.agent)" } ?? ""
        let run = entry.run.map { "\($0.run.agent), run \($0.run.id)" } ?? ""
        let detail = Self.plain(entry.run?.run.closing?.detail ?? "")
        switch fate {
        case .needsReview:
            let parts = [link(entry), Self.checks(entry), Self.waiting(entry)]
            return parts.compactMap { $0 }.joined(separator: "; ")
        case .merged, .closedUnmerged: return link(entry)
        case .asks:
            return "\(agent) asks “\(Self.plain(entry.question?.text ?? ""))” (run "
                + "\(entry.run.map { "\($0.run.id)" } ?? ""))"
        case .underWay: return "\(entry.run?.state.word ?? "") (\(run))"
        case .failed, .noChanges, .stopped:
            return detail.isEmpty ? run : "\(detail) (\(run))"
        case .notStarted, .skipped: return Self.plain(entry.item.reason ?? "")
        }
    }

    private func link(_ entry: Entry) -> String {
        guard let run = entry.run else { return "" }
        guard let pullRequest = run.run.pullRequest else { return "by \(run.run.agent)" }
        return "[pull request #\(pullRequest.number)](\(pullRequest.url)) of \(run.run.agent)"
    }

    private static func checks(_ entry: Entry) -> String? {
        guard !entry.checks.isEmpty else { return "no checks" }
        return entry.checks.map { check in
            let counts = check.tests.map { " (\($0))" } ?? ""
            return "\(code(check.command)) \(check.hasPassed ? "passed" : "failed")\(counts)"
        }.joined(separator: ", ")
    }

    /// What it waits for, and for whom.
    private static func waiting(_ entry: Entry) -> String {
        var parts: [String] = []
        if entry.pullRequest?.checks?.hasFailed == true { parts.append("its statuses fail") }
        if entry.pullRequest?.isMergeable == false { parts.append("can't be merged as it is") }
        let people = entry.reviewers.map { plain($0.rawValue) }.joined(separator: ", ")
        switch entry.pullRequest?.verdict {
        case .approved: parts.append("approved, waits to be merged")
        case .changesRequested:
            parts.append("changes requested" + (people.isEmpty ? "" : ", waits for \(people)"))
        case .commented, nil:
            parts.append("waits for \(people.isEmpty ? "a reviewer" : people)")
        }
        return parts.joined(separator: ", ")
    }

    private func name(_ entry: Entry) -> String {
        let title = Self.plain(entry.item.title)
        return title.isEmpty ? reference(entry) : "\(reference(entry)) \(title)"
    }

    /// Short where all are of the repository in which the report stands.
    private func reference(_ entry: Entry) -> String {
        let repository = entry.item.issue.repository
        var isHome = burndown.settings.repositories == [repository]
        if case .comment(let place) = burndown.settings.reportTo, place.repository != repository {
            isHome = false
        }
        return isHome ? "#\(entry.item.issue.number)" : "\(entry.item.issue)"
    }

    // MARK: Several issues

    /// Issues that are skipped for the same reason stand together when they are many.
    private func skippedLines(_ entries: [Entry]) -> [String] {
        let few = 3
        var reasons: [String] = []
        var byReason: [String: [Entry]] = [:]
        for entry in entries {
            let reason = Self.plain(entry.item.reason ?? "")
            if byReason[reason] == nil { reasons.append(reason) }
            byReason[reason, default: []].append(entry)
        }
        return reasons.flatMap { reason in
            let group = byReason[reason] ?? []
            guard group.count > few else { return group.map { "- \(name($0)): \(reason)" } }
            return ["\(references(group)): \(reason)"]
        }
    }

    private func references(_ entries: [Entry]) -> String {
        let named = entries.prefix(Self.most.issues).map(reference)
        let more = entries.count - named.count
        return "- " + named.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    // MARK: Agents

    /// How much each did; `nil` when nobody did anything.
    var agentTable: String? {
        let started = entries.filter { $0.run != nil }
        let agents = Set(started.compactMap { $0.run?.run.agent }).sorted()
        guard !agents.isEmpty else { return nil }
        let published: Set<Fate> = [.needsReview, .merged, .closedUnmerged]
        var rows = [["Agent", "Issues", "Published", "Failed", "Minutes"]]
        for agent in agents {
            let own = started.filter { $0.run?.run.agent == agent }
            let time = own.reduce(Duration.zero) { $0 + $1.sessionTime }
            rows.append([
                agent.rawValue, "\(own.count)", "\(own.count { published.contains($0.fate) })",
                "\(own.count { $0.fate == .failed })", "\(time.wholeMinutes)",
            ])
        }
        return "## By agent\n\n" + Self.table(rows)
    }

    /// A table whose columns also stand one below the other in a terminal; numbers to the right.
    private static func table(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        func line(_ row: [String]) -> String {
            let cells = row.enumerated().map { column, cell in
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + gap : gap + cell
            }
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let rule = widths.enumerated().map { column, width in
            column == 0
                ? String(repeating: "-", count: width)
                : String(repeating: "-", count: width - 1) + ":"
        }
        return
            ([line(rows[0]), "| " + rule.joined(separator: " | ") + " |"]
            + rows.dropFirst().map(line)).joined(separator: "\n")
    }

    // MARK: Words of others

    private static func code(_ text: String) -> String {
        "`\(ReportText.oneLine(text).map { $0 == "`" ? "'" : String($0) }.joined())`"
    }

    /// Text of people, agents and programs on one line, where nothing in it is markup or calls
    /// somebody; cut where it is long.
    static func plain(_ text: String) -> String {
        let limit = 300
        let line = ReportText.oneLine(text)
        let short = line.count > limit ? line.prefix(limit - 1) + "…" : line[...]
        var plain = ""
        for character in short {
            if "\\`*_[]<>|@".contains(character) { plain.append("\\") }
            plain.append(character)
        }
        return plain
    }
}
