public import SkepCore

/// Reads workflow files.
public enum WorkflowCatalog {
    /// A file beside the workflows that holds a prompt and nothing else: it has no front matter.
    public typealias PromptFile = (text: String, location: SettingsLocation)

    /// The kinds of steps there are.
    public static var stepKinds: [StepKind] { StepCatalog.steps.map { type(of: $0).kind } }

    /// The workflow that is meant where none is named: the first that anybody may ask for.
    /// Those that only plan, or only choose, are not.
    public static func standard(of workflows: [Workflow]) -> Workflow? {
        workflows.first { !$0.asks.isEmpty } ?? workflows.first { $0.selection != nil }
    }

    /// Reads a workflow's front matter and body.
    ///
    /// - Parameters:
    ///   - prompts: The prompt files that steps may name, by their file names.
    ///   - repository: The one that "#12" means; `nil`: issues must be named with theirs.
    ///   - mistakes: Gets everything that is wrong, with its place.
    /// - Returns: `nil` when it is too wrong to be used.
    public static func read(
        frontMatter: SettingsNode, body: String, bodyLocation: SettingsLocation,
        prompts: [String: PromptFile] = [:], repository: RepositoryName? = nil,
        into mistakes: SettingsMistakes
    ) -> Workflow? {
        let before = mistakes.all.count
        let reader = SettingsReader(frontMatter, of: "the workflow", mistakes: mistakes)
        let name = WorkflowName(rawValue: reader.requiredText("name"))
        let selection = selection(reader)
        var (asks, defaultAgent) = agents(reader)
        let schedule = schedule(reader)
        let burndown = burndown(
            reader, of: name, defaultAgent: defaultAgent, schedule: schedule,
            repository: repository)
        if selection != nil, defaultAgent == nil {
            reader.mistake(
                "\"select\" needs a default agent: agents: {default: NAME}",
                at: reader.location(of: "select"))
        }
        if schedule != nil, selection == nil, burndown == nil {
            reader.mistake(
                "\"schedule\" says when to look for issues, so it needs \"select\" or \"burndown\"",
                at: reader.location(of: "schedule"))
        }

        let branch = branch(reader, mistakes)
        let keepsIgnored = reader.boolean("keep_ignored_files") ?? false
        let hours = hours(reader)
        let feedback = feedback(reader)
        let chooser = chooser(reader)
        // Its issues go through another workflow; nobody asks for this one.
        let isPlanOnly =
            reader.nodes("steps") == nil && burndown?.settings.workflow != nil
            && burndown?.settings.workflow != name
        var steps: [StepDefinition]
        if isPlanOnly {
            asks = []
            steps = planOnlySteps(at: frontMatter.location)
        } else {
            steps = (reader.nodes("steps") ?? []).compactMap { step($0, prompts, mistakes) }
            check(steps, reader)
        }
        if let defaultAgent { checkIndependence(of: defaultAgent, steps, chooser, reader) }
        reader.finish()

        let names = steps.first.flatMap { StepCatalog.step($0.kind) }
            .flatMap { type(of: $0).promptNames }
        let prompt = Template(
            body, names: names ?? PromptTemplate.names, at: bodyLocation, mistakes: mistakes)
        if body.allSatisfy(\.isWhitespace), !isPlanOnly {
            mistakes.add("the prompt is empty: write what the agent is to do", at: bodyLocation)
        }
        guard mistakes.all.count == before else { return nil }
        return Workflow(
            name: name, selection: selection, asks: asks, defaultAgent: defaultAgent,
            branch: branch, steps: steps, prompt: prompt, keepsIgnored: keepsIgnored,
            schedule: schedule, hours: hours, feedback: feedback, chooser: chooser,
            burndown: burndown, location: frontMatter.location)
    }

    private static func selection(_ reader: SettingsReader) -> Workflow.Selection? {
        guard let select = reader.map("select", of: "select") else { return nil }
        if let state = select.text("state"), state != "open" {
            select.mistake("\"state\" can only be open", at: select.location(of: "state"))
        }
        let labels = select.texts("labels") ?? []
        if labels.isEmpty {
            select.mistake(
                "\"select\" needs \"labels\"; without them every open issue would be worked on",
                at: select.location)
        }
        select.finish()
        return Workflow.Selection(labels: labels)
    }

    private static func agents(_ reader: SettingsReader) -> (Set<Workflow.Ask>, AgentName?) {
        var asks = Set(Workflow.Ask.allCases)
        guard let agents = reader.map("agents", of: "agents") else { return (asks, nil) }
        if let words = agents.texts("by") {
            asks = Set(words.compactMap(Workflow.Ask.init(rawValue:)))
            for word in words where Workflow.Ask(rawValue: word) == nil {
                agents.mistake(
                    "\"by\" can hold assignee, label and comment, not \"\(word)\"",
                    at: agents.location(of: "by", word))
            }
        }
        let defaultAgent = agents.text("default").map(AgentName.init(rawValue:))
        agents.finish()
        return (asks, defaultAgent)
    }

    private static func branch(_ reader: SettingsReader, _ mistakes: SettingsMistakes) -> Template {
        let node = reader.node("branch")
        let branch = Template(
            reader.text("branch") ?? "{{ agent.name }}/issue-{{ issue.number }}",
            names: BranchTemplate.names, at: node?.location ?? reader.location,
            mistakes: mistakes)
        for needed in BranchTemplate.names.sorted() where !branch.uses(needed) {
            reader.mistake(
                "the branch's name needs {{ \(needed) }}, or runs would share a branch",
                at: node?.location ?? reader.location)
        }
        return branch
    }

    /// Nobody judges their own work.
    private static func checkIndependence(
        of agent: AgentName, _ steps: [StepDefinition], _ chooser: AgentName?,
        _ reader: SettingsReader
    ) {
        for step in steps
        where !step.reviewers.isEmpty && step.reviewers(besides: agent).isEmpty {
            reader.mistake(
                "nobody would review: \"by\" names only \(agent), who works by default",
                at: step.location)
        }
        if chooser == agent {
            reader.mistake(
                "\(agent) works by default, and can't choose among its own work and others'",
                at: reader.location(of: "choose", "by"))
        }
    }

    private static func chooser(_ reader: SettingsReader) -> AgentName? {
        guard let choose = reader.map("choose", of: "choose") else { return nil }
        let name = choose.requiredText("by")
        choose.finish()
        return name.isEmpty ? nil : AgentName(rawValue: name)
    }
}
