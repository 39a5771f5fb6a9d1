import SkepCore
import SkepQueue
import Testing

@testable import SkepEngine

@Suite("Commands in comments")
struct CommandTests {
    private let reader = CommandReader(agents: ["claude", "kimi"])

    @Test(
        "A line that begins with /skep is a command",
        arguments: [
            ("/skep claude", [CommentCommand.ask(["claude"])]),
            ("/skep claude kimi", [.ask(["claude", "kimi"])]),
            ("/skep: @Claude, KIMI claude", [.ask(["claude", "kimi"])]),
            ("   /SKEP Stop", [.stop([])]),
            ("/skep stop kimi", [.stop(["kimi"])]),
            ("/skep retry", [.retry([])]),
            ("/skep pick kimi", [.pick("kimi")]),
            ("/skep\r\nand then\r\n/skep status\n/skep why", [.help, .status, .why]),
            ("/skep cluade", [.unknown("cluade", nearest: "claude")]),
            ("/skep stpo", [.unknown("stpo", nearest: "stop")]),
            ("/skep claude please", [.unknown("please", nearest: nil)]),
            ("/skep pick", [.malformed("\"pick\" needs the name of one agent: `/skep pick NAME`")]),
            ("/skep why not", [.malformed("\"why\" takes no more words, such as \"not\"")]),
        ])
    func commands(_ text: String, _ expected: [CommentCommand]) {
        #expect(reader.read(text).commands == expected)
    }

    @Test(
        "What is quoted, code, hidden or within a line isn't a command",
        arguments: [
            "> /skep claude", "try /skep claude", "    /skep claude", "`/skep claude`",
            "/skeptic claude", "```\n/skep claude\n```", "~~~~ sh\n/skep claude\n~~~\n/skep kimi",
            "<!--\n/skep claude\n-->", "```\n/skep claude", "",
            // What ends no line of Markdown ends no quote either.
            "> so\u{2028}/skep claude", "> so\u{0085}/skep claude", "> so\u{000C}/skep claude",
        ])
    func noCommands(_ text: String) {
        #expect(reader.read(text).commands.isEmpty)
    }

    @Test("Commands count again behind a block of code, and the rest of the text is kept")
    func rest() {
        let reading = reader.read(
            """

            ```swift
            /skep stop
            ```
            /skep claude
            Use the parser, please.

            """)

        #expect(reading.commands == [.ask(["claude"])])
        #expect(reading.rest == "```swift\n/skep stop\n```\nUse the parser, please.")
    }
}
