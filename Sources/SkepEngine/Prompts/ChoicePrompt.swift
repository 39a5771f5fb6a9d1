internal import SkepCore
internal import SkepQueue

/// What an agent is told that chooses among pull requests.
struct ChoicePrompt {
    let issue: Issue
    let candidates: [Candidate]

    static let names = PromptTemplate.names.union(["candidates"])

    /// All diffs together; more isn't put into a prompt.
    private static let maxDiff = 200_000

    func text(in workspace: Workspace, _ context: StepContext) async throws -> String {
        let template = context.definition.prompt ?? context.workflow.prompt
        let discussion = try await PromptTemplate.discussion(
            on: issue, for: template, context.parts)
        var values = PromptTemplate.values(
            issue: issue, discussion: discussion, run: context.run,
            agent: context.agent.definition, workspace: workspace)
        var texts: [String] = []
        for candidate in candidates { texts.append(try await text(of: candidate, context)) }
        values["candidates"] = texts.joined(separator: "\n\n")
        return PromptTemplate.joined([
            context.agent.definition.instructions, template.filled(with: values),
            expected(OutputDocument.path(in: workspace)),
        ])
    }

    private func text(of candidate: Candidate, _ context: StepContext) async throws -> String {
        let repository = issue.reference.repository
        let comparison = try await context.parts.workspaces.comparison(
            of: candidate.head, with: candidate.base, in: repository)
        let diff = try await ChangeText.diff(
            of: candidate.head, with: candidate.base, comparison,
            maxBytes: Self.maxDiff / candidates.count, in: repository, context.parts)
        let reviews = candidate.history.reviews.filter { $0.commit == candidate.head }
        return """
            ## \(candidate.run.agent)

            Pull request #\(candidate.link.number), commit \(candidate.head), \
            \(comparison.filesChanged) files changed, +\(comparison.insertions) \
            −\(comparison.deletions).

            \(ChangeText.checks(candidate.history.checks, at: candidate.head))

            \(reviews.isEmpty ? "It wasn't reviewed." : ReportText.findings(reviews))

            \(diff)
            """
    }

    /// Stands below every such prompt: without the document nothing is chosen.
    private func expected(_ path: String) -> String {
        let names = candidates.map { "\"\($0.run.agent)\"" }.joined(separator: ", ")
        return """
            Name the one you choose in a JSON document in the file \(path) (its name is in \
            SKEP_OUTPUT, too):

            {"choice": "NAME", "why": "One paragraph, for the people who will read it."}

            NAME is one of \(names). Without this document nothing is chosen. What you change in \
            the working tree is thrown away.
            """
    }
}
