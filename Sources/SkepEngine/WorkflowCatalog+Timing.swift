internal import SkepCore
internal import SkepQueue

extension WorkflowCatalog {
    static func schedule(_ reader: SettingsReader) -> WorkflowSchedule? {
        guard let schedule = reader.map("schedule", of: "schedule") else { return nil }
        defer { schedule.finish() }
        let missed = schedule.choice("missed", WorkflowSchedule.Missed.self) ?? .skip
        let zone = timeZone(schedule)
        let minutes = schedule.integer("every_minutes", in: 1...10080)
        let cron = schedule.text("cron")
        let timing: WorkflowSchedule.Timing
        switch (cron, minutes) {
        case (let cron?, nil):
            check(cron, schedule)
            timing = .cron(cron, timeZone: zone ?? "UTC")
        case (nil, let minutes?):
            if zone != nil {
                schedule.mistake(
                    "\"time_zone\" has no meaning for \"every_minutes\"",
                    at: schedule.location(of: "time_zone"))
            }
            timing = .every(.seconds(minutes * 60))
        case (_?, _?):
            schedule.mistake(
                "cron or every_minutes, not both", at: schedule.location(of: "every_minutes"))
            return nil
        case (nil, nil):
            if schedule.node("cron") == nil, schedule.node("every_minutes") == nil {
                schedule.mistake(
                    "\"schedule\" needs \"cron\" or \"every_minutes\"", at: schedule.location)
            }
            return nil
        }
        return WorkflowSchedule(timing: timing, missed: missed, location: schedule.location)
    }

    private static func check(_ cron: String, _ reader: SettingsReader) {
        do {
            _ = try CronExpression(cron)
        } catch {
            let text = [error.what, error.why].compactMap { $0 }.joined(separator: " ")
            reader.mistake(text, at: reader.location(of: "cron"))
        }
    }

    /// The zone that "time_zone" names, if it is one.
    static func timeZone(_ reader: SettingsReader) -> String? {
        guard let name = reader.text("time_zone") else { return nil }
        do {
            return try ScheduleTimeZone(name).identifier
        } catch {
            let text = [error.what, error.advice].compactMap { $0 }.joined(separator: " ")
            reader.mistake(text, at: reader.location(of: "time_zone"))
            return nil
        }
    }

    static func hours(_ reader: SettingsReader) -> RunningHours? {
        guard let hours = reader.map("hours", of: "hours") else { return nil }
        defer { hours.finish() }
        let from = timeOfDay("from", hours, isRequired: true)
        let to = timeOfDay("to", hours, isRequired: true)
        let days = days(hours)
        let zone = timeZone(hours) ?? "UTC"
        guard let from, let to else { return nil }
        if from == to {
            hours.mistake(
                "from \(clock(from)) to \(clock(to)) is a window that never opens; leave \"hours\" out for the whole day",
                at: hours.location(of: "to"))
        }
        return RunningHours(from: from, to: to, days: days, timeZone: zone)
    }

    private static func days(_ reader: SettingsReader) -> Set<Int> {
        guard let words = reader.texts("days") else { return [] }
        let known = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        var days: Set<Int> = []
        for word in words {
            if let index = known.firstIndex(of: word.lowercased()) {
                days.insert(index + 1)
            } else {
                reader.mistake(
                    "\"days\" can hold \(known.joined(separator: ", ")), not \"\(word)\"",
                    at: reader.location(of: "days", word))
            }
        }
        if words.isEmpty {
            reader.mistake(
                "without days it is a window that never opens; leave \"days\" out for every day",
                at: reader.location(of: "days"))
        }
        return days
    }

    /// Minutes after midnight of a time such as "22:00".
    static func timeOfDay(_ key: String, _ reader: SettingsReader, isRequired: Bool = false) -> Int?
    {
        guard let node = reader.node(key) else {
            if isRequired {
                reader.mistake(
                    "\"\(key)\" is missing: a time such as \"22:00\"", at: reader.location)
            }
            return nil
        }
        if case .text(let text) = node.value, let minutes = minutes(text) { return minutes }
        // YAML 1.1 reads 22:00 as 1320, a number to the base of sixty.
        reader.mistake(
            "\"\(key)\" must be a time of day from \"00:00\" to \"23:59\", in quotes",
            at: node.location)
        return nil
    }

    private static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    private static func clock(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }
}
