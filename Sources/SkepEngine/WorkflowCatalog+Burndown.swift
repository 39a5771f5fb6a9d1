internal import SkepCore
internal import SkepQueue

extension WorkflowCatalog {
    static func feedback(_ reader: SettingsReader) -> FeedbackSettings {
        guard let node = reader.node("feedback") else { return FeedbackSettings() }
        switch node.value {
        case .boolean(true): return FeedbackSettings()
        case .boolean(false): return FeedbackSettings(sources: [])
        case .map: break
        default:
            reader.mistake("\"feedback\" must be a map, true or false", at: node.location)
            return FeedbackSettings()
        }
        guard let feedback = reader.map("feedback", of: "feedback") else {
            return FeedbackSettings()
        }
        var sources = Set(FeedbackSettings.Source.allCases)
        if let words = feedback.texts("from") {
            sources = Set(words.compactMap(FeedbackSettings.Source.init(rawValue:)))
            for word in words where FeedbackSettings.Source(rawValue: word) == nil {
                let known = FeedbackSettings.Source.allCases.map(\.rawValue)
                feedback.mistake(
                    "\"from\" can hold \(known.joined(separator: ", ")), not \"\(word)\"",
                    at: feedback.location(of: "from", word))
            }
            if words.isEmpty {
                feedback.mistake(
                    "feedback from nobody is feedback: false", at: feedback.location(of: "from"))
            }
        }
        let rounds = feedback.integer("rounds", in: 1...100) ?? 3
        let quiet = feedback.integer("quiet_seconds", in: 0...86_400) ?? 60
        feedback.finish()
        return FeedbackSettings(sources: sources, rounds: rounds, quiet: .seconds(quiet))
    }

    /// - Parameter name: The workflow's own; its issues go through it where no other is named.
    static func burndown(
        _ reader: SettingsReader, of name: WorkflowName, defaultAgent: AgentName?,
        schedule: WorkflowSchedule?, repository: RepositoryName?
    ) -> BurndownTemplate? {
        guard let burndown = reader.map("burndown", of: "burndown") else { return nil }
        if reader.node("schedule") == nil {
            burndown.mistake(
                "\"burndown\" needs a \"schedule\", whose ticks open it; \"skep burndown\" opens one now",
                at: burndown.location)
        }
        let until = timeOfDay("until", burndown)
        let zone = timeZone(burndown) ?? schedule?.zone ?? "UTC"
        let agents = (burndown.texts("agents") ?? []).map(AgentName.init(rawValue:))
        let workflow = burndown.text("workflow").map(WorkflowName.init(rawValue:)) ?? name
        if agents.isEmpty, workflow == name, defaultAgent == nil {
            burndown.mistake(
                "nobody would work: name \"agents\" here, or agents: {default: NAME}",
                at: burndown.location)
        }
        let settings = BurndownSettings(
            workflow: workflow, repositories: [], labels: burndown.texts("labels") ?? [],
            agents: agents.removingRepeats(),
            maxIssues: burndown.integer("max_issues", in: 1...100_000),
            maxMinutes: burndown.integer("max_minutes", in: 1...100_000),
            concurrency: burndown.integer("concurrency", in: 1...1000),
            atEnd: burndown.choice("at_end", BurndownSettings.AtEnd.self) ?? .finish,
            reportTo: reportTo(burndown, repository))
        burndown.finish()
        return BurndownTemplate(settings: settings, until: until, timeZone: zone)
    }

    private static func reportTo(_ reader: SettingsReader, _ repository: RepositoryName?)
        -> BurndownSettings.ReportTo
    {
        switch reader.text("report") {
        case nil, "issue": return .issue
        case "file": return .file
        case let text?:
            // "12" alone may be anything.
            if text.contains("#"), let issue = IssueReference(text, in: repository) {
                return .comment(issue)
            }
            let example = repository == nil ? "\"owner/name#12\"" : "\"#12\""
            reader.mistake(
                "\"report\" must be issue, file or an issue such as \(example), not \"\(text)\"",
                at: reader.location(of: "report"))
            return .issue
        }
    }
}

extension WorkflowSchedule {
    /// The zone of its clock; `nil` where it follows none.
    fileprivate var zone: String? {
        if case .cron(_, let zone) = timing { zone } else { nil }
    }
}
