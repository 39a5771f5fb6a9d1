import Foundation

extension Markdown.Blocks {
    enum Alignment: String { case none = "", left, center, right }

    /// Columns that a table has at most; what has more is text.
    private static let widest = 50

    /// The columns of the table that begins here: a line with bars above one of hyphens.
    static func tableColumns(_ lines: [Substring], at index: Int) -> [Alignment]? {
        guard index + 1 < lines.count, lines[index].contains("|"),
            lines[index + 1].contains("-")
        else { return nil }
        let rule = lines[index + 1]
        guard rule.allSatisfy({ "-:| \t".contains($0) }), rule.contains("|") else { return nil }
        let marks = cells(rule)
        guard !marks.isEmpty, marks.count <= widest, cells(lines[index]).count == marks.count,
            marks.allSatisfy({ $0.contains("-") })
        else { return nil }
        return marks.map { mark in
            switch (mark.hasPrefix(":"), mark.hasSuffix(":")) {
            case (true, true): .center
            case (true, false): .left
            case (false, true): .right
            case (false, false): .none
            }
        }
    }

    mutating func renderTable(_ columns: [Alignment], to output: inout String) {
        output += "<div class=\"wide\"><table><thead>"
        row(lines[index], columns, "th", to: &output)
        output += "</thead><tbody>"
        index += 2
        while index < lines.count, !Self.isBlank(lines[index]), lines[index].contains("|") {
            row(lines[index], columns, "td", to: &output)
            index += 1
        }
        output += "</tbody></table></div>"
    }

    private func row(
        _ line: Substring, _ columns: [Alignment], _ tag: String, to output: inout String
    ) {
        let cells = Self.cells(line)
        output += "<tr>"
        for (index, column) in columns.enumerated() {
            let text = index < cells.count ? cells[index] : ""
            output += column == .none ? "<\(tag)>" : "<\(tag) class=\"\(column.rawValue)\">"
            output += inline(text) + "</\(tag)>"
        }
        output += "</tr>"
    }

    /// What stands between the bars; "\|" is no bar.
    private static func cells(_ line: Substring) -> [String] {
        var cells: [String] = [""]
        var isEscaped = false
        for character in line.trimmingCharacters(in: .whitespaces) {
            if character == "|", !isEscaped {
                cells.append("")
            } else {
                if character == "|" { cells[cells.count - 1].removeLast() }
                cells[cells.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        if cells.first?.allSatisfy(\.isWhitespace) == true, line.contains("|") {
            cells.removeFirst()
        }
        if cells.last?.allSatisfy(\.isWhitespace) == true { cells.removeLast() }
        return cells.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
