internal import SkepCore

/// The kinds of steps there are.
enum StepCatalog {
    static let steps: [any Step] = [
        AgentStep(),
        CommandsStep(),
        PublishStep(),
    ]

    static func step(_ kind: StepKind) -> (any Step)? {
        steps.first { type(of: $0).kind == kind }
    }

    /// The job that does a step. Only agent steps wait for a free place of their agent.
    static func job(
        for step: StepDefinition, agent: AgentDefinition, findings: String? = nil
    ) -> NewStepJob {
        NewStepJob(
            step: step.name, maxFailures: step.maxFailures,
            concurrencyKey: step.kind == AgentStep.kind ? agent.concurrencyKey : nil,
            findings: findings)
    }
}
