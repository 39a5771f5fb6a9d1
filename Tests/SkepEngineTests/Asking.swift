import Foundation
import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

// What tests of asking, gates and feedback share.

extension Workflow {
    /// A workflow as a test wants it: one agent step and a publish step.
    static func sample(
        _ name: WorkflowName = "fix", selecting labels: [String]? = nil,
        asks: Set<Ask> = Set(Ask.allCases), agent: AgentName? = "ann",
        schedule: WorkflowSchedule? = nil, hours: RunningHours? = nil,
        feedback: FeedbackSettings = FeedbackSettings(), chooser: AgentName? = nil
    ) -> Workflow {
        let mistakes = SettingsMistakes()
        let place = SettingsLocation(source: "test")
        let isChoice = name == "choose"
        return Workflow(
            name: name, selection: labels.map(Selection.init), asks: asks, defaultAgent: agent,
            branch: Template(
                "{{ agent.name }}/issue-{{ issue.number }}",
                names: ["agent.name", "issue.number"], at: place, mistakes: mistakes),
            steps: isChoice
                ? [StepDefinition(name: "choose", kind: "choose", location: place)]
                : [
                    StepDefinition(name: "work", kind: "agent", location: place),
                    StepDefinition(name: "publish", kind: "publish", location: place),
                ],
            prompt: Template(
                "Fix {{ issue.title }}", names: ["issue.title"], at: place, mistakes: mistakes),
            keepsIgnored: false, schedule: schedule, hours: hours, feedback: feedback,
            chooser: chooser, location: place)
    }
}

extension Swarm {
    /// The same swarm under other settings.
    func parts(dispatch: DispatchSettings, workflows: [Workflow]? = nil) -> SwarmParts {
        SwarmParts(
            store: parts.store, queue: parts.queue, tracker: parts.tracker,
            workspaces: parts.workspaces, commands: parts.commands, sessions: parts.sessions,
            agents: agents, workflows: workflows ?? parts.workflows, dispatch: dispatch,
            clock: clock, logger: parts.logger)
    }

    /// A coordinator that lives as long as the test, and remembers what it saw.
    func coordinator(
        dispatch: DispatchSettings = DispatchSettings(), workflows: [Workflow]? = nil,
        interval: Duration = .seconds(30)
    ) -> Coordinator {
        Coordinator(
            parts(dispatch: dispatch, workflows: workflows), repositories: [.sample],
            interval: interval)
    }

    /// Runs a coordinator while `body` runs.
    func coordinating<R: Sendable>(
        _ coordinator: Coordinator, _ body: () async throws -> R
    ) async throws -> R {
        // Awaited below.
        let task = Task { try await coordinator.run() }
        do {
            let result = try await body()
            task.cancel()
            _ = await task.result
            return result
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
    }

    func runs(on issue: IssueReference? = nil, openOnly: Bool = false) async throws
        -> [RunSummary]
    {
        try await store.runs(matching: RunFilter(issue: issue, openOnly: openOnly, limit: 1000))
    }

    func run(_ id: RunID) async throws -> RunSummary { try #require(try await store.run(id)) }

    func waiting(on issue: IssueReference? = nil) async throws -> [WaitingTrigger] {
        try await store.waitingTriggers(on: issue)
    }

    /// Settles an open run's job without a worker.
    func settle(_ run: RunID, _ settlement: StepSettlement) async throws {
        let leases = try await queue.lease(
            LeaseRequest(
                queue: SwarmQueues.steps, limit: 100, worker: WorkerID(rawValue: "test-\(run)")))
        for lease in leases {
            let job = try await store.beginAttempt(lease)
            if job.run.id == run {
                try await store.settle(lease.token, as: settlement)
            } else {
                try await store.settle(lease.token, as: StepSettlement(.release))
            }
        }
        #expect(leases.isEmpty == false, "run \(run) has no job that could be leased")
    }

    func fail(_ run: RunID) async throws {
        try await settle(run, StepSettlement(.fail(Failure(kind: "test", message: "it broke"))))
    }

    /// Has a run publish a pull request, which the tracker then has as well.
    @discardableResult
    func publish(_ run: RunID, number: Int, head: CommitID) async throws -> IssueReference {
        let summary = try await self.run(run)
        try await settle(
            run,
            StepSettlement(
                .close(.published, detail: ""), head: head,
                pullRequest: PullRequestLink(number: number, url: "http://tracker.test/\(number)")))
        if tracker.state.pullRequests[number] == nil {
            return tracker.putPullRequest(number, head: summary.run.branch, commit: head)
        }
        let reference = IssueReference(repository: .sample, number: number)
        try tracker.push(head, to: reference)
        return reference
    }

    /// Dispatches an issue and has its run publish.
    func published(
        _ issue: IssueReference, by agent: AgentName = "ann", number: Int, head: CommitID
    ) async throws -> IssueReference {
        try await publish(dispatch(issue, to: [agent]), number: number, head: head)
    }

    func pullRequest(_ reference: IssueReference) async throws -> PublishedPullRequest {
        let found = try await store.pullRequests(
            matching: PullRequestFilter(reference: reference))
        return try #require(found.first)
    }

    /// Reports that aren't posted, in the order in which they were written.
    func reports() async throws -> [Report] {
        var reports: [Report] = []
        for number in 1...200 as ClosedRange<Int64> {
            let id = ReportID(rawValue: number)
            reports += try await store.unpostedReports(upTo: id).filter { $0.id == id }
        }
        return reports
    }

    /// The bodies of comments that are to be posted on a place.
    func comments(on place: IssueReference) async throws -> [String] {
        try await reports().filter { $0.issue == place && $0.content == .comment }.map(\.body)
    }

    func eventTexts(_ kinds: Set<SwarmEvent.Kind>) async throws -> [String] {
        try await store.lastEvents(kinds, limit: 1000).reversed().map(\.text)
    }
}
