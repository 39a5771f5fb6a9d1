import Foundation

extension Markdown.Blocks {
    /// An entry of a list: its mark, and what follows that.
    struct Item {
        /// Blanks before the mark.
        let indent: Int
        let isNumbered: Bool
        let number: Substring
        let text: Substring
    }

    static func item(_ line: Substring) -> Item? {
        let text = line.drop { $0 == " " }
        let indent = line.count - text.count
        for mark in ["- ", "* ", "+ "] where text.hasPrefix(mark) {
            return Item(indent: indent, isNumbered: false, number: "", text: text.dropFirst(2))
        }
        let digits = text.prefix { ("0"..."9").contains($0) }
        let rest = text.dropFirst(digits.count)
        guard (1...9).contains(digits.count), rest.hasPrefix(". ") || rest.hasPrefix(") ") else {
            return nil
        }
        return Item(indent: indent, isNumbered: true, number: digits, text: rest.dropFirst(2))
    }

    /// A line of at least three hyphens, stars or underscores.
    static func isRule(_ line: Substring) -> Bool {
        let marks = line.filter { !$0.isWhitespace }
        guard let first = marks.first, marks.count >= 3, "-*_".contains(first) else { return false }
        return marks.allSatisfy { $0 == first }
    }

    /// A list; one that stands further in belongs to the entry above it.
    mutating func renderList(to output: inout String, depth: Int) {
        guard let first = Self.item(lines[index]) else { return }
        if first.isNumbered {
            let start = Int(first.number) ?? 1
            output += start == 1 ? "<ol>" : "<ol start=\"\(start)\">"
        } else {
            output += "<ul>"
        }
        while let item = nextItem(of: first) {
            renderItem(item, to: &output, depth: depth)
        }
        output += first.isNumbered ? "</ol>" : "</ul>"
    }

    /// The next entry of the same list, over blank lines between; `nil` at its end.
    private mutating func nextItem(of first: Item) -> Item? {
        var next = index
        while next < lines.count, Self.isBlank(lines[next]) { next += 1 }
        guard next < lines.count, !Self.isRule(lines[next]), let item = Self.item(lines[next]),
            item.isNumbered == first.isNumbered, item.indent >= first.indent,
            item.indent < first.indent + 2
        else { return nil }
        index = next
        return item
    }

    private mutating func renderItem(_ item: Item, to output: inout String, depth: Int) {
        var text = item.text
        var mark = "<li>"
        for (box, isDone) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)]
        where text.hasPrefix(box) {
            mark =
                "<li class=\"task\"><input type=\"checkbox\" disabled\(isDone ? " checked" : "")> "
            text = text.dropFirst(box.count)
            break
        }
        var all = String(text)
        index += 1
        while index < lines.count, lines[index].hasPrefix(" "), !Self.isBlank(lines[index]),
            Self.item(lines[index]) == nil, Self.fence(lines[index]) == nil
        {
            all += "\n" + lines[index].drop { $0 == " " }
            index += 1
        }
        output += mark + inline(all)
        renderInside(item, to: &output, depth: depth)
        output += "</li>"
    }

    /// What stands further in than an entry's mark: lists and code.
    private mutating func renderInside(_ item: Item, to output: inout String, depth: Int) {
        while index < lines.count {
            let line = lines[index]
            let indent = line.prefix { $0 == " " }.count
            guard indent >= item.indent + 2 else { return }
            if depth < Self.deepest, Self.item(line) != nil, !Self.isRule(line) {
                renderList(to: &output, depth: depth + 1)
            } else if let fence = Self.fence(line) {
                renderCode(fence, to: &output, indent: indent)
            } else {
                return
            }
        }
    }
}
