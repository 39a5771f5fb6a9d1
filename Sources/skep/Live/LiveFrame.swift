import SkepCore
import SkepQueue

/// One picture of the live view: lines that fit the terminal.
struct LiveFrame {
    let picture: StatusPicture
    let scene: LiveScene

    private var now: Timestamp { scene.now }
    private var columns: Int { scene.columns }
    private var rows: Int { scene.rows }
    private var local: LocalTime { scene.local }

    /// At most `rows` lines, none wider than `columns`. Sections share the room: each keeps its
    /// first rows, and says how many aren't shown.
    func lines() -> [String] {
        guard columns > 0, rows > 0 else { return [] }
        guard rows >= 4 else {
            return [TextWidth.cut(PlainText.line(picture.summary), to: columns)]
        }
        let head = self.head
        let body = self.body(room: rows - head.count - 1)
        let gap = max(0, rows - head.count - body.count - 1)
        return head + body + Array(repeating: "", count: gap) + [foot]
    }

    // Head and foot

    private var head: [String] {
        let time = local.second(now)
        var lines = [scene.sides("Skep  \(picture.summary)", time, .bold, .dim)]
        if let problem = scene.problem {
            lines.append(scene.style(scene.cut("not up to date: \(problem)"), .red))
        } else if picture.server == nil {
            lines.append(
                scene.style(
                    scene.cut("skep serve isn't running: nothing goes on until it does"), .yellow))
        } else if rows >= 14 {
            lines.append(scene.style(scene.cut(picture.serverSentence(now)), .dim))
        }
        return lines
    }

    private var foot: String {
        let next = picture.nextSchedule(now, local).map { "next: \($0)" } ?? ""
        return scene.sides(next, "q ends this", .dim, .dim)
    }

    // Sections

    private func body(room: Int) -> [String] {
        let board = StatusBoard(
            picture: picture, now: now, local: local, isBrief: columns < 120,
            saysNextElsewhere: true)
        let sections = LiveSections(sections: board.sections, scene: scene)
        var lines = sections.lines(room: room)
        if sections.sections.isEmpty, room >= 3 {
            lines += [
                "", "Nothing is being worked on.", scene.cut("\"skep dispatch ISSUE\" begins."),
            ]
        }
        // What happened last, where there is room for a few lines of it.
        return lines + sections.spare(board.lately, room: room - lines.count)
    }
}
