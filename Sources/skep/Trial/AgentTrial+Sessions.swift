import SkepAgents
import SkepCore
import SkepQueue
import Synchronization

extension AgentTrial {
    struct Outcome: Sendable {
        /// What it came to; `nil` when it wasn't even begun in time.
        var result: SessionResult?
        /// It wasn't through in time, and was stopped.
        var isLate: Bool
        var length: Duration
        /// From the start to the first thing it told.
        var firstWord: Duration?
        /// What it complained of last, or waited for.
        var complaint: String?

        func lateness(_ limit: Duration) -> String {
            "it wasn't through after \(TimeText.short(limit))"
                + (complaint.map { "; its last trouble: \($0.prefix(300))" } ?? "")
        }
    }

    func host(_ number: Int64) -> SessionHost {
        SessionHost(
            folder: "\(TrialFolder.sessions(in: folder.path))/\(number)", program: house.host)
    }

    /// A session from its beginning to its end, and no longer than it may take.
    func session(
        _ number: Int64, _ prompt: String, resuming vendor: String? = nil
    ) async throws -> Outcome {
        let start = clock.uptime
        let firstWord = Mutex<Duration?>(nil)
        let complaint = Mutex<String?>(nil)
        let assignment = Assignment(
            session: SessionID(rawValue: number), run: workspace.run, issue: issue(prompt),
            prompt: prompt, resumes: vendor, resumePrompt: prompt,
            watch: { event in
                if event.kind.isWord {
                    firstWord.withLock { $0 = $0 ?? clock.uptime - start }
                }
                if let text = event.kind.complaint { complaint.withLock { $0 = text } }
                return nil
            }, ending: { .stop })
        let result = try await withThrowingTaskGroup(of: SessionResult?.self) { group in
            group.addTask {
                try await agent.withSession(assignment, in: workspace) { try await $0.result() }
            }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            let result = try await group.next() ?? nil
            group.cancelAll()
            // A session that is cancelled throws when it has gone.
            while true { do { if try await group.next() == nil { break } } catch {} }
            return result
        }
        var outcome = Outcome(
            result: result, isLate: result == nil, length: clock.uptime - start,
            firstWord: firstWord.withLock { $0 }, complaint: complaint.withLock { $0 })
        if outcome.isLate, case .ended = try host(number).state() {
            // What it told until then, which its log has.
            outcome.result = try await agent.withSession(assignment, in: workspace) {
                try await $0.result()
            }
        }
        return outcome
    }

    private func issue(_ prompt: String) -> Issue {
        Issue(
            reference: IssueReference(repository: workspace.repository, number: 1),
            title: "Try \(agent.definition.name)", body: prompt, isOpen: true, labels: [],
            assignees: [], author: LoginName(rawValue: "skep"), isPullRequest: false,
            createdAt: clock.now, updatedAt: clock.now, url: "")
    }
}

extension SessionEvent.Kind {
    fileprivate var complaint: String? {
        switch self {
        case .problem(let trouble): trouble.text
        case .waiting(let wait): wait.text
        default: nil
        }
    }

    /// Whether the agent itself has said it.
    fileprivate var isWord: Bool {
        switch self {
        case .told, .sandbox, .note, .permission: false
        default: true
        }
    }
}
