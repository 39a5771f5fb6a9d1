import Foundation

/// Renders a small, safe part of Markdown.
///
/// What it doesn't know stays text, and all text is escaped: HTML in it is shown, never obeyed.
/// Only `<details>` with its `<summary>` folds away what is in it, as reports do with output.
/// HTML comments aren't shown; programs keep their marks in them. Pictures become links: looking
/// at a page asks no other host for anything.
enum Markdown {
    /// Characters that are rendered; the rest is cut, and the page says so.
    static let limit = 200_000

    /// - Parameter context: What "#12" and links without a host lead to; `nil` leaves both as text.
    static func html(_ text: String, in context: Context? = nil) -> String {
        let isCut = text.utf8.count > limit
        let shown = isCut ? String(text.prefix(limit)) : text
        var output = ""
        var blocks = Blocks(lines: lines(withoutComments(shown)), context: context)
        blocks.render(to: &output)
        return isCut ? output + "<p><em>The rest isn’t shown here.</em></p>" : output
    }

    /// A title: text, but for `code`.
    static func title(_ text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            if index % 2 == 0 { return escape(part) }
            // The last tick closes nothing; an empty pair is text.
            if index == parts.count - 1 { return "`" + escape(part) }
            return part.isEmpty ? "``" : "<code>\(escape(part))</code>"
        }.joined()
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
