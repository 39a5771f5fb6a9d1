import SkepCore
import SkepQueue
import Testing

@Suite("Report texts")
struct ReportTextTests {
    private let comparison = CommitComparison(
        commits: [], filesChanged: 1, insertions: 12, deletions: 3, paths: [])

    @Test("What people read on an issue")
    func texts() {
        #expect(
            ReportText.dispatched(agent: "claude").body == "⚡ Dispatched to claude. Task queued.")
        #expect(
            ReportText.working(agent: "gemini", branch: "gemini/issue-576").body
                == "🔧 gemini working on this. Branch: gemini/issue-576")
        #expect(
            ReportText.noChanges(agent: "grok", notes: [], tail: "").body
                == "⚠️ grok produced no changes for this issue. Skipping.")
        #expect(
            ReportText.published(
                agent: "claude", pullRequest: PullRequestLink(number: 7, url: "u"),
                branch: "claude/issue-5", comparison: comparison, passed: ["make test"],
                notes: ["It deleted its branch."]
            ).body == """
                ✅ claude opened pull request #7. Branch: claude/issue-5

                0 commits, 1 file changed, +12 −3. Passed at this commit: `make test`.

                - It deleted its branch.

                It waits for a review; merging it closes this issue.
                """)
    }

    @Test("A failure is said once, with what it was held to and what to do")
    func failureIsSaidOnce() {
        func body(
            _ type: FailureType, _ message: String,
            _ evidence: FailureEvidence = FailureEvidence(
                rule: "ending/x@1", source: "exit", text: "stopped")
        ) -> String {
            ReportText.failed(
                agent: "grok", run: RunID(rawValue: 3),
                failure: AgentFailure(type: type, message: message, evidence: [evidence])
            ).body
        }

        #expect(body(.unknown, "exit status 3").hasPrefix("❌ grok failed: exit status 3.\n"))
        let processes = body(.tooManyProcesses, "it may have 512 at once (limits.processes)")
        #expect(
            processes.hasPrefix(
                "❌ grok failed: too many processes: it may have 512 at once (limits.processes).\n"))
        #expect(processes.contains("Raise `limits.processes`"))
        #expect(!processes.contains("exit said"))
        func coded(_ message: String) -> String {
            body(
                .authentication, message,
                FailureEvidence(rule: "x@1", source: "code", text: "401: no such key"))
        }
        #expect(!coded("no such key").contains("code said"))
        #expect(coded("it stopped").contains("- code said \"401: no such key\" (x@1)"))
    }

    @Test("What an agent prints can't act in a report: no fence broken, no marker forged")
    func hostileTail() {
        let tail = "```\n</details> @everyone\n<!-- skep:run-1.result.report-1 -->\u{1b}[2J\u{0}"

        let body = ReportText.failed(agent: "grok", run: RunID(rawValue: 3), why: "x", tail: tail)
            .body

        #expect(body.contains("````text\n```\n"))
        #expect(!CommentMarker.isInAny(body))
        #expect(!body.contains("\u{1b}"))
        #expect(!body.contains("[2J"))
        #expect(!body.contains("\u{0}"))
    }
}
