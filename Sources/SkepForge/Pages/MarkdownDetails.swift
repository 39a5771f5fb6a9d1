import Foundation

extension Markdown.Blocks {
    /// `<details>`, its `<summary>` on the same line or the next, what is folded away, and
    /// `</details>` on a line of its own. One that isn't closed ends with the text.
    ///
    /// - Parameter rest: What follows `<details>` on its line.
    mutating func renderDetails(_ rest: Substring, to output: inout String, depth: Int) {
        index += 1
        output += "<details>"
        var rest = rest
        if Self.isBlank(rest), index < lines.count, Self.summary(lines[index]) != nil {
            rest = lines[index]
            index += 1
        }
        if let (title, after) = Self.summary(rest) {
            output += "<summary>\(inline(title))</summary>"
            rest = after
        }
        let (inside, isClosed) = Self.upToEnd(rest)
        if !Self.isBlank(inside) {
            output += "<p>\(inline(inside))</p>"
        }
        if !isClosed {
            render(to: &output, depth: depth + 1, isFolded: true)
            index += 1
        }
        output += "</details>"
    }

    /// What follows a tag that stands at a line's beginning.
    static func afterTag(_ tag: String, _ line: Substring) -> Substring? {
        let text = line.drop { $0 == " " }
        return text.prefix(tag.count).lowercased() == tag ? text.dropFirst(tag.count) : nil
    }

    static func endsDetails(_ line: Substring) -> Bool {
        afterTag("</details>", line).map(isBlank) ?? false
    }

    /// Whether a paragraph ends before this line.
    static func touchesDetails(_ line: Substring) -> Bool {
        line.contains("<") && (endsDetails(line) || afterTag("<details>", line) != nil)
    }

    private static func summary(_ line: Substring) -> (title: Substring, after: Substring)? {
        guard let rest = afterTag("<summary>", line),
            let end = rest.range(of: "</summary>", options: .caseInsensitive)
        else { return nil }
        return (rest[..<end.lowerBound], rest[end.upperBound...])
    }

    /// A line without `</details>` at its end, and whether it was there.
    private static func upToEnd(_ line: Substring) -> (Substring, isClosed: Bool) {
        guard let end = line.range(of: "</details>", options: [.caseInsensitive, .backwards]),
            isBlank(line[end.upperBound...])
        else { return (line, false) }
        return (line[..<end.lowerBound], true)
    }
}
