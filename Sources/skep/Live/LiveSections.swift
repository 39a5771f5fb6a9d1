import SkepCore

/// Rows under a title, as a part of a live view.
struct LiveSection {
    let title: String
    let table: Table
    /// Sections that matter less lose rows first.
    let weight: Int
    var style = Terminal.Style.bold
    /// Sections of runs stand in line with each other.
    var isOfRuns = false
}

/// Sections that share the room there is: each keeps its first rows, and says how many aren't shown.
struct LiveSections {
    let sections: [LiveSection]
    let scene: LiveScene

    private var columns: Int { scene.columns }

    /// At most `room` lines.
    func lines(room: Int) -> [String] {
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
        return lines
    }

    /// A section for room that is left, if that is enough for a few lines of it.
    func spare(_ section: LiveSection, room: Int) -> [String] {
        let table = section.table.headed(section.title.uppercased()).lines(width: columns)
        let count = min(table.count - 1, room - 2)
        guard count >= min(3, table.count - 1), count > 0 else { return [] }
        return [""] + shown(section, table, rows: count, saysMore: false)
    }

    /// A section's header, with its title as the first word of it, and its first rows.
    private func shown(
        _ section: LiveSection, _ table: [String], rows count: Int, saysMore: Bool = true
    ) -> [String] {
        let hidden = saysMore ? table.count - 1 - count : 0
        let more = hidden > 0 ? "+\(hidden) more" : ""
        let title = scene.cut(section.title.uppercased())
        let room = columns - (more.isEmpty ? 0 : more.count + 2)
        let rest = TextWidth.cut(
            String(table[0].dropFirst(title.count)), to: max(0, room - title.count))
        var head = scene.style(title, section.style) + (rest.isEmpty ? "" : scene.style(rest, .dim))
        let gap = columns - title.count - TextWidth.of(rest) - more.count
        if !more.isEmpty, gap >= 2 {
            head += String(repeating: " ", count: gap) + scene.style(more, .bold)
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
