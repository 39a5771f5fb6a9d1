import Foundation

/// Renders a small, safe part of Markdown.
///
/// What it doesn't know stays text, and all text is escaped: HTML in it is shown, never obeyed.
/// Only `<details>` with its `<summary>` folds away what is in it, as reports do with output.
/// HTML comments aren't shown; programs keep their marks in them.
enum Markdown {
    /// Characters that are rendered; the rest is cut, and the page says so.
    static let limit = 200_000

    static func html(_ text: String) -> String {
        let isCut = text.utf8.count > limit
        let shown = isCut ? String(text.prefix(limit)) : text
        var output = ""
        var blocks = Blocks(lines: lines(withoutComments(shown)))
        blocks.render(to: &output)
        return isCut ? output + "<p><em>The rest isn’t shown here.</em></p>" : output
    }

    static func escape(_ text: some StringProtocol) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    }

    /// Leaves comments inside of fenced code where they are.
    private static func withoutComments(_ text: String) -> String {
        guard text.contains("<!--") else { return text }
        var output: [Substring] = []
        var fence: Substring?
        var isInComment = false
        for line in lines(text) {
            if !isInComment, let mark = Blocks.fence(line) {
                if fence == nil { fence = mark } else if Blocks.closes(line, fence) { fence = nil }
                output.append(line)
                continue
            }
            if fence != nil {
                output.append(line)
                continue
            }
            var kept = ""
            var rest = line[...]
            while !rest.isEmpty {
                if isInComment {
                    guard let end = rest.range(of: "-->") else { break }
                    rest = rest[end.upperBound...]
                    isInComment = false
                } else {
                    guard let start = rest.range(of: "<!--") else {
                        kept += rest
                        break
                    }
                    kept += rest[..<start.lowerBound]
                    rest = rest[start.upperBound...]
                    isInComment = true
                }
            }
            // A line that was only a comment is no blank line either.
            if !kept.isEmpty || line.isEmpty { output.append(Substring(kept)) }
        }
        return output.joined(separator: "\n")
    }
}

extension Markdown {
    /// The blocks of a text, line by line.
    struct Blocks {
        var lines: [Substring]
        var index = 0

        init(lines: [Substring]) { self.lines = lines }

        /// Quotes and details within each other go this deep.
        private static let deepest = 8

        /// - Parameter isFolded: Whether it ends before the line that ends `<details>`.
        mutating func render(to output: inout String, depth: Int = 0, isFolded: Bool = false) {
            while index < lines.count {
                let line = lines[index]
                if isFolded, Self.endsDetails(line) {
                    return
                } else if Self.isBlank(line) {
                    index += 1
                } else if depth < Self.deepest, let rest = Self.afterTag("<details>", line) {
                    renderDetails(rest, to: &output, depth: depth)
                } else if let fence = Self.fence(line) {
                    renderCode(fence, to: &output)
                } else if let (level, title) = Self.heading(line) {
                    let tag = "h\(min(6, level + 2))"
                    output += "<\(tag)>\(Inline.html(title))</\(tag)>"
                    index += 1
                } else if line.hasPrefix(">"), depth < Self.deepest {
                    renderQuote(to: &output, depth: depth)
                } else if Self.item(line) != nil {
                    renderList(to: &output)
                } else {
                    renderParagraph(to: &output)
                }
            }
        }

        private mutating func renderCode(_ fence: Substring, to output: inout String) {
            index += 1
            output += "<pre><code>"
            while index < lines.count, !Self.closes(lines[index], fence) {
                output += Markdown.escape(lines[index]) + "\n"
                index += 1
            }
            index += 1
            output += "</code></pre>"
        }

        private mutating func renderQuote(to output: inout String, depth: Int) {
            var quoted: [Substring] = []
            while index < lines.count, lines[index].hasPrefix(">") {
                quoted.append(lines[index].dropFirst(lines[index].hasPrefix("> ") ? 2 : 1))
                index += 1
            }
            output += "<blockquote>"
            var inner = Blocks(lines: quoted)
            inner.render(to: &output, depth: depth + 1)
            output += "</blockquote>"
        }

        private mutating func renderList(to output: inout String) {
            let isNumbered = Self.item(lines[index])?.isNumbered ?? false
            output += isNumbered ? "<ol>" : "<ul>"
            while index < lines.count, let item = Self.item(lines[index]),
                item.isNumbered == isNumbered
            {
                var text = String(item.text)
                index += 1
                while index < lines.count, lines[index].hasPrefix(" "), !Self.isBlank(lines[index]),
                    Self.item(lines[index]) == nil, Self.fence(lines[index]) == nil
                {
                    text += "\n" + lines[index].drop { $0 == " " }
                    index += 1
                }
                output += "<li>\(Inline.html(text))</li>"
            }
            output += isNumbered ? "</ol>" : "</ul>"
        }

        private mutating func renderParagraph(to output: inout String) {
            var text: [Substring] = []
            while index < lines.count, !Self.isBlank(lines[index]), Self.fence(lines[index]) == nil,
                Self.heading(lines[index]) == nil, text.isEmpty || !lines[index].hasPrefix(">"),
                text.isEmpty || Self.item(lines[index]) == nil,
                text.isEmpty || !Self.touchesDetails(lines[index])
            {
                text.append(lines[index])
                index += 1
            }
            output += "<p>\(Inline.html(text.joined(separator: "\n")))</p>"
        }

        static func isBlank(_ line: Substring) -> Bool { line.allSatisfy(\.isWhitespace) }

        /// The mark that opens fenced code: at least three backticks or tildes.
        static func fence(_ line: Substring) -> Substring? {
            let text = line.drop { $0 == " " }
            for mark: Character in ["`", "~"] {
                let run = text.prefix { $0 == mark }
                if run.count >= 3, mark == "~" || !text.dropFirst(run.count).contains("`") {
                    return run
                }
            }
            return nil
        }

        static func closes(_ line: Substring, _ fence: Substring?) -> Bool {
            guard let fence, let mark = fence.first else { return false }
            let text = line.drop { $0 == " " }
            let run = text.prefix { $0 == mark }
            return run.count >= fence.count && isBlank(text.dropFirst(run.count))
        }

        private static func heading(_ line: Substring) -> (level: Int, text: String)? {
            let marks = line.prefix { $0 == "#" }
            guard (1...6).contains(marks.count), line.dropFirst(marks.count).hasPrefix(" ") else {
                return nil
            }
            return (
                marks.count, line.dropFirst(marks.count + 1).trimmingCharacters(in: .whitespaces)
            )
        }

        private static func item(_ line: Substring) -> (isNumbered: Bool, text: Substring)? {
            let text = line.drop { $0 == " " }
            for mark in ["- ", "* ", "+ "] where text.hasPrefix(mark) {
                return (false, text.dropFirst(2))
            }
            let digits = text.prefix { ("0"..."9").contains($0) }
            let rest = text.dropFirst(digits.count)
            guard (1...9).contains(digits.count), rest.hasPrefix(". ") || rest.hasPrefix(") ")
            else {
                return nil
            }
            return (true, rest.dropFirst(2))
        }
    }
}
