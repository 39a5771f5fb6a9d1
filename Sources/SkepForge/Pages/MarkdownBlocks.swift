import Foundation

extension Markdown {
    /// The blocks of a text, line by line.
    struct Blocks {
        var lines: [Substring]
        var index = 0
        let context: Context?

        init(lines: [Substring], context: Context?) {
            self.lines = lines
            self.context = context
        }

        /// Quotes, lists and details within each other go this deep.
        static let deepest = 8

        func inline(_ text: some StringProtocol) -> String {
            Inline.html(String(text), in: context)
        }

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
                } else if Self.isIndented(line), Self.item(line) == nil {
                    renderIndentedCode(to: &output)
                } else if let (level, title) = Self.heading(line) {
                    let tag = "h\(min(6, level + 2))"
                    output += "<\(tag)>\(inline(title))</\(tag)>"
                    index += 1
                } else if line.hasPrefix(">"), depth < Self.deepest {
                    renderQuote(to: &output, depth: depth)
                } else if Self.isRule(line) {
                    output += "<hr>"
                    index += 1
                } else if Self.item(line) != nil {
                    renderList(to: &output, depth: depth)
                } else if let columns = Self.tableColumns(lines, at: index) {
                    renderTable(columns, to: &output)
                } else {
                    renderParagraph(to: &output)
                }
            }
        }

        /// - Parameter indent: Blanks at a line's beginning that aren't the code's.
        mutating func renderCode(_ fence: Substring, to output: inout String, indent: Int = 0) {
            index += 1
            output += "<pre><code>"
            while index < lines.count, !Self.closes(lines[index], fence) {
                let blanks = min(indent, lines[index].prefix { $0 == " " }.count)
                output += Markdown.escape(lines[index].dropFirst(blanks)) + "\n"
                index += 1
            }
            index += 1
            output += "</code></pre>"
        }

        /// Code that stands four blanks further in, with the blank lines between.
        private mutating func renderIndentedCode(to output: inout String) {
            var code: [Substring] = []
            while index < lines.count, Self.isIndented(lines[index]) || Self.isBlank(lines[index]) {
                let line = lines[index]
                code.append(line.hasPrefix("\t") ? line.dropFirst() : line.dropFirst(4))
                index += 1
            }
            while code.last.map(Self.isBlank) == true { code.removeLast() }
            output += "<pre><code>\(Markdown.escape(code.joined(separator: "\n")))\n</code></pre>"
        }

        private static func isIndented(_ line: Substring) -> Bool {
            line.hasPrefix("    ") || line.hasPrefix("\t")
        }

        private mutating func renderQuote(to output: inout String, depth: Int) {
            var quoted: [Substring] = []
            while index < lines.count, lines[index].hasPrefix(">") {
                quoted.append(lines[index].dropFirst(lines[index].hasPrefix("> ") ? 2 : 1))
                index += 1
            }
            output += "<blockquote>"
            var inner = Blocks(lines: quoted, context: context)
            inner.render(to: &output, depth: depth + 1)
            output += "</blockquote>"
        }

        private mutating func renderParagraph(to output: inout String) {
            var text: [Substring] = []
            while index < lines.count, !Self.isBlank(lines[index]), Self.fence(lines[index]) == nil,
                Self.heading(lines[index]) == nil, text.isEmpty || !lines[index].hasPrefix(">"),
                text.isEmpty || Self.item(lines[index]) == nil,
                text.isEmpty || !Self.isRule(lines[index]),
                text.isEmpty || !Self.touchesDetails(lines[index])
            {
                text.append(lines[index])
                index += 1
            }
            output += "<p>\(inline(text.joined(separator: "\n")))</p>"
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
    }
}
