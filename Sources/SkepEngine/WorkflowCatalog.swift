public import SkepCore

/// Reads workflow files.
public enum WorkflowCatalog {
    /// The kinds of steps there are.
    public static var stepKinds: [StepKind] { StepCatalog.steps.map { type(of: $0).kind } }

    /// Reads a workflow's front matter and body.
    ///
    /// - Parameter mistakes: Gets everything that is wrong, with its place.
    /// - Returns: `nil` when it is too wrong to be used.
    public static func read(
        frontMatter: SettingsNode, body: String, bodyLocation: SettingsLocation,
        into mistakes: SettingsMistakes
    ) -> Workflow? {
        let before = mistakes.all.count
        let reader = SettingsReader(frontMatter, of: "the workflow", mistakes: mistakes)
        let name = WorkflowName(rawValue: reader.requiredText("name"))

        var selection: Workflow.Selection?
        if let select = reader.map("select", of: "select") {
            if let state = select.text("state"), state != "open" {
                select.mistake(
                    "\"state\" can only be open", at: select.location(of: "state"))
            }
            let labels = select.texts("labels") ?? []
            if labels.isEmpty {
                select.mistake(
                    "\"select\" needs \"labels\"; without them every open issue would be worked on",
                    at: select.location)
            }
            selection = Workflow.Selection(labels: labels)
            select.finish()
        }

        var asks: Set<Workflow.Ask> = [.assignee, .label]
        var defaultAgent: AgentName?
        if let agents = reader.map("agents", of: "agents") {
            if let words = agents.texts("by") {
                asks = Set(words.compactMap(Workflow.Ask.init(rawValue:)))
                for word in words where Workflow.Ask(rawValue: word) == nil {
                    agents.mistake(
                        "\"by\" can hold assignee and label, not \"\(word)\"",
                        at: agents.location(of: "by", word))
                }
            }
            defaultAgent = agents.text("default").map(AgentName.init(rawValue:))
            agents.finish()
        }
        if selection != nil, defaultAgent == nil {
            reader.mistake(
                "\"select\" needs a default agent: agents: {default: NAME}",
                at: reader.location(of: "select"))
        }

        let branchNode = reader.node("branch")
        let branch = Template(
            reader.text("branch") ?? "{{ agent.name }}/issue-{{ issue.number }}",
            names: BranchTemplate.names, at: branchNode?.location ?? reader.location,
            mistakes: mistakes)
        for needed in BranchTemplate.names.sorted() where !branch.uses(needed) {
            reader.mistake(
                "the branch's name needs {{ \(needed) }}, or runs would share a branch",
                at: branchNode?.location ?? reader.location)
        }
        let keepsIgnored = reader.boolean("keep_ignored_files") ?? false
        let steps = (reader.nodes("steps") ?? []).compactMap { step($0, mistakes) }
        check(steps, reader)
        reader.finish()

        let prompt = Template(
            body, names: PromptTemplate.names, at: bodyLocation, mistakes: mistakes)
        if body.allSatisfy(\.isWhitespace) {
            mistakes.add("the prompt is empty: write what the agent is to do", at: bodyLocation)
        }
        guard mistakes.all.count == before else { return nil }
        return Workflow(
            name: name, selection: selection, asks: asks, defaultAgent: defaultAgent,
            branch: branch, steps: steps, prompt: prompt, keepsIgnored: keepsIgnored,
            location: frontMatter.location)
    }

    private static func step(_ node: SettingsNode, _ mistakes: SettingsMistakes) -> StepDefinition?
    {
        let reader = SettingsReader(node, of: "the step", mistakes: mistakes)
        let name = StepName(rawValue: reader.requiredText("name"))
        let kind = StepKind(rawValue: reader.requiredText("kind"))
        let failures = reader.integer("failures", in: 1...100) ?? 3
        let rounds = reader.integer("rounds", in: 0...100) ?? 2
        var transitions: [String: StepName] = [:]
        if let on = reader.map("on", of: "on") {
            if let target = on.text("failed") {
                transitions["failed"] = StepName(rawValue: target)
            }
            on.finish()
        }
        guard let step = StepCatalog.step(kind) else {
            let known = stepKinds.map { $0.rawValue }
            let hint =
                nearest(to: kind.rawValue, among: known).map { "did you mean \"\($0)\"?" }
                ?? "known are \(known.joined(separator: ", "))"
            if !kind.rawValue.isEmpty {
                reader.mistake(
                    "there is no step kind \"\(kind)\"; \(hint)", at: reader.location(of: "kind"))
            }
            return nil
        }
        let settings = type(of: step).read(reader)
        reader.finish()
        return StepDefinition(
            name: name, kind: kind, maxFailures: failures, onOutcome: transitions, rounds: rounds,
            commands: settings.commands, environment: settings.environment,
            limits: settings.limits, location: node.location)
    }

    private static func check(_ steps: [StepDefinition], _ reader: SettingsReader) {
        if steps.isEmpty {
            reader.mistake("\"steps\" needs at least one step", at: reader.location(of: "steps"))
        }
        if let first = steps.first, first.kind != AgentStep.kind {
            reader.mistake("the first step must be of kind agent", at: first.location)
        }
        var names: Set<StepName> = []
        for step in steps where !names.insert(step.name).inserted {
            reader.mistake("two steps are called \"\(step.name)\"", at: step.location)
        }
        for step in steps {
            for target in step.onOutcome.values where !steps.contains(where: { $0.name == target })
            {
                reader.mistake("there is no step \"\(target)\" to go on with", at: step.location)
            }
        }
    }
}
