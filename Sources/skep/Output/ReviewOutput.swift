import SkepCore
import SkepQueue

extension RunHistory {
    /// What reviewers said and found, and what the agent asked; nothing where there is none.
    func showReviews(on console: Console, now: Timestamp) {
        let sections = [
            ("Reviews", reviewTable), ("Findings", findingTable), ("Questions", questionTable(now)),
        ]
        for (title, table) in sections where !table.isEmpty {
            console.heading(title)
            console.show(table)
        }
    }

    private var reviewTable: Table {
        var table = Table([
            .fixed("COMMIT"), .fixed("ROUND"), .flexible("REVIEWER"), .fixed("VERDICT"),
            .fixed("FINDINGS"), .flexible("SUMMARY"),
        ])
        for review in reviews {
            table.add([
                review.commit.short, "\(review.round)", review.reviewer.rawValue,
                review.verdict.words, "\(review.findings.count)", review.summary,
            ])
        }
        return table
    }

    private var findingTable: Table {
        var table = Table([
            .fixed("ROUND"), .flexible("REVIEWER"), .flexible("WHERE"), .flexible("FINDING"),
        ])
        for review in reviews {
            for finding in review.findings {
                table.add([
                    "\(review.round)", review.reviewer.rawValue, finding.place, finding.message,
                ])
            }
        }
        return table
    }

    private func questionTable(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("ASKED"), .flexible("WHOM"), .flexible("QUESTION"), .flexible("ANSWER"),
            .flexible("BY"),
        ])
        for asked in questions {
            table.add([
                TimeText.relative(asked.question.askedAt, to: now),
                asked.question.asked.map(\.rawValue).joined(separator: ", "), asked.question.text,
                asked.answer ?? "waits for one", asked.answeredBy?.rawValue ?? "-",
            ])
        }
        return table.withoutEmptyColumns(keeping: ["QUESTION", "ANSWER"])
    }
}

extension Verdict {
    /// "changes requested"
    var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}

extension Finding {
    /// "Sources/Engine.swift:12", "-".
    var place: String {
        guard let path else { return "-" }
        return path + (line.map { ":\($0)" } ?? "")
    }
}

extension Question {
    var json: JSON {
        .object([
            "run_id": .id(run),
            "issue": .text(issue.description),
            "agent": .name(agent),
            "text": .text(text),
            "asked": .list(asked.map { .name($0) }),
            "asked_at": .time(askedAt),
            "comment_url": .optional(commentURL),
        ])
    }
}

extension AnsweredQuestion {
    var json: JSON {
        .object([
            "text": .text(question.text),
            "asked": .list(question.asked.map { .name($0) }),
            "asked_at": .time(question.askedAt),
            "comment_url": .optional(question.commentURL),
            "answer": .optional(answer),
            "answered_by": .name(answeredBy),
            "answered_at": .time(answeredAt),
        ])
    }
}

extension ReviewRecord {
    var json: JSON {
        .object([
            "reviewer": .name(reviewer),
            "commit": .name(commit),
            "round": .number(round),
            "verdict": .name(verdict),
            "summary": .text(summary),
            "findings": .list(findings.map(\.json)),
        ])
    }
}

extension Finding {
    var json: JSON {
        .object([
            "path": .optional(path), "line": .number(line), "message": .text(message),
        ])
    }
}
