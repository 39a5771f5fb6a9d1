import SkepCore
import SkepQueue

extension RunHistory {
    func sessionTable(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("SESSION"), .fixed("AGENT"), .fixed("BEGUN"), .fixed("TOOK"), .fixed("OUTPUT"),
            .fixed("TOKENS"), .fixed("COST"), .flexible("ENDING"),
        ])
        for session in sessions {
            table.add([
                "\(session.id)", session.agent.rawValue,
                TimeText.relative(session.startedAt, to: now),
                session.endedAt.map { TimeText.short($0 - session.startedAt) } ?? "-",
                session.shownOutput,
                session.facts.usage.map { Phrase.grouped(Int($0.tokens)) } ?? "—",
                session.facts.usage?.cost?.description ?? "—", session.shownEnding,
            ])
        }
        return table
    }

    /// What its sessions used together; `nil` where none has said.
    var used: String? {
        let usages = sessions.compactMap(\.facts.usage)
        guard !usages.isEmpty else { return nil }
        let cost = usages.contains { $0.cost == nil } ? ", cost not known of all" : ""
        return "\(usages.reduce(Usage(), +).words)\(cost)"
    }

    /// Why sessions didn't come to a good end, and what that was known by.
    var failureTable: Table {
        var table = Table([
            .fixed("SESSION"), .fixed("TYPE"), .flexible("WHAT"), .flexible("KNOWN BY"),
        ])
        for session in sessions {
            guard let failure = session.facts.failure else { continue }
            let evidence = failure.evidence.map { "\($0.rule) in \($0.source): \($0.text)" }
            table.add([
                "\(session.id)", failure.type.words, failure.detail ?? "",
                evidence.joined(separator: "; "),
            ])
        }
        return table.withoutEmptyColumns(keeping: ["TYPE"])
    }
}

extension SessionRecord {
    /// Of one that was lost it may not be known.
    fileprivate var shownOutput: String {
        let isCounted = endedAt != nil && (outputBytes > 0 || facts.failure?.type != .lost)
        return isCounted ? TimeText.bytes(outputBytes) : "-"
    }

    /// A person's stop isn't settled before a worker has saved what the session made.
    fileprivate var shownEnding: String {
        ending ?? (stop == nil ? "open" : "stopped, not saved yet")
    }

    /// The last line of its events, once it is settled.
    var endJSON: JSON {
        .object([
            "session_id": .id(id),
            "at": .time(endedAt),
            "kind": .text("ended"),
            "attempt": .number(attempt),
            "ending": .optional(ending),
            "failure": facts.failure?.json ?? .null,
        ])
    }

    var json: JSON {
        .object([
            "id": .id(id),
            "job_id": .id(job),
            "attempt": .number(attempt),
            "agent": .name(agent),
            "started_at": .time(startedAt),
            "ended_at": .time(endedAt),
            "ending": .optional(ending),
            "output_bytes": .number(outputBytes),
            "vendor_session": .optional(facts.vendorSession),
            "model": .optional(facts.model),
            "usage": facts.usage?.json ?? .null,
            "failure": facts.failure?.json ?? .null,
            "sandbox": facts.sandbox?.json ?? .null,
            "workspace": .optional(workspacePath),
            "base": .name(base),
        ])
    }
}
