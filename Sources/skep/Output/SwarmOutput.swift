import SkepCore
import SkepQueue

extension ShutGate {
    /// The fields of a gate, as docs/json-output.md lists them.
    var json: JSON {
        .object([
            "kind": .name(kind),
            "what": .text(what),
            "opens": .text(opens),
            "opens_at": .time(opensAt),
        ])
    }
}

extension WaitingTrigger {
    var json: JSON {
        .object([
            "id": .id(id),
            "issue": .text(demand.trigger.issue.description),
            "agent": .name(demand.trigger.agent),
            "cause": .text(cause),
            "asked_by": .name(demand.askedBy),
            "priority": .number(demand.priority),
            "seen_at": .time(seenAt),
            "gates": .list(gates.map(\.json)),
        ])
    }
}

extension PublishedPullRequest {
    var json: JSON {
        .object([
            "number": .number(reference.number),
            "repository": .text(reference.repository.description),
            "issue": .text(issue.description),
            "run_id": .id(run),
            "agent": .name(agent),
            "branch": .name(branch),
            "url": .text(url),
            "state": .name(state),
            "head": .name(head),
            "is_mergeable": isMergeable.map { .boolean($0) } ?? .null,
            "verdict": .name(verdict),
            "checks": .name(checks),
            "rounds": .number(rounds),
            "seen_at": .time(seenAt),
        ])
    }
}

extension TestCounts {
    /// "212 passed, 1 failed, 3 skipped"
    var words: String {
        var parts = ["\(passed) passed"]
        if failed > 0 { parts.append("\(failed) failed") }
        if skipped > 0 { parts.append("\(skipped) skipped") }
        return parts.joined(separator: ", ")
    }

    var json: JSON {
        .object([
            "passed": .number(passed), "failed": .number(failed), "skipped": .number(skipped),
            "failed_names": .list(failedNames.map { .text($0) }),
        ])
    }
}

extension ScheduleStatus {
    var json: JSON {
        .object([
            "name": .name(schedule.name),
            "timing": .text(schedule.timing.words),
            "cron": .optional(schedule.timing.cron?.expression),
            "time_zone": .optional(schedule.timing.cron?.timeZone),
            "every_seconds": .number(schedule.timing.interval?.components.seconds),
            "is_paused": .boolean(isPaused),
            "last_tick_at": .time(lastTickAt),
            "next_tick_at": .time(nextTickAt),
            "last_job_id": .id(lastJob?.id),
            "last_job_state": .name(lastJob?.state),
            "skipped": .number(skipped),
        ])
    }
}

extension ScheduleTiming {
    /// "0 22 * * 1-5, Europe/Berlin", "every 6 h".
    var words: String {
        switch self {
        case .cron(let expression, let zone): "\(expression), \(zone)"
        case .every(let length, _): "every \(TimeText.short(length))"
        case .once(let time): "once, \(TimeText.rfc3339(time))"
        }
    }

    var cron: (expression: String, timeZone: String)? {
        guard case .cron(let expression, let zone) = self else { return nil }
        return ("\(expression)", zone.identifier)
    }

    var interval: Duration? {
        if case .every(let length, _) = self { length } else { nil }
    }
}
