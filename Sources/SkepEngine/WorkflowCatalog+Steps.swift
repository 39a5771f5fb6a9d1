internal import SkepCore
internal import SkepQueue

extension WorkflowCatalog {
    static func step(
        _ node: SettingsNode, _ prompts: [String: PromptFile], _ mistakes: SettingsMistakes
    ) -> StepDefinition? {
        let reader = SettingsReader(node, of: "the step", mistakes: mistakes)
        let name = StepName(rawValue: reader.requiredText("name"))
        let kind = StepKind(rawValue: reader.requiredText("kind"))
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
        let code = type(of: step)
        let failures = reader.integer("failures", in: 1...100) ?? 3
        var transitions = transitions(reader, code.outcomes)
        let rounds = rounds(reader, transitions, code.outcomes)
        let prompt = code.promptNames.flatMap { Self.prompt(reader, prompts, $0, mistakes) }
        let settings = code.read(reader)
        if let target = settings.stepAtCap {
            if transitions.isEmpty {
                reader.mistake(
                    "\"at_cap\" has no meaning without \"on\"", at: reader.location(of: "at_cap"))
            }
            transitions[StepDefinition.atCap] = target
        }
        reader.finish()
        return StepDefinition(
            name: name, kind: kind, maxFailures: failures, onOutcome: transitions, rounds: rounds,
            commands: settings.commands, environment: settings.environment,
            sandbox: settings.sandbox, limits: settings.limits, reviewers: settings.reviewers,
            reviewerCount: settings.reviewerCount, prompt: prompt,
            testReports: settings.testReports, isReadOnly: settings.isReadOnly,
            location: node.location)
    }

    /// Where the run goes on each outcome that the step's kind may have.
    private static func transitions(_ reader: SettingsReader, _ outcomes: [String]) -> [String:
        StepName]
    {
        guard !outcomes.isEmpty, let on = reader.map("on", of: "on") else { return [:] }
        var transitions: [String: StepName] = [:]
        for outcome in outcomes {
            transitions[outcome] = on.text(outcome).map(StepName.init(rawValue:))
        }
        on.finish()
        return transitions
    }

    private static func rounds(
        _ reader: SettingsReader, _ transitions: [String: StepName], _ outcomes: [String]
    ) -> Int {
        guard !outcomes.isEmpty, let rounds = reader.integer("rounds", in: 0...100) else {
            return 2
        }
        if transitions.isEmpty {
            reader.mistake(
                "\"rounds\" has no meaning without \"on\": {\(outcomes[0]): STEP}",
                at: reader.location(of: "rounds"))
        }
        return rounds
    }

    private static func prompt(
        _ reader: SettingsReader, _ prompts: [String: PromptFile], _ names: Set<String>,
        _ mistakes: SettingsMistakes
    ) -> Template? {
        guard let file = reader.text("prompt") else { return nil }
        guard let prompt = prompts[file] else {
            let known = prompts.keys.sorted()
            let hint =
                nearest(to: file, among: known).map { "; did you mean \"\($0)\"?" }
                ?? (known.isEmpty
                    ? "; a prompt is a Markdown file beside the workflow, without front matter"
                    : "; there are \(known.joined(separator: ", "))")
            reader.mistake(
                "there is no prompt file \"\(file)\"\(hint)", at: reader.location(of: "prompt"))
            return nil
        }
        if prompt.text.allSatisfy(\.isWhitespace) {
            mistakes.add("the prompt is empty", at: prompt.location)
        }
        return Template(prompt.text, names: names, at: prompt.location, mistakes: mistakes)
    }

    static func check(_ steps: [StepDefinition], _ reader: SettingsReader) {
        if steps.isEmpty {
            reader.mistake("\"steps\" needs at least one step", at: reader.location(of: "steps"))
        }
        if let first = steps.first, first.kind != AgentStep.kind, first.kind != ChooseStep.kind {
            reader.mistake("the first step must be of kind agent", at: first.location)
        }
        for step in steps where step.kind == ChooseStep.kind && steps.count > 1 {
            reader.mistake("a step of kind choose stands alone", at: step.location)
        }
        var names: Set<StepName> = []
        for step in steps where !names.insert(step.name).inserted {
            reader.mistake("two steps are called \"\(step.name)\"", at: step.location)
        }
        for (index, step) in steps.enumerated() {
            for (outcome, target) in step.onOutcome.sorted(by: { $0.key < $1.key }) {
                check(outcome, target, of: step, index, steps, reader)
            }
        }
    }

    private static func check(
        _ outcome: String, _ target: StepName, of step: StepDefinition, _ index: Int,
        _ steps: [StepDefinition], _ reader: SettingsReader
    ) {
        guard let place = steps.firstIndex(where: { $0.name == target }) else {
            reader.mistake("there is no step \"\(target)\" to go on with", at: step.location)
            return
        }
        if outcome == StepDefinition.atCap {
            if place <= index {
                reader.mistake(
                    "\"at_cap\" names a step that comes later, or fail, not \"\(target)\"",
                    at: step.location)
            }
        } else if steps[place].kind != AgentStep.kind {
            reader.mistake(
                "on \(outcome) it must go back to a step of kind agent, and \"\(target)\" is of kind \(steps[place].kind)",
                at: step.location)
        }
    }

    /// What a workflow has that only plans: its own steps are never asked for.
    static func planOnlySteps(at location: SettingsLocation) -> [StepDefinition] {
        [
            StepDefinition(name: "work", kind: AgentStep.kind, location: location),
            StepDefinition(name: "publish", kind: PublishStep.kind, location: location),
        ]
    }
}
