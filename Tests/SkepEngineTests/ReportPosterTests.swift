import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Posting reports")
struct ReportPosterTests {
    private static let place = IssueReference(repository: .sample, number: 5)
    private static let pull = IssueReference(repository: .sample, number: 31)
    private static let review = NewReview(
        verdict: .approved, body: "Good.", findings: [], commit: .sample("a"))

    /// Does what a report asks for, as a worker does that dies before it can write that down, and
    /// then as its successor.
    private func postTwice(_ reports: [NewReport], _ night: Night) async throws -> [Report] {
        try await night.store.report(reports)
        let poster = ReportPoster(parts: night.parts)
        for report in try await all(night) { _ = try await poster.perform(report) }
        try await work(night)
        return try await all(night)
    }

    /// Does all report jobs there are.
    private func work(_ night: Night) async throws {
        while true {
            _ = try await night.queue.sweep()
            let leases = try await night.queue.lease(
                LeaseRequest(queue: SwarmQueues.reports, limit: 10, worker: Night.worker))
            guard !leases.isEmpty else { return }
            for lease in leases {
                let disposition = try await ReportPoster(parts: night.parts).run(lease)
                guard case .settle(let settlement) = disposition else { continue }
                try await night.queue.settle(lease.token, as: settlement)
            }
        }
    }

    private func ids(_ night: Night) async throws -> [ReportID] {
        try await night.queue.jobs(matching: JobFilter(queue: SwarmQueues.reports)).reversed()
            .compactMap { ReportID(String(decoding: $0.payload, as: UTF8.self)) }
    }

    /// Those that are still to be posted.
    private func all(_ night: Night) async throws -> [Report] {
        var reports: [Report] = []
        for id in try await ids(night) {
            reports += try await night.store.unpostedReports(upTo: id).filter { $0.id == id }
        }
        return reports
    }

    @Test("Whatever a report does is done once, though it is done again after a worker died")
    func eachContentOnce() async throws {
        try await Night.with { night in
            night.tracker.put(5, labels: ["ready"])
            night.tracker.putPullRequest(31, head: "ann/issue-5", commit: .sample("a"))
            let comment = night.tracker.comment("/skep ann", on: Self.place)
            let status = NewCommitStatus(context: "skep", state: .success, description: "ok")

            let left = try await postTwice(
                [
                    NewReport(topic: "a", body: "Hello.", on: Self.place),
                    NewReport(
                        topic: "b", body: "", content: .reaction(.eyes, comment: comment.id),
                        on: Self.place),
                    NewReport(
                        topic: "c", body: "Closing.", content: .close(labels: ["skep/retired"]),
                        on: Self.place),
                    NewReport(
                        topic: "d", body: "Good.", content: .review(Self.review, by: "bob"),
                        on: Self.pull),
                    NewReport(
                        topic: "e", body: "", content: .status(status, commit: .sample("a")),
                        on: Self.pull),
                    NewReport(
                        topic: "g", body: "It is over.", content: .issue(title: "G", labels: []),
                        on: IssueReference(repository: .sample, number: 0)),
                ], night)

            #expect(left.isEmpty)
            let state = night.tracker.state
            #expect(night.tracker.posts(on: Self.place).suffix(2) == ["Hello.", "Closing."])
            #expect(state.reactions[comment.id]?.count == 1)
            let issue = try #require(state.issues[Self.place])
            #expect(!issue.isOpen)
            #expect(issue.labels == ["ready", "skep/retired"])
            #expect(state.reviews[Self.pull]?.count == 1)
            #expect(state.statuses[.sample("a")]?.map(\.state) == [.success])
            let opened = state.issues.values.filter { $0.title == "G" }
            #expect(opened.count == 1)
        }
    }

