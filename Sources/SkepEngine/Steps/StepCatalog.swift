internal import SkepCore
internal import SkepQueue

/// The kinds of steps there are, and the jobs that do them.
enum StepCatalog {
    static let steps: [any Step] = [
        AgentStep(),
        CommandsStep(),
        ReviewStep(),
        ChooseStep(),
        PublishStep(),
    ]

    static func step(_ kind: StepKind) -> (any Step)? {
        steps.first { type(of: $0).kind == kind }
    }

    /// The first job of a run that an agent is to have.
    static func job(
        for step: StepDefinition, agent: AgentDefinition, findings: String? = nil
    ) -> NewStepJob {
        job(for: step, of: agent.name, priority: 0, findings: findings)
    }

    /// The job of a run that does a step next, as urgent as the run is.
    static func job(for step: StepDefinition, in run: Run, findings: String? = nil) -> NewStepJob {
        job(for: step, of: run.agent, priority: run.priority, findings: findings)
    }

    private static func job(
        for step: StepDefinition, of author: AgentName, priority: Int, findings: String?
    ) -> NewStepJob {
        let reviewer =
            step.kind == ReviewStep.kind ? step.reviewers(besides: author).first : nil
        return job(for: step, by: reviewer, of: author, priority: priority, findings: findings)
    }

    /// The job of one reviewer.
    static func job(for step: StepDefinition, by reviewer: AgentName, in run: Run) -> NewStepJob {
        job(for: step, by: reviewer, of: run.agent, priority: run.priority, findings: nil)
    }

    /// Steps with sessions wait for a free place of the agent whose session it is.
    private static func job(
        for step: StepDefinition, by reviewer: AgentName?, of author: AgentName, priority: Int,
        findings: String?
    ) -> NewStepJob {
        let hasSession = self.step(step.kind).map { type(of: $0).hasSession } ?? false
        return NewStepJob(
            step: step.name, maxFailures: step.maxFailures, priority: priority,
            concurrencyKey: hasSession ? (reviewer ?? author).concurrencyKey : nil,
            findings: findings, agent: reviewer)
    }
}

extension AgentName {
    /// What the jobs with this agent's sessions share.
    var concurrencyKey: ConcurrencyKey { ConcurrencyKey(rawValue: "agent:\(rawValue)") }
}

extension StepDefinition {
    /// The name under which `onOutcome` has the step to go on with although the last round didn't
    /// succeed.
    static let atCap = "at_cap"

    /// Who reviews the work of an author, in this order.
    func reviewers(besides author: AgentName) -> [AgentName] {
        let others = reviewers.filter { $0 != author }.removingRepeats()
        return Array(others.prefix(reviewerCount ?? others.count))
    }
}
