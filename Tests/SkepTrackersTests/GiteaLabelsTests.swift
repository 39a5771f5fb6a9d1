import SkepCore
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: labels", .timeLimit(.minutes(5)))
struct GiteaLabelsTests {
    /// A repository with "bug" (1), its organisation with "agent/claude" (2), an issue with "bug".
    private func shelf(
        write: @escaping @Sendable (ScriptedRequest) -> ScriptedReply
    ) -> ScriptedHTTPServer.Script {
        { request in
            switch (request.method, request.path) {
            case ("GET", "/api/v1/repos/bees/hive/labels"),
                ("GET", "/api/v1/repos/bees/hive/issues/7/labels"):
                .json(GiteaJSON.list([GiteaJSON.label(1, "bug")]))
            case ("GET", "/api/v1/orgs/bees/labels"):
                .json(GiteaJSON.list([GiteaJSON.label(2, "agent/claude")]))
            default: write(request)
            }
        }
    }

    @Test("Labels are the repository's and its organisation's")
    func listed() async throws {
        try await GiteaBench.run(script: shelf { _ in .cut }) { bench in
            let labels = try await bench.tracker.labels(in: bench.repository)

            #expect(labels.map(\.name) == ["bug", "agent/claude"])
            #expect(labels.first?.color == "ee0701")
        }
    }

    @Test("A repository whose owner is a user has its own labels only")
    func withoutOrganisation() async throws {
        try await GiteaBench.run(script: { request in
            request.path.hasPrefix("/api/v1/orgs")
                ? .json("{}", status: 404) : .json(GiteaJSON.list([GiteaJSON.label(1, "bug")]))
        }) { bench in
            let names = try await bench.tracker.labels(in: bench.repository).map(\.name)
            #expect(names == ["bug"])
        }
    }

    @Test("Labels are put on by their ids")
    func added() async throws {
        try await GiteaBench.run(
            script: shelf { _ in
                .json(
                    GiteaJSON.list([GiteaJSON.label(1, "bug"), GiteaJSON.label(2, "agent/claude")]))
            }
        ) { bench in
            try await bench.tracker.addLabels(["bug", "agent/claude"], to: bench.issue)

            #expect(bench.server.requests.last?.text == #"{"labels":[1,2]}"#)
            #expect(bench.calls.last == "POST /repos/bees/hive/issues/7/labels")
        }
    }

    @Test("A label that a non-writer puts on vanishes silently, and that is told")
    func ignored() async throws {
        try await GiteaBench.run(script: shelf { _ in .json("[]") }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.addLabels(["bug"], to: bench.issue)
            }

            guard case .ignored = error else { Issue.record("\(error as Any)"); return }
        }
    }

    @Test("A label that doesn't exist is named")
    func missing() async throws {
        try await GiteaBench.run(script: shelf { _ in .cut }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.addLabels(["bgu"], to: bench.issue)
            }

            #expect(error == .noSuchLabel("bgu", repository: "bees/hive"))
            #expect(bench.count("POST") == 0)
        }
    }

    @Test("A label is made once: Gitea would make a second of the same name")
    func createdOnce() async throws {
        let made = Shared<[String]>([])
        try await GiteaBench.run(script: { request in
            guard request.method == "POST" else {
                return .json(GiteaJSON.list(made.value.map { GiteaJSON.label(1, $0) }))
            }
            made.change { $0.append("agent/codex") }
            return .json("{}", status: 500)
        }) { bench in
            let label = NewLabel(
                name: "agent/codex", color: "00ff00", description: "Works on it", isExclusive: true)
            try await bench.tracker.createLabel(label, in: bench.repository)
            try await bench.tracker.createLabel(label, in: bench.repository)

            #expect(made.value.count == 1)
            let body = bench.server.requests.first { $0.method == "POST" }?.text
            #expect(body?.contains(##""color":"#00ff00""##) == true)
            #expect(body?.contains(#""exclusive":true"#) == true)
        }
    }

    @Test("A label is taken off by its id; one that isn't there, or is gone meanwhile, is no error")
    func removed() async throws {
        try await GiteaBench.run(script: shelf { _ in .json("{}", status: 404) }) { bench in
            try await bench.tracker.removeLabel("bug", from: bench.issue)
            try await bench.tracker.removeLabel("other", from: bench.issue)

            #expect(
                bench.calls == [
                    "GET /repos/bees/hive/issues/7/labels",
                    "DELETE /repos/bees/hive/issues/7/labels/1",
                    "GET /repos/bees/hive/issues/7/labels",
                ])
        }
    }
}
