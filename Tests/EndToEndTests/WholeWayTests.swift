import Testing

extension EndToEnd {
    @Suite("The whole way", .serialized)
    struct WholeWayTests {
        @Test("An issue becomes a branch, a pull request and a report, by hand, label and assignee")
        func issueBecomesPullRequest() async throws {
            let robot = Texts.script(
                "robot", "cat >/dev/null; echo hello >> README.md; git commit -qam 'Say hello'",
                settings: "account: {login: robot}")
            try await House.with(
                agents: ["patch": Texts.patch, "writer": Texts.writer, "robot": robot],
                workflow: Texts.workflow(checks: ["test -f README.md"])
            ) { house in
                let repository = House.repository
                let byHand = try await house.tracker.open(
                    "Say what it is for", body: Texts.patchIssue, in: repository)
                let byLabel = try await house.tracker.open("Write", body: "", in: repository)
                let byAssignee = try await house.tracker.open("Hello", body: "", in: repository)
                try await house.serve()

                try await house.skep("dispatch", "\(byHand)", "--to", "patch")
                try await house.tracker.label(byLabel, "agent/writer", in: repository)
                try await house.tracker.assign(byAssignee, to: "robot", in: repository)
                let runs = try await house.settled(3)

                #expect(runs.map(\.state) == ["published", "published", "published"])
                let branches = try await house.tracker.branches(in: repository)
                let pulls = try await house.tracker.pulls(in: repository)
                #expect(pulls.count == 3)
                let agents = [byHand: "patch", byLabel: "writer", byAssignee: "robot"]
                for run in runs {
                    #expect(run.agent == agents[run.number])
                    #expect(run.branch == "\(run.agent)/issue-\(run.number)")
                    #expect(branches[run.branch] == run.head)
                    let pull = try #require(pulls.first { $0.number == run.pull })
                    #expect(pull.head.ref == run.branch && pull.head.sha == run.head)
                    #expect(pull.base.ref == "main" && pull.state == "open")
                    try await expectReports(house, run, ending: "#\(pull.number)")
                }
                let patched = try await house.published("README.md", at: "patch/issue-\(byHand)")
                #expect(patched == "# tool\n\nFor trying things out.\n")
                let written = try await house.published(
                    "issue-\(byLabel).txt", at: "writer/issue-\(byLabel)")
                #expect(written == "written for issue \(byLabel)\n")
            }
        }

        @Test("No changes, a failure and a time limit each end as such, and say so once")
        func otherOutcomesAreSaid() async throws {
            let idle = Texts.script("idle", "cat >/dev/null; echo nothing to do")
            let failing = Texts.script("failing", "echo 'I tried'; exit 3")
            let hanging = Texts.script(
                "hanging", "trap '' TERM; (trap '' TERM; sleep 600) & sleep 600",
                settings: "limits: {seconds: 2}")
            try await House.with(
                agents: ["idle": idle, "failing": failing, "hanging": hanging]
            ) { house in
                let issue = try await house.tracker.open("Do", body: "", in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "idle,failing,hanging")
                let runs = try await house.settled(3)

                let states = Dictionary(uniqueKeysWithValues: runs.map { ($0.agent, $0.state) })
                #expect(states == ["idle": "no_changes", "failing": "failed", "hanging": "failed"])
                let details = Dictionary(uniqueKeysWithValues: runs.map { ($0.agent, $0.detail) })
                #expect(details["failing"]?.contains("exit status 3") == true)
                #expect(details["hanging"]?.contains("out of time") == true)
                let pulls = try await house.tracker.pulls(in: House.repository)
                #expect(pulls.isEmpty)
                let comments = try await house.comments(issue)
                #expect(comments.count { $0.contains("idle produced no changes") } == 1)
                #expect(
                    comments.count { $0.contains("failing") && $0.contains("exit status 3") } == 1)
                #expect(
                    comments.count { $0.contains("hanging") && $0.contains("out of time") } == 1)
                expectNothingTwice(comments)
            }
        }

        @Test("What an agent had made when its time was up is shown, and is said to be no result")
        func keptWorkIsShown() async throws {
            let hanging = Texts.script(
                "hanging", "cat >/dev/null; echo half >half.txt; exec sleep 600",
                settings: "limits: {seconds: 2}")
            try await House.with(agents: ["hanging": hanging]) { house in
                let issue = try await house.tracker.open("Do", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "hanging")
                _ = try await house.settled(1)

                let name = "refs/skep/run-1/attempt-1"
                let remark = "Run 1 has no result. This is what is kept of it, \(name)."
                #expect(try await house.skep("run", "show", "1").contains(name))
                let diff = try await house.skep("branch", "diff", "1")
                #expect(diff.contains(remark) && diff.contains("+++ b/half.txt"))
                let shown = try await house.skep("branch", "show", "hanging/issue-\(issue)")
                #expect(shown.contains(remark) && shown.contains("\nhalf.txt\n"))
                #expect(
                    try await house.comments(issue).last?.contains("`skep branch diff 1`") == true)
            }
        }

        @Test("What fails its checks goes back to the agent, which is told what was found")
        func failedChecksGoBack() async throws {
            let learner = Texts.script(
                "learner",
                """
                if grep -q 'good.txt'; then echo yes > good.txt; else echo no > bad.txt; fi
                """)
            let workflow = """
                ---
                name: test
                steps:
                  - {name: work, kind: agent}
                  - name: checks
                    kind: commands
                    run: ["test -f good.txt || { echo there is no good.txt; exit 1; }"]
                    on: {failed: work}
                  - {name: publish, kind: publish}
                ---
                {{ issue.title }}
                """
            try await House.with(agents: ["learner": learner], workflow: workflow) { house in
                let issue = try await house.tracker.open("Learn", body: "", in: House.repository)
                try await house.serve()

                try await house.skep("dispatch", "\(issue)", "--to", "learner")
                let runs = try await house.settled(1)

                #expect(runs[0].state == "published")
                let file = try await house.published("good.txt", at: runs[0].branch)
                #expect(file == "yes\n")
            }
        }
    }
}

/// "Dispatched", "working" and the result, each once, in this order.
func expectReports(_ house: House, _ run: House.Run, ending: String) async throws {
    let comments = try await house.comments(run.number)
    #expect(comments.count == 3)
    #expect(comments.first?.contains("⚡ Dispatched to \(run.agent)") == true)
    #expect(comments.dropFirst().first?.contains("🔧 \(run.agent) working on this") == true)
    #expect(comments.last?.contains(ending) == true, "\(comments.last ?? "")")
    expectNothingTwice(comments)
}

func expectNothingTwice(_ comments: [String]) {
    let markers = comments.flatMap { $0.split(separator: "\n") }.filter {
        $0.hasPrefix("<!-- skep:")
    }
    #expect(markers.count == comments.count)
    #expect(!comments.contains { $0.contains("&lt;!--") }, "a marker can be seen")
    #expect(Set(markers).count == markers.count, "a comment stands there twice")
}