    @Test("Reopening posts why, takes the label off and opens, once")
    func reopen() async throws {
        try await Night.with { night in
            night.tracker.put(5, isOpen: false, labels: ["skep/retired", "bug"])

            _ = try await postTwice(
                [
                    NewReport(
                        topic: "r", body: "Reopening.",
                        content: .reopen(removing: ["skep/retired"]), on: Self.place)
                ], night)

            let issue = try #require(night.tracker.state.issues[Self.place])
            #expect(issue.isOpen)
            #expect(issue.labels == ["bug"])
            #expect(night.tracker.posts(on: Self.place) == ["Reopening."])
        }
    }

    @Test("Whoever is told of a closing sees why: the text comes before the label, both before it")
    func closingOrder() async throws {
        try await Night.with { night in
            night.tracker.put(5)
            night.tracker.change {
                $0.failures["addLabels"] = ScriptedRefusal(kind: .unavailable, what: "Down.")
            }
            try await night.store.report([
                NewReport(
                    topic: "c", body: "Closing.", content: .close(labels: ["old"]),
                    on: Self.place)
            ])

            try await work(night)
            #expect(night.tracker.posts(on: Self.place) == ["Closing."])
            #expect(night.tracker.state.issues[Self.place]?.isOpen == true)

            night.tracker.change { $0.failures = [:] }
            night.clock.advance(by: .seconds(10))
            try await work(night)
            #expect(night.tracker.posts(on: Self.place) == ["Closing."])
            #expect(night.tracker.state.issues[Self.place]?.isOpen == false)
        }
    }

    @Test("A review is posted under its reviewer's account, with its verdict")
    func reviewersAccount() async throws {
        try await Night.with(accounts: ["bob": Secret("bob-bot")]) { night in
            night.tracker.putPullRequest(31, head: "ann/issue-5", commit: .sample("a"))

            _ = try await postTwice([report(of: "bob")], night)

            let reviews = night.tracker.state.reviews[Self.pull] ?? []
            #expect(reviews.map(\.author) == ["bob-bot"])
            #expect(reviews.map(\.verdict) == [.approved])
        }
    }

    @Test("Without an account of its own, Skep posts it as a comment that begins with the verdict")
    func noAccount() async throws {
        try await Night.with { night in
            night.tracker.putPullRequest(31, head: "ann/issue-5", commit: .sample("a"))

            _ = try await postTwice([report(of: "bob")], night)

            let reviews = night.tracker.state.reviews[Self.pull] ?? []
            #expect(reviews.map(\.author) == ["skep"])
            #expect(reviews.map(\.verdict) == [.commented])
            #expect(reviews.first?.body.hasPrefix("Approved") == true)
        }
    }

