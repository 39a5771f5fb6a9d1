import Foundation
import Testing

extension EndToEnd {
    /// Everything between a question and its answer may be gone, and come back.
    @Suite("Questions to people", .serialized)
    struct QuestionTests {
        /// Asks until it was answered twice, then writes down what it was told.
        private static let asker = Texts.script(
            "asker",
            """
            cat > "$HOME/prompt"
            case $(grep -c ' answered:$' "$HOME/prompt") in
            0) echo '{"question": "Red or blue?"}' > "$SKEP_OUTPUT" ;;
            1) echo '{"question": "Dark or light?"}' > "$SKEP_OUTPUT" ;;
            *) cp "$HOME/prompt" told.txt ;;
            esac
            """)

        private func say(_ text: String, by user: String, on issue: Int, _ house: House)
            async throws
        {
            try await house.skep(
                "forge", "issue", "comment", House.repository, "\(issue)", "--body", text,
                "--author", user, "--data", house.folder + "/forge")
        }

        /// Waits until a run's question stands on the issue.
        private func untilAsked(_ question: String, on issue: Int, _ house: House) async throws {
            try await wait(for: "\"\(question)\" to be asked", seeing: { house.logs }) {
                try await house.comments(issue).contains {
                    $0.hasPrefix("❓ asker has a question, @") && $0.contains(question)
                }
            }
        }

        @Test(
            "A question frees its agent, outlives a restart, and is answered by who may, each time")
        func answered() async throws {
            try await House.with(agents: ["asker": Self.asker, "writer": Texts.writer]) { house in
                let issue = try await house.tracker.open("Paint", body: "", in: House.repository)
                let first = try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "asker")
                try await untilAsked("Red or blue?", on: issue, house)

                let why = try await house.skep("why", "\(issue)")
                #expect(why.contains("waiting: a person's answer to its question"), "\(why)")
                #expect(why.contains(" is asked; a comment after http"), "\(why)")
                let shown = try await house.skep("run", "show", "1")
                #expect(shown.contains("Red or blue?"), "\(shown)")
                #expect(shown.contains("answers it"), "\(shown)")
                #expect(try await house.unfinishedJobs() == 0)
                try await wait(for: "the label") {
                    try await house.skep(
                        "forge", "issue", "list", House.repository, "--json", "--data",
                        house.folder + "/forge"
                    ).contains("needs-input")
                }

                await first.stop()
                try await house.serve()
                try await say("Green.", by: "robot", on: issue, house)
                try await say("Blue.", by: "ann", on: issue, house)
                try await untilAsked("Dark or light?", on: issue, house)
                try await say("Dark.", by: "ann", on: issue, house)
                try await say("And quickly.", by: "ann", on: issue, house)

                let run = try #require(try await house.settled(1).first)
                #expect(run.state == "published")
                let head = try #require(run.head)
                let told = try #require(try await house.published("told.txt", at: head))
                #expect(told.contains("Red or blue?\n\nann answered:\n\nBlue."), "\(told)")
                #expect(told.contains("Dark or light?\n\nann answered:\n\nDark."), "\(told)")
                #expect(!told.contains("Green"))
                let labels = try await house.skep(
                    "forge", "issue", "list", House.repository, "--json", "--data",
                    house.folder + "/forge")
                #expect(!labels.contains("needs-input"), "\(labels)")
            }
        }

        @Test("Closing the issue ends a run that asks, and a later answer begins nothing")
        func closedMeanwhile() async throws {
            try await House.with(agents: ["asker": Self.asker]) { house in
                let issue = try await house.tracker.open("Paint", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "asker")
                try await untilAsked("Red or blue?", on: issue, house)

                try await house.skep(
                    "forge", "issue", "close", House.repository, "\(issue)", "--data",
                    house.folder + "/forge")
                let run = try #require(try await house.settled(1).first)
                try await say("Blue.", by: "ann", on: issue, house)

                #expect(run.state == "cancelled")
                let other = try await house.tracker.open("Next", body: "", in: House.repository)
                try await house.skep("dispatch", "\(other)", "--to", "asker")
                try await untilAsked("Red or blue?", on: other, house)
                #expect(try await house.runs().count == 2)
            }
        }
    }
}
