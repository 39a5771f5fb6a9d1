internal import SkepCore
internal import SkepQueue

/// Decides what a new run looks like: its branch, its first job.
struct RunPlanner: Sendable {
    let parts: SwarmParts

    /// - Parameter findings: What the agent has to mend or to know.
    func plan(
        _ issue: Issue, agent: any Agent, workflow: Workflow, priority: Int = 0,
        findings: String? = nil
    ) async throws -> NewRun {
        let definition = agent.definition
        var first = StepCatalog.job(
            for: workflow.steps[0], agent: definition, findings: findings)
        first.priority = priority
        let named = BranchName(
            rawValue: workflow.branch.filled(
                with: BranchTemplate.values(issue: issue, agent: definition)))
        let (branch, continues) =
            workflow.makesCommits
            ? try await branch(named, for: issue, agent: definition) : ("", false)
        return NewRun(
            issue: issue.reference, issueTitle: issue.title, agent: definition.name,
            workflow: workflow.name, branch: branch, continuesBranch: continues, firstStep: first)
    }

    /// The branch of an earlier run whose pull request is open; else the first of "x", "x-2", …
    /// to which no earlier run of the issue was published.
    private func branch(_ named: BranchName, for issue: Issue, agent: AgentDefinition) async throws
        -> (BranchName, continues: Bool)
    {
        let earlier = try await parts.store.runs(
            matching: RunFilter(issue: issue.reference, agent: agent.name, limit: 1000))
        let published = earlier.map(\.run).filter { $0.pullRequest != nil }
        if let last = published.first, let link = last.pullRequest {
            let reference = IssueReference(
                repository: issue.reference.repository, number: link.number)
            if try await isOpen(reference) { return (last.branch, true) }
        }
        let taken = Set(published.map(\.branch))
        return (named.numbered().first { !taken.contains($0) } ?? named, false)
    }

    /// Whether a pull request is open; one that was deleted isn't.
    private func isOpen(_ pullRequest: IssueReference) async throws -> Bool {
        do {
            return try await parts.tracker.pullRequest(pullRequest).isOpen
        } catch let error as any SkepError where error.kind == .conflict && !error.mayPass {
            return false
        }
    }
}

extension Workflow {
    /// Whether it has a branch of its own: one that only chooses among others' has none.
    var makesCommits: Bool { steps.first?.kind != "choose" }
}

extension BranchName {
    /// "x", "x-2", "x-3", … "x-99".
    func numbered() -> [BranchName] {
        [self] + (2...99).map { BranchName(rawValue: "\(rawValue)-\($0)") }
    }
}

/// The names that may stand in a branch's template.
enum BranchTemplate {
    static let names: Set<String> = ["agent.name", "issue.number"]

    static func values(issue: Issue, agent: AgentDefinition) -> [String: String] {
        ["agent.name": agent.name.rawValue, "issue.number": String(issue.reference.number)]
    }
}
