import SkepCore
import SkepQueue

/// One picture of the live view: lines that fit the terminal.
struct LiveFrame {
    let picture: StatusPicture
    let now: Timestamp
    let columns: Int
    let rows: Int
    var local = LocalTime()
    /// Why the picture is an old one.
    var problem: String?
    let style: (String, Terminal.Style) -> String

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
        var lines = [sides("Skep  \(picture.summary)", time, .bold, .dim)]
        if let problem {
            lines.append(style(cut("not up to date: \(problem)"), .red))
        } else if picture.server == nil {
            lines.append(
                style(cut("skep serve isn't running: nothing goes on until it does"), .yellow))
        } else if rows >= 14 {
            lines.append(style(cut(picture.serverSentence(now)), .dim))
        }
        return lines
    }

    private var foot: String {
        let next = picture.nextSchedule(now, local).map { "next: \($0)" } ?? ""
        return sides(next, "q ends this", .dim, .dim)
    }

    /// A text at the left and one at the right; the right one gives way.
    private func sides(
        _ left: String, _ right: String, _ leftStyle: Terminal.Style, _ rightStyle: Terminal.Style
    ) -> String {
        let left = cut(left)
        let gap = columns - TextWidth.of(left) - TextWidth.of(right)
        guard gap >= 2 else {
            return left.isEmpty ? style(cut(right), rightStyle) : style(left, leftStyle)
        }
        return (left.isEmpty ? "" : style(left, leftStyle)) + String(repeating: " ", count: gap)
            + style(right, rightStyle)
    }

    private func cut(_ text: String) -> String { TextWidth.cut(PlainText.line(text), to: columns) }

    // Sections

    private func body(room: Int) -> [String] {
        let board = StatusBoard(
            picture: picture, now: now, local: local, isBrief: columns < 120,
            saysNextElsewhere: true)
        let sections = board.sections
        let ofRuns = sections.filter(\.isOfRuns).map { $0.table.headed($0.title.uppercased()) }
        let tables = sections.map { section in
            section.table.headed(section.title.uppercased())
                .lines(width: columns, inLineWith: section.isOfRuns ? ofRuns : [])
        }
        let share = Share(
            room: room, sections: zip(sections, tables).map { ($0.weight, $1.count - 1) })
        var lines: [String] = []
        for ((section, table), count) in zip(zip(sections, tables), share.rows) where count > 0 {
            if share.isSpaced { lines.append("") }
            lines += shown(section, table, rows: count)
        }
        if sections.isEmpty, room >= 3 {
            lines += ["", "Nothing is being worked on.", cut("\"skep dispatch ISSUE\" begins.")]
        }
        return lines + lately(board, room: room - lines.count)
    }

    /// What happened last, where there is room for a few lines of it.
    private func lately(_ board: StatusBoard, room: Int) -> [String] {
        let section = board.lately
        let table = section.table.headed(section.title.uppercased()).lines(width: columns)
        let count = min(table.count - 1, room - 2)
        guard count >= min(3, table.count - 1), count > 0 else { return [] }
        return [""] + shown(section, table, rows: count, saysMore: false)
    }

    /// A section's header, with its title as the first word of it, and its first rows.
    private func shown(
        _ section: StatusBoard.Section, _ table: [String], rows count: Int, saysMore: Bool = true
    ) -> [String] {
        let hidden = saysMore ? table.count - 1 - count : 0
        let more = hidden > 0 ? "+\(hidden) more" : ""
        let title = cut(section.title.uppercased())
        let room = columns - (more.isEmpty ? 0 : more.count + 2)
        let rest = TextWidth.cut(
            String(table[0].dropFirst(title.count)), to: max(0, room - title.count))
        var head = style(title, section.style) + (rest.isEmpty ? "" : style(rest, .dim))
        let gap = columns - title.count - TextWidth.of(rest) - more.count
        if !more.isEmpty, gap >= 2 {
            head += String(repeating: " ", count: gap) + style(more, .bold)
        }
        return [head] + table[1...count].map { TextWidth.cut($0, to: columns) }
    }

    /// How the room is shared among sections.
    struct Share: Equatable {
        /// How many rows of each are shown; none where not even its header is.
        private(set) var rows: [Int]
        /// Whether a blank line stands before each.
        private(set) var isSpaced: Bool

        /// All rows, if there is room for all; else each section gets its header and one row, those
        /// that weigh most first, and what is left goes to them by their weights.
        ///
        /// - Parameter sections: Each with its weight and its number of rows, at least one.
        init(room: Int, sections: [(weight: Int, rows: Int)]) {
            let needed = sections.reduce(0) { $0 + $1.rows + 1 }
            isSpaced = needed + sections.count <= room || room >= 28
            let frame = isSpaced ? 2 : 1
            rows = Array(repeating: 0, count: sections.count)
            var rest = room
            let byWeight = sections.indices.sorted {
                (-sections[$0].weight, $0) < (-sections[$1].weight, $1)
            }
            for index in byWeight where rest >= frame + 1 {
                rows[index] = 1
                rest -= frame + 1
            }
            while rest > 0 {
                let growing = sections.indices.filter {
                    rows[$0] > 0 && rows[$0] < sections[$0].rows
                }
                // The one with the most weight for each row it has.
                let next = growing.min {
                    rows[$0] * sections[$1].weight < rows[$1] * sections[$0].weight
                }
                guard let next else { break }
                rows[next] += 1
                rest -= 1
            }
        }
    }
}
