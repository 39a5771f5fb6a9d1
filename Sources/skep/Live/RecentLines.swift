/// What somebody is shown who comes to something that has been going on: the last lines of it, and
/// then all that comes. However long it was, it takes the memory of those lines.
struct RecentLines: Sendable {
    /// Of what was before.
    static let most = 200

    private var lines: [String] = []
    private var skipped = 0
    /// What was there has been read; nothing is left out any more.
    private(set) var isCurrent = false

    /// Whether enough wait to be shown; whoever reads on waits, too.
    var areMany: Bool { isCurrent && lines.count >= 10 * Self.most }

    mutating func add(_ new: [String]) {
        lines += new
        // Not for each line: it moves all others.
        if !isCurrent, lines.count > 2 * Self.most { cut() }
    }

    mutating func catchUp() {
        guard !isCurrent else { return }
        cut()
        isCurrent = true
    }

    /// What is to be shown now; nothing as long as what was there is being read.
    mutating func take() -> [String] {
        guard isCurrent else { return [] }
        defer { (lines, skipped) = ([], 0) }
        return skipped > 0 ? ["… \(skipped) earlier lines"] + lines : lines
    }

    private mutating func cut() {
        let more = lines.count - Self.most
        guard more > 0 else { return }
        lines.removeFirst(more)
        skipped += more
    }
}
