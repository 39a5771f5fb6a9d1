import SkepCore
import SkepQueue
import Testing

@testable import skep

@Suite struct PlainTextTests {
    @Test(
        "Nothing that could take over a terminal is left in a line",
        arguments: [
            ("plain, ünïcödé 漢字 🐝", "plain, ünïcödé 漢字 🐝"),
            ("a\u{1B}[31mb", "a\\u{1B}[31mb"),
            ("a\nb\r\nc\td", "a b c d"),
            ("bell\u{7}", "bell\\u{7}"),
            ("c1\u{9B}31m", "c1\\u{9B}31m"),
            ("\u{202E}gnp.exe", "\\u{202E}gnp.exe"),
            ("zero\u{200B}width", "zero\\u{200B}width"),
        ])
    func line(text: String, shown: String) {
        #expect(PlainText.line(text) == shown)
    }

    @Test("Line ends and tabs stay where several lines are shown")
    func lines() {
        #expect(PlainText.lines("a\r\nb\tc\u{1B}c\rd") == "a\nb\tc\\u{1B}c\nd")
    }
}

@Suite struct TerminalFilterTests {
    private func filter(_ pieces: [[UInt8]]) -> String {
        var filter = TerminalFilter()
        return pieces.map { filter.clean($0) }.joined() + filter.finish()
    }

    @Test(
        "Sequences are taken out, what stands alone is spelt out",
        arguments: [
            ("\u{1B}[1;31mred\u{1B}[0m", "red"),
            ("\u{1B}]0;title\u{7}text", "text"),
            ("\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"),
            ("\u{1B}P1$r\u{1B}\\x", "x"),
            ("\u{1B}(Bx", "x"),
            ("\u{1B}cx", "x"),
            ("a\u{8}b", "a\\u{8}b"),
            ("10%\r20%\r\n", "10%\n20%\n"),
            ("\u{1B}]never closed\nnext", "\nnext"),
            ("\u{9B}31mx", "\\u{9B}31mx"),
            ("\u{1B}[31\u{1B}[0mx", "\\u{1B}[0mx"),
        ])
    func sequences(text: String, shown: String) {
        #expect(filter([Array(text.utf8)]) == shown)
    }

    @Test("It doesn't matter where the pieces end")
    func anySplit() {
        let bytes = Array("é漢🐝\u{1B}[31mx\u{1B}]0;t\u{7}y\r\nz".utf8)

        for cut in 0...bytes.count {
            #expect(filter([Array(bytes[..<cut]), Array(bytes[cut...])]) == "é漢🐝xy\nz")
        }
        #expect(filter(bytes.map { [$0] }) == "é漢🐝xy\nz")
    }

    @Test("What is no text becomes replacement characters")
    func binary() {
        let shown = filter([[0xFF, 0xFE, 0x41, 0xC3], [0x41, 0xE2, 0x82]])

        #expect(shown == "\u{FFFD}\u{FFFD}A\u{FFFD}A\u{FFFD}")
    }
}

@Suite struct TimeTextTests {
    @Test("What there is, one or more")
    func thereAre() {
        #expect(TimeText.thereAre(["mender"]) == "There is mender.")
        #expect(TimeText.thereAre(["a", "b"]) == "There are a and b.")
    }

    @Test(
        "Times are RFC 3339, UTC, to the millisecond",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_790_000_000_031, "2026-09-21T14:13:20.031Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] as [(Int64, String)])
    func rfc3339(milliseconds: Int64, text: String) {
        #expect(TimeText.rfc3339(Timestamp(milliseconds: milliseconds)) == text)
    }

    @Test(
        "Times near now are said as people say them",
        arguments: [
            (0, "now"), (-900, "now"), (-12_400, "12 s ago"), (-180_000, "3 min ago"),
            (-7_200_000, "2 h ago"), (-7_199_000, "1 h ago"),
            (7_199_000, "in 1 h 59 min"),
            (36_060_000, "in 10 h"), (-500_000_000, "5 d ago"), (180_000, "in 3 min"),
        ] as [(Int64, String)])
    func relative(offset: Int64, text: String) {
        let time = Timestamp(milliseconds: goldenNow.milliseconds + offset)

        #expect(TimeText.relative(time, to: goldenNow) == text)
    }

    @Test("Bytes are said in the unit that fits")
    func bytes() {
        #expect(
            [0, 999, 1000, 3449, 1_250_000, 5_000_000_000].map(TimeText.bytes) == [
                "0 B", "999 B", "1.0 kB", "3.4 kB", "1.3 MB", "5.0 GB",
            ])
    }
}

@Suite struct TableTests {
    private var table: Table {
        var table = Table([.fixed("N"), .flexible("TITLE"), .flexible("PLACE")])
        table.add(["1", "A title that is rather long for a table", "owner/name"])
        table.add(["22", "漢字 and 🐝", ""])
        return table
    }

    @Test("Columns are aligned, and no line ends in blanks")
    func aligned() {
        #expect(
            table.lines(width: nil) == [
                "N   TITLE                                    PLACE",
                "1   A title that is rather long for a table  owner/name",
                "22  漢字 and 🐝",
            ])
    }

    @Test("The widest flexible column is cut first", arguments: [20, 30, 40, 60])
    func cut(width: Int) {
        let lines = table.lines(width: width)

        #expect(lines.allSatisfy { TextWidth.of($0) <= max(width, 22) })
        #expect(lines[1].contains("…") == (width < 55))
    }

    @Test("An empty table is nothing at all")
    func empty() {
        #expect(Table([.fixed("N")]).lines(width: 80).isEmpty)
    }
}

@Suite struct JSONTests {
    @Test("A document is what JSON says, and harmless on a terminal")
    func escapes() {
        let document = JSON.object([
            "text": .text("a\"\\\n\u{1B}[31m\u{202E}é🐝\u{E0041}"), "none": .null,
            "list": .list([.integer(-1), .boolean(true)]), "empty": .object([]),
        ])

        #expect(
            document.line()
                == #"{"text":"a\"\\\n\u001b[31m\u202eé🐝\udb40\udc41","none":null,"list":[-1,true],"empty":{}}"#
        )
    }
}

@Suite struct RunStateTests {
    @Test("What a run waits for is told in one line with the time, also where it is a sentence")
    func waiting() {
        let now = Timestamp(milliseconds: 1_790_000_000_000)
        func words(_ reason: String, _ until: Timestamp?) -> String {
            RunState.waiting(reason: reason, until: until).words(now)
        }

        #expect(words("rate limit", now + .seconds(180)) == "waiting: rate limit, in 3 min")
        #expect(
            words("There is no ann.", now + .seconds(60)) == "waiting: There is no ann, in 1 min")
        #expect(words("There is no ann.", nil) == "waiting: There is no ann.")
    }
}
