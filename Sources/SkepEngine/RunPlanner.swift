internal import SkepCore

/// Decides what a new run looks like: its branch, its first job.
struct RunPlanner: Sendable {
    let parts: SwarmParts

    func plan(_ issue: Issue, agent: any Agent, workflow: Workflow) async throws -> NewRun {
        let definition = agent.definition
        let named = BranchName(
            rawValue: workflow.branch.filled(
                with: BranchTemplate.values(issue: issue, agent: definition)))
        let (branch, continues) = try await branch(named, for: issue, agent: definition)
        return NewRun(
            issue: issue.reference, issueTitle: issue.title, agent: definition.name,
            workflow: workflow.name, branch: branch, continuesBranch: continues,
            firstStep: StepCatalog.job(for: workflow.steps[0], agent: definition))
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
            let pullRequest = try await parts.tracker.pullRequest(
                IssueReference(repository: issue.reference.repository, number: link.number))
            if pullRequest.isOpen { return (last.branch, true) }
        }
        let taken = Set(published.map(\.branch))
        return (named.numbered().first { !taken.contains($0) } ?? named, false)
    }
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
