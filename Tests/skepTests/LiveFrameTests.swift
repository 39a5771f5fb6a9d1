import SkepCore
import SkepQueue
import Testing

@testable import skep

@Suite struct LiveFrameGoldenTests {
    private func lines(
        _ picture: StatusPicture, _ columns: Int, _ rows: Int, problem: String? = nil
    ) -> [String] {
        LiveFrame(
            picture: picture,
            scene: LiveScene(
                now: goldenNow, columns: columns, rows: rows, local: LocalTime(named: "UTC"),
                problem: problem, style: { text, _ in text })
        ).lines()
    }

    @Test(
        "The live view at several sizes",
        arguments: [(80, 24), (120, 40), (40, 10), (100, 60)])
    func sizes(columns: Int, rows: Int) throws {
        let text = lines(try Samples.picture, columns, rows).joined(separator: "\n") + "\n"

        try expectGolden(text, "live-\(columns)x\(rows).txt")
    }

    @Test("With sixty runs each section keeps its place, and says how many aren't shown")
    func crowd() throws {
        let text = lines(try Samples.crowd, 80, 24).joined(separator: "\n") + "\n"

        try expectGolden(text, "live-crowd-80x24.txt")
        #expect(text.contains("60 at work"))
    }

    @Test("With nothing to do it says how to begin, and that nobody serves")
    func idle() throws {
        let picture = StatusPicture(state: StateFolder(path: "/srv/skep"))

        try expectGolden(lines(picture, 60, 12).joined(separator: "\n") + "\n", "live-idle.txt")
    }

    @Test("A picture that can't be renewed says so, and stays")
    func problem() throws {
        let shown = lines(try Samples.picture, 80, 24, problem: "The disk\u{1B}[2J is full.")

        #expect(shown[1] == "not up to date: The disk\\u{1B}[2J is full.")
        #expect(shown.count == 24)
    }

    @Test("Whatever the size, it fits, and nothing of what it shows moves the cursor")
    func everySize() throws {
        for picture in [try Samples.picture, try Samples.crowd] {
            for columns in [1, 2, 7, 13, 20, 33, 50, 79, 81, 200] {
                for rows in [1, 2, 3, 4, 5, 8, 13, 30, 100] {
                    let shown = lines(picture, columns, rows)

                    #expect(shown.count <= rows)
                    #expect(rows < 4 || shown.count == rows)
                    for line in shown {
                        #expect(TextWidth.of(line) <= columns, "\(columns)x\(rows): \(line)")
                        #expect(!line.unicodeScalars.contains(where: PlainText.isUnsafe))
                    }
                }
            }
        }
    }

    @Test("Colour changes nothing but colour")
    func colour() throws {
        let picture = try Samples.picture
        let styled = LiveFrame(
            picture: picture,
            scene: LiveScene(
                now: goldenNow, columns: 100, rows: 30, local: LocalTime(named: "UTC"),
                style: { text, style in "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" })
        ).lines()

        let plain = styled.map { $0.replacing(/\u{1B}\[[0-9]+m/, with: "") }
        #expect(plain == lines(picture, 100, 30))
    }
}

@Suite struct LiveFrameShareTests {
    typealias Share = LiveSections.Share

    @Test("Where there is room for all, all is shown, with blank lines between")
    func all() {
        let share = Share(room: 12, sections: [(5, 3), (1, 2)])

        #expect(share.rows == [3, 2])
        #expect(share.isSpaced)
    }

    @Test("What weighs most keeps most rows, and each keeps one")
    func weights() {
        #expect(Share(room: 10, sections: [(6, 50), (2, 50)]).rows == [6, 2])
        #expect(Share(room: 4, sections: [(6, 50), (2, 50)]).rows == [1, 1])
    }

    @Test("Where there isn't room for one row of each, the least important ones go")
    func tiny() {
        #expect(Share(room: 3, sections: [(1, 5), (6, 5)]).rows == [0, 2])
        #expect(Share(room: 1, sections: [(1, 5)]).rows == [0])
        #expect(Share(room: 5, sections: []).rows == [])
    }

    @Test("No more lines are given away than there are")
    func bounded() {
        for room in 0...40 {
            let share = Share(room: room, sections: [(6, 9), (4, 1), (4, 30), (1, 3)])
            let frame = share.isSpaced ? 2 : 1

            #expect(share.rows.filter { $0 > 0 }.reduce(0) { $0 + $1 + frame } <= room)
        }
    }
}
