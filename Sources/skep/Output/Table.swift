/// Rows under upper-case headers, left-aligned, without lines around them.
struct Table {
    struct Column {
        let header: String
        /// Whether it may be cut where the terminal is too narrow.
        let isFlexible: Bool
        /// Whether it is left out where the others would be cut too short.
        let isOptional: Bool

        static func fixed(_ header: String) -> Column {
            Column(header: header, isFlexible: false, isOptional: false)
        }
        static func flexible(_ header: String) -> Column {
            Column(header: header, isFlexible: true, isOptional: false)
        }
        static func optional(_ header: String) -> Column {
            Column(header: header, isFlexible: true, isOptional: true)
        }
        /// Optional, and of no use when it is cut, such as an address.
        static func whole(_ header: String) -> Column {
            Column(header: header, isFlexible: false, isOptional: true)
        }
    }

    /// A flexible column isn't made narrower than this.
    static let leastWidth = 8
    /// Optional columns go before others are cut to less than this.
    private static let readableWidth = 20
    private static let gap = 2

    private(set) var columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    private init(_ columns: [Column], rows: [[String]]) {
        self.columns = columns
        self.rows = rows
    }

    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. Cells are made harmless here; callers bring text as it is.
    mutating func add(_ cells: [String]) {
        rows.append(columns.indices.map { $0 < cells.count ? PlainText.line(cells[$0]) : "" })
    }

    /// The same without columns that say nothing in any row.
    func withoutEmptyColumns(keeping headers: Set<String> = []) -> Table {
        only(
            columns.indices.filter { index in
                headers.contains(columns[index].header)
                    || rows.contains { !["", "-", "0"].contains($0[index]) }
            })
    }

    /// The same with another header over its first column.
    func headed(_ header: String) -> Table {
        guard let first = columns.first else { return self }
        let column = Column(
            header: header, isFlexible: first.isFlexible, isOptional: first.isOptional)
        return Table([column] + columns.dropFirst(), rows: rows)
    }

    private func only(_ kept: [Int]) -> Table {
        Table(kept.map { columns[$0] }, rows: rows.map { row in kept.map { row[$0] } })
    }

    /// Its lines.
    ///
    /// - Parameters:
    ///   - width: Columns of the terminal; `nil`: nothing is cut.
    ///   - others: Tables of the same columns that it stands in line with.
    ///   - header: How the header line is dressed.
    func lines(
        width: Int?, inLineWith others: [Table] = [], header: (String) -> String = { $0 }
    ) -> [String] {
        guard !rows.isEmpty else { return [] }
        var natural = naturalWidths
        for other in others where other.columns.count == columns.count {
            natural = zip(natural, other.naturalWidths).map(max)
        }
        let kept = keptColumns(natural, width)
        let table = only(kept)
        let widths = table.fittingWidths(kept.map { natural[$0] }, width)
        let head = Self.line(table.columns.map(\.header), widths)
        return [header(head)] + table.rows.map { Self.line($0, widths) }
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = zip(cells, widths)
            .map { TextWidth.pad(TextWidth.cut($0, to: $1), to: $1) }
            .joined(separator: String(repeating: " ", count: gap))
        while line.last == " " { line.removeLast() }
        return line
    }

    private var naturalWidths: [Int] {
        columns.indices.map { index in
            max(
                TextWidth.of(columns[index].header),
                rows.map { TextWidth.of($0[index]) }.max() ?? 0)
        }
    }

    /// Leaves out optional columns, the last first, until the others can be read.
    private func keptColumns(_ natural: [Int], _ width: Int?) -> [Int] {
        var kept = Array(columns.indices)
        guard let width else { return kept }
        func least(_ index: Int) -> Int {
            let column = columns[index]
            guard column.isFlexible else { return natural[index] }
            return min(natural[index], column.isOptional ? Self.leastWidth : Self.readableWidth)
        }
        while kept.map(least).reduce(0, +) + Self.gap * (kept.count - 1) > width {
            guard let last = kept.lastIndex(where: { columns[$0].isOptional }) else { break }
            kept.remove(at: last)
        }
        return kept
    }

    /// Takes from the widest flexible column until the line fits.
    private func fittingWidths(_ natural: [Int], _ width: Int?) -> [Int] {
        var widths = natural
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
