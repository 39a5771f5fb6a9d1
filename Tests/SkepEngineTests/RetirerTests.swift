import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Retiring issues")
struct RetirerTests {
    private func issue(_ number: Int) -> IssueReference {
        IssueReference(repository: .sample, number: number)
    }

    /// Posts all reports there are.
    private func work(_ night: Night) async throws {
        let poster = ReportPoster(parts: night.parts)
        while true {
            let leases = try await night.queue.lease(
                LeaseRequest(queue: SwarmQueues.reports, limit: 10, worker: Night.worker))
            guard !leases.isEmpty else { return }
            for lease in leases {
                guard case .settle(let settlement) = try await poster.run(lease) else { continue }
                try await night.queue.settle(lease.token, as: settlement)
            }
        }
    }

    @Test("Those on which nothing happened for long are found, the one that rests longest first")
    func olderThan() async throws {
        try await Night.with { night in
            night.tracker.put(2, labels: ["bug"])
            night.clock.advance(by: .seconds(86_400))
            night.tracker.put(1, labels: ["bug"])
            night.tracker.put(3)
            night.clock.advance(by: .seconds(100 * 86_400))
            night.tracker.put(4, labels: ["bug"])

            let found = try await Retirer(night.parts).candidates(
                .olderThan(.seconds(90 * 86_400), in: [.sample], labels: ["bug"]))

            #expect(found.issues.map(\.reference.number) == [2, 1])
            #expect(found.skipped.isEmpty)
        }
    }

    @Test("What is worked on, kept, closed or gone isn't retired, and it is said why")
    func obstacles() async throws {
        try await Night.with { night in
            night.put(1...3)
            night.tracker.put(2, labels: [Retirer.keepLabel])
            night.tracker.put(4, isOpen: false)
            night.tracker.putPullRequest(5, head: "x")
            night.put(6...7)
            _ = try await night.start(night.settings(agents: ["ann"], maxIssues: 1))
            try await night.tick()
            _ = try await night.store.record([
                TriggerDemand(
                    NewTrigger(issue: issue(6), agent: "bob", cause: .label("agent/bob")))
            ])

            let found = try await Retirer(night.parts).candidates(
                .listed([1, 2, 3, 4, 5, 6, 7, 404, 7].map(issue)))

            #expect(found.issues.map(\.reference.number) == [3, 7])
            let reasons = Dictionary(
                uniqueKeysWithValues: found.skipped.map { ($0.issue.number, $0.reason) })
            #expect(
                reasons == [
                    1: "ann works on it, in run 1.", 2: "It carries the label skep/keep.",
                    4: "It is closed already.", 5: "It is a pull request.",
                    6: "bob was asked to work on it, and will.",
                    404: "There is no issue acme/widgets#404",
                ])
        }
    }

    @Test("Each gets a word, the label and its end, once; one command brings them back")
    func thereAndBack() async throws {
        try await Night.with(start: "2026-03-28T21:00:00Z") { night in
            night.put(1...3)
            let retirer = Retirer(night.parts)
            let found = try await retirer.candidates(.listed([issue(1), issue(2), issue(3)]))

            let id = try await retirer.retire(
                found.issues, reason: "Nobody asked for it since spring", label: "skep/retired")
            try await work(night)

            for number in 1...3 {
                let now = try #require(night.tracker.state.issues[issue(number)])
                #expect(!now.isOpen)
                #expect(now.labels == ["skep/retired"])
            }
            let text = try #require(night.tracker.posts(on: issue(1)).first)
            #expect(
                text.hasPrefix(
                    "Closing during the 2026-03-28 backlog burn-down. Reason: Nobody asked for it since spring.\n"
                ))
            #expect(text.contains("reopen it"))

            #expect(try await retirer.reopen(id, issues: [issue(2)]) == [issue(2)])
            #expect(try await retirer.reopen(id) == [issue(1), issue(3)])
            #expect(try await retirer.reopen(id).isEmpty)
            try await work(night)

            for number in 1...3 {
                let now = try #require(night.tracker.state.issues[issue(number)])
                #expect(now.isOpen)
                #expect(now.labels.isEmpty)
                #expect(night.tracker.posts(on: issue(number)).count == 2)
            }
        }
    }

    @Test("What began since somebody looked isn't closed under an agent's hands")
    func begunMeanwhile() async throws {
        try await Night.with { night in
            night.put(1...2)
            let retirer = Retirer(night.parts)
            let found = try await retirer.candidates(.listed([issue(1), issue(2)]))
            _ = try await night.start(night.settings(agents: ["ann"], maxIssues: 1))
            try await night.tick()

            let id = try await retirer.retire(found.issues, reason: "Old.", label: nil)

            let retirement = try #require(try await night.store.retirement(id))
            #expect(retirement.items.map(\.issue.number) == [2])
            await #expect(throws: RetirementError.nothingToRetire) {
                try await retirer.retire([found.issues[0]], reason: "Old.", label: nil)
            }
            await #expect(throws: RetirementError.notPartOf(id, [issue(1)])) {
                try await retirer.reopen(id, issues: [issue(1)])
            }
        }
    }
}

@Suite("Lists of issues")
struct RetirementListTests {
    @Test("A reference or a number a line, with comments and blank lines")
    func reads() throws {
        let text = """
            # What nobody asked for
            acme/widgets#12

              #15   # it was said twice
            18\r
            #later
            acme/widgets#15
            """

        let issues = try RetirementList.read(text, in: .sample)

        #expect(issues.map(\.number) == [12, 15, 18])
    }

    @Test("All lines that can't be read are named at once")
    func mistakes() {
        let text = "12\nacme/widgets#1\nacme#2\n#3 4\n0"
        do {
            _ = try RetirementList.read(text, in: nil)
            Issue.record("it should be refused")
        } catch {
            #expect(error.lines.map(\.number) == [1, 3, 4, 5])
            #expect(error.what == "4 lines of the list name no issue.")
            #expect(error.why?.contains("line 3: \"acme#2\"") == true)
        }
    }
}
