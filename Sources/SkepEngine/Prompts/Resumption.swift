internal import SkepCore
internal import SkepQueue

/// How an agent that asked a person goes on with its own session: which one, and the answer, which
/// is all that is new to it.
struct Resumption: Sendable, Hashable {
    let vendorSession: String
    let prompt: String

    /// - Parameter history: Of the job's run.
    /// - Returns: `nil` when the job has no answer, or its agent no session to go on with.
    init?(_ job: StepJob, _ history: RunHistory) {
        let agent = job.agent ?? job.run.agent
        guard let last = history.sessions.last(where: { $0.agent == agent && $0.endedAt != nil }),
            let vendorSession = last.facts.vendorSession,
            // Asking was the last thing it did there; it didn't fail since.
            [nil, .stopped].contains(last.facts.failure?.type),
            let answered = history.questions.last(where: { $0.question.agent == agent }),
            let answer = answered.answer, answer == job.findings
        else { return nil }
        self.vendorSession = vendorSession
        let person = answered.answeredBy.map(\.rawValue) ?? "A person"
        prompt = """
            \(person) answered your question:

            \(answer)

            What you had changed is in the working tree, as a commit. Go on with the task, and \
            finish it.
            """
    }
}
