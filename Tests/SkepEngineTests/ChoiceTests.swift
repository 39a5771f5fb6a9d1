import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Choices")
struct ChoiceTests {
    @Test("When all who were asked have finished, the chooser is asked once for a choice")
    func choice() async throws {
        try await Swarm.with(others: ["cy"]) { swarm in
            let issue = swarm.tracker.put(1)
            _ = try await swarm.published(issue, by: "ann", number: 50, head: .sample("a"))
            let second = try await swarm.dispatch(issue, to: ["bob"])
            let coordinator = swarm.coordinator(
                workflows: [.sample(chooser: "cy"), .sample("choose")])
            #expect(await coordinator.pass().opened.isEmpty)
            try await swarm.publish(second, number: 51, head: .sample("b"))
            swarm.clock.advance(by: .seconds(1))

            let opened = await coordinator.pass().opened
            let again = await coordinator.pass().opened

            #expect(again.isEmpty)
            let run = try await swarm.run(try #require(opened.first)).run
            #expect(run.agent == "cy")
            #expect(run.workflow == "choose")
            #expect(run.cause == "choice:1,2")
            #expect(run.branch == "")
        }
    }

    @Test("While the others are being closed nobody is asked to choose among what is left")
    func leftOver() async throws {
        try await Swarm.with(others: ["cy", "dan"]) { swarm in
            let issue = swarm.tracker.put(1)
            for (index, agent) in ["ann", "bob", "dan"].enumerated() {
                _ = try await swarm.published(
                    issue, by: AgentName(rawValue: agent), number: 50 + index, head: .sample("a"))
            }
            let coordinator = swarm.coordinator(
                workflows: [.sample(chooser: "cy"), .sample("choose")])
            let run = try #require(await coordinator.pass().opened.first)
            try await swarm.settle(run, StepSettlement(.close(.chosen, detail: "#50 of ann")))

            // One of the two is closed already, the tracker is slow with the other.
            swarm.clock.advance(by: .seconds(1))
            try await swarm.tracker.setOpen(
                false, IssueReference(repository: .sample, number: 51))
            let opened = await coordinator.pass().opened
            let restarted = await swarm.coordinator(
                workflows: [.sample(chooser: "cy"), .sample("choose")]
            ).pass().opened

            #expect(opened.isEmpty)
            #expect(restarted.isEmpty)
        }
    }

    @Test("Nobody is asked to choose among their own work, nor where no workflow has a chooser")
    func noChooser() async throws {
        try await Swarm.with { swarm in
            let issue = swarm.tracker.put(1)
            _ = try await swarm.published(issue, by: "ann", number: 50, head: .sample("a"))
            _ = try await swarm.published(issue, by: "bob", number: 51, head: .sample("b"))

            let own = await swarm.coordinator(
                workflows: [.sample(chooser: "bob"), .sample("choose")]
            ).pass()
            let none = await swarm.coordinator(workflows: [.sample()]).pass()

            #expect(own.opened.isEmpty)
            #expect(none.opened.isEmpty)
        }
    }
}
