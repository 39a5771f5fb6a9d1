/// Rows under upper-case headers, left-aligned, without lines around them.
struct Table {
    struct Column {
        let header: String
        /// Whether it may be cut where the terminal is too narrow.
        let isFlexible: Bool

        static func fixed(_ header: String) -> Column { Column(header: header, isFlexible: false) }
        static func flexible(_ header: String) -> Column {
            Column(header: header, isFlexible: true)
        }
    }

    /// A flexible column isn't made narrower than this.
    static let leastWidth = 8
    private static let gap = 2

    private(set) var columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. Cells are made harmless here; callers bring text as it is.
    mutating func add(_ cells: [String]) {
        rows.append(columns.indices.map { $0 < cells.count ? PlainText.line(cells[$0]) : "" })
    }

    /// The same without columns that say nothing in any row.
    func withoutEmptyColumns(keeping headers: Set<String> = []) -> Table {
        let kept = columns.indices.filter { index in
            headers.contains(columns[index].header)
                || rows.contains { !["", "-", "0"].contains($0[index]) }
        }
        var table = Table(kept.map { columns[$0] })
        for row in rows { table.add(kept.map { row[$0] }) }
        return table
    }

    /// Its lines.
    ///
    /// - Parameters:
    ///   - width: Columns of the terminal; `nil`: nothing is cut.
    ///   - header: How the header line is dressed.
    func lines(width: Int?, header: (String) -> String = { $0 }) -> [String] {
        guard !rows.isEmpty else { return [] }
        let widths = fittingWidths(width)
        let head = line(columns.map(\.header), widths)
        return [header(head)] + rows.map { line($0, widths) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = zip(cells, widths)
            .map { TextWidth.pad(TextWidth.cut($0, to: $1), to: $1) }
            .joined(separator: String(repeating: " ", count: Self.gap))
        while line.last == " " { line.removeLast() }
        return line
    }

    /// Takes from the widest flexible column until the line fits.
    private func fittingWidths(_ width: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            max(
                TextWidth.of(columns[index].header),
                rows.map { TextWidth.of($0[index]) }.max() ?? 0)
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
        while excess > 0 {
            let candidates = widths.indices.filter {
                columns[$0].isFlexible && widths[$0] > Self.leastWidth
            }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            let rest = candidates.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
            let cut = min(excess, max(1, widths[widest] - max(rest, Self.leastWidth)))
            widths[widest] -= cut
            excess -= cut
        }
        return widths
    }
}