    @Test("Where a reviewer's account is refused, Skep's tries it, and somebody is told")
    func refusedAccount() async throws {
        try await Night.with(accounts: ["bob": Secret("bob-bot")]) { night in
            night.tracker.putPullRequest(31, head: "ann/issue-5", commit: .sample("a"))
            try await night.store.report([report(of: "bob")])
            let id = try #require(try await ids(night).first)
            let report = try #require(try await night.store.unpostedReports(upTo: id).first)
            // Both accounts are refused, so that it can be seen that both were tried.
            let refusal = ScriptedRefusal(kind: .configuration, what: "The token isn't accepted.")
            night.tracker.change { $0.failures["postReview"] = refusal }

            await #expect(throws: ScriptedRefusal.self) {
                try await ReportPoster(parts: night.parts).perform(report)
            }

            #expect(night.tracker.calls["postReview"] == 2)
            let event = try await night.store.lastEvents([.trouble], limit: 1).first
            #expect(event?.agent == "bob")
            #expect(
                event?.text
                    == "the account of bob can't post its review, Skep's does: The token isn't accepted."
            )
        }
    }

    @Test("A tracker that is out of reach isn't taken for a refused account")
    func downForReviews() async throws {
        try await Night.with(accounts: ["bob": Secret("bob-bot")]) { night in
            night.tracker.putPullRequest(31, head: "ann/issue-5", commit: .sample("a"))
            night.tracker.change {
                $0.failures["postReview"] = ScriptedRefusal(kind: .unavailable, what: "Down.")
            }

            try await night.store.report([report(of: "bob")])
            try await work(night)

            #expect(night.tracker.calls["postReview"] == 1)
            #expect(try await all(night).count == 1)
        }
    }

    @Test("A report whose place is gone or locked ends, and doesn't keep the next one back")
    func goneAndLocked() async throws {
        try await Night.with { night in
            night.tracker.put(5)
            let comment = night.tracker.comment("/skep ann", on: Self.place)
            let gone = IssueReference(repository: .sample, number: 404)
            night.tracker.change {
                $0.locked = [Self.place]
                $0.failures["setOpen"] = ScriptedRefusal(kind: .conflict, what: "It is gone.")
            }
            try await night.store.report([
                NewReport(topic: "a", body: "One.", on: Self.place),
                NewReport(
                    topic: "b", body: "", content: .reaction(.eyes, comment: comment.id),
                    on: Self.place),
                NewReport(topic: "c", body: "", content: .close(labels: []), on: gone),
            ])

            try await work(night)

            #expect(try await all(night) == [])
            #expect(night.tracker.state.reactions[comment.id]?.count == 1)
            let told = try await night.store.lastEvents([.trouble], limit: 10).map(\.text)
            #expect(told.contains("the comment \"a\" is given up: acme/widgets#5 is locked."))
            #expect(told.contains("the closing \"c\" is given up: It is gone."))
        }
    }

    @Test("A repository that can't be seen is waited for, and what was to be said isn't lost")
    func repositoryGone() async throws {
        try await Night.with { night in
            night.tracker.put(5)
            let gone = ScriptedRefusal(kind: .conflict, what: "There is no repository.")
            night.tracker.change { $0.failures = ["post": gone, "repository": gone] }
            try await night.store.report([NewReport(topic: "a", body: "One.", on: Self.place)])
            try await work(night)
            #expect(try await all(night).map(\.topic) == ["a"])

            night.tracker.change { $0.failures = [:] }
            night.clock.advance(by: .seconds(10))
            try await work(night)

            #expect(night.tracker.posts(on: Self.place) == ["One."])
        }
    }

    @Test("A refusal that doesn't pass in a day is believed")
    func refusedForADay() async throws {
        try await Night.with { night in
            night.tracker.put(5)
            let gone = ScriptedRefusal(kind: .conflict, what: "There is no repository.")
            night.tracker.change { $0.failures = ["post": gone, "repository": gone] }
            try await night.store.report([NewReport(topic: "a", body: "One.", on: Self.place)])

            for hour in 0..<30 {
                try await work(night)
                #expect(try await all(night).isEmpty == (hour >= 24))
                night.clock.advance(by: .seconds(3600))
            }
        }
    }

    @Test("What a tracker can't do ends there; one that is out of reach is waited for")
    func refusals() async throws {
        try await Night.with { night in
            night.tracker.put(5)
            night.tracker.change {
                $0.failures["setOpen"] = ScriptedRefusal(kind: .conflict, what: "It is blocked.")
                $0.failures["react"] = ScriptedRefusal(kind: .unavailable, what: "Down.")
            }
            try await night.store.report([
                NewReport(topic: "a", body: "Bye.", content: .close(labels: []), on: Self.place),
                NewReport(
                    topic: "b", body: "", content: .reaction(.eyes, comment: 1), on: Self.place),
            ])

            try await work(night)

            #expect(try await all(night).map(\.topic) == ["b"])
            let jobs = try await night.queue.jobs(
                matching: JobFilter(queue: SwarmQueues.reports, states: [.scheduled]))
            #expect(jobs.map(\.reason) == ["to post a report: Down."])
        }
    }

    private func report(of reviewer: AgentName) -> NewReport {
        NewReport(
            topic: "d", body: "Good.", content: .review(Self.review, by: reviewer),
            on: Self.pull)
    }
}
