/// Finds unified diffs in Markdown: fenced blocks marked `diff` or `patch`, and bare text that
/// begins with "diff --git" outside of any block.
enum PatchFinder {
    /// The patches, in the order of the text; empty when there are none.
    static func patches(in markdown: String) throws(PatchError) -> [FilePatch] {
        let lines = lines(of: markdown)
        var patches: [FilePatch] = []
        var index = 0
        while index < lines.count {
            if let fence = Fence(lines[index]) {
                let block = lines[(index + 1)...].prefix { !fence.isClosed(by: $0) }
                if fence.isPatch {
                    var reader = PatchReader(
                        lines: block.map { fence.unindented($0) }, from: 0)
                    let found = try reader.all()
                    guard !found.isEmpty else {
                        throw .malformed(line: String(block.first ?? lines[index]))
                    }
                    patches += found
                }
                index = block.endIndex + 1
            } else if lines[index].hasPrefix("diff --git ") {
                var reader = PatchReader(lines: lines, from: index)
                while let patch = try reader.next() { patches.append(patch) }
                index = max(reader.position, index + 1)
            } else {
                index += 1
            }
        }
        return patches
    }

    /// Browsers send texts with CR LF, which isn't what was meant by the diff in it.
    private static func lines(of text: String) -> [Substring] {
        let parts = text.utf8.split(separator: 10, omittingEmptySubsequences: false)
        let isForeign = parts.dropLast().allSatisfy { $0.last == 13 } && parts.count > 1
        return parts.map { Substring(isForeign && $0.last == 13 ? $0.dropLast() : $0) }
    }
}

/// The line that opens a fenced block (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
private struct Fence {
    private let indent: Int
    private let mark: Character
    private let length: Int
    let isPatch: Bool

    init?(_ line: Substring) {
        let text = line.drop { $0 == " " }
        guard let mark = text.first, mark == "`" || mark == "~" else { return nil }
        let run = text.prefix { $0 == mark }
        let info = text[run.endIndex...]
        guard run.count >= 3, !(mark == "`" && info.contains("`")) else { return nil }
        self.mark = mark
        indent = line.count - text.count
        length = run.count
        let word = info.split { $0 == " " || $0 == "\t" }.first?.lowercased()
        isPatch = word == "diff" || word == "patch"
    }

    func isClosed(by line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        let run = text.prefix { $0 == mark }
        return run.count >= length && text[run.endIndex...].allSatisfy { $0 == " " || $0 == "\t" }
    }

    /// Without as many blanks as the fence itself has, as in a list.
    func unindented(_ line: Substring) -> Substring {
        let blanks = line.prefix(indent).prefix { $0 == " " }
        return line[blanks.endIndex...]
    }
}
