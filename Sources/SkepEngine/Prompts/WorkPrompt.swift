internal import SkepCore
internal import SkepQueue

/// What an agent is told that works on an issue.
struct WorkPrompt {
    let issue: Issue
    /// The branch that the run's work is to be merged into.
    let target: BranchName?
    let history: RunHistory

    /// - Parameter commit: What an attempt before this one left, which isn't in the working tree.
    func text(
        in workspace: Workspace, leftBefore commit: CommitID?, _ context: StepContext
    ) async throws -> String {
        let template = context.definition.prompt ?? context.workflow.prompt
        let discussion = try await PromptTemplate.discussion(
            on: issue, for: template, context.parts)
        let values = PromptTemplate.values(
            issue: issue, discussion: discussion, run: context.run,
            agent: context.agent.definition, workspace: workspace)
        let findings = context.job.findings
        let answered = history.questions.filter { $0.answer != nil }
        // An answer that the job was given is told with its question.
        let isAnswer = findings != nil && answered.contains { $0.answer == findings }
        let definition = context.agent.definition
        return PromptTemplate.joined([
            definition.instructions,
            await RepositoryInstructions.read(in: workspace, besides: definition.reads)?.prompt,
            template.filled(with: values), Self.conversation(answered),
            isAnswer ? nil : findings.map { mend($0, context.run) },
            commit.map {
                "An attempt at this before you wasn't finished. What it had changed isn't in the working "
                    + "tree; `git log -p HEAD..\($0)` shows it, and `git cherry-pick` takes over what is good of it."
            },
        ])
    }

    private static func conversation(_ questions: [AnsweredQuestion]) -> String? {
        guard !questions.isEmpty else { return nil }
        let texts = questions.map { question in
            let person = question.answeredBy.map(\.rawValue) ?? "A person"
            return "Your question:\n\n\(question.question.text)\n\n\(person) answered:\n\n"
                + (question.answer ?? "")
        }
        return
            "You had begun with this, and asked. What you had changed is in the working tree.\n\n"
            + texts.joined(separator: "\n\n")
    }

    private func mend(_ findings: String, _ run: Run) -> String {
        // Later rounds of such a run are about its own changes.
        if case .feedback(let number, _)? = TriggerCause(run.cause), run.head == nil {
            return PromptTemplate.joined([
                "The working tree holds your branch \(run.branch), whose pull request "
                    + "#\(number) is open. People and checks said this of it; answer it with "
                    + "changes, and change nothing else:",
                findings,
                target.map {
                    "The newest state of \($0) is in this repository as origin/\($0): where there "
                        + "are conflicts with it, `git merge origin/\($0)` and resolve them. "
                        + "There is no network needed for that, and nothing to fetch or push."
                },
            ])
        }
        if run.head == nil {
            let opening =
                run.continuesBranch
                ? "The working tree holds your branch \(run.branch), whose pull request is open. "
                : ""
            return opening + "This was said to you beside the issue:\n\n" + findings
        }
        return
            "Your changes so far are in the working tree. They were checked, and this was found; "
            + "mend it:\n\n" + findings
    }
}
