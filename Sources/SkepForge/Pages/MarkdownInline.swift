extension Markdown {
    /// What stands within a line: code, emphasis, links.
    ///
    /// It works on bytes, and looks ahead only as far as a budget goes that grows with the text:
    /// a text full of openings without ends takes no longer than another.
    struct Inline {
        private typealias Bytes = ArraySlice<UInt8>

        private var output: [UInt8] = []
        private var plain: [UInt8] = []
        private var budget: Int

        private let context: Context?

        static func html(_ text: String, in context: Context? = nil) -> String {
            let bytes = Array(text.utf8)
            var inline = Inline(budget: 16 * bytes.count + 1000, context: context)
            inline.render(bytes[...], depth: 0)
            return String(decoding: inline.output, as: UTF8.self)
        }

        private init(budget: Int, context: Context?) {
            self.budget = budget
            self.context = context
        }

        /// Emphasis and links within each other go this deep.
        private static let deepest = 6

        private mutating func render(_ text: Bytes, depth: Int) {
            var rest = text
            while let first = rest.first {
                if let after = piece(rest, first, depth: depth) {
                    rest = after
                } else {
                    plain.append(first)
                    rest = rest.dropFirst()
                }
            }
            flush()
        }

        /// Renders what begins here, if it is more than text, and gives what follows it.
        private mutating func piece(_ text: Bytes, _ first: UInt8, depth: Int) -> Bytes? {
            switch first {
            case Mark.backslash:
                guard let next = text.dropFirst().first, Mark.escapable.contains(next) else {
                    return nil
                }
                plain.append(next)
                return text.dropFirst(2)
            case Mark.tick:
                return codeSpan(text)
            case Mark.star, Mark.underscore, Mark.tilde:
                return depth < Self.deepest ? emphasis(text, first, depth: depth) : nil
            case Mark.open:
                return depth < Self.deepest ? link(text) : nil
            case Mark.bang:
                // A picture: its text is a link to it.
                let rest = text.dropFirst()
                return depth < Self.deepest && rest.first == Mark.open ? link(rest) : nil
            case Mark.number:
                return depth < Self.deepest ? reference(text) : nil
            case Mark.h:
                return depth < Self.deepest ? address(text) : nil
            default:
                return nil
            }
        }

        private mutating func flush() {
            guard !plain.isEmpty else { return }
            output += Markdown.escape(String(decoding: plain, as: UTF8.self)).utf8
            plain.removeAll(keepingCapacity: true)
        }

        private mutating func put(_ html: String) {
            flush()
            output += html.utf8
        }

        /// The first place from `start` on where a condition holds, as far as the budget goes.
        private mutating func find(
            _ text: Bytes, from start: Int, _ condition: (Int) -> Bool
        ) -> Int? {
            var index = start
            while index < text.endIndex, budget > 0 {
                budget -= 1
                if condition(index) { return index }
                index += 1
            }
            return nil
        }

        private mutating func codeSpan(_ text: Bytes) -> Bytes? {
            let start = text.startIndex + Self.run(text, at: text.startIndex)
            let ticks = start - text.startIndex
            let end = find(text, from: start) {
                text[$0] == Mark.tick && text[$0 - 1] != Mark.tick
                    && Self.run(text, at: $0, limit: ticks + 1) == ticks
            }
            guard let end else {
                // The whole run stays text: none of its ticks opens anything.
                plain += text[..<start]
                return text[start...]
            }
            put(
                "<code>" + Markdown.escape(String(decoding: text[start..<end], as: UTF8.self))
                    + "</code>")
            return text[(end + ticks)...]
        }

        /// `**bold**`, `*emphasis*` and `_emphasis_`, the last not within words; `~~gone~~`.
        private mutating func emphasis(_ text: Bytes, _ mark: UInt8, depth: Int) -> Bytes? {
            if mark == Mark.underscore, let before = plain.last, Self.isWord(before) { return nil }
            let width = Self.run(text, at: text.startIndex, limit: 3)
            let start = text.startIndex + width
            guard width <= 2, mark != Mark.tilde || width == 2, start < text.endIndex,
                !Self.isSpace(text[start])
            else { return nil }
            let end = find(text, from: start + 1) {
                guard text[$0] == mark, !Self.isSpace(text[$0 - 1]), text[$0 - 1] != mark,
                    Self.run(text, at: $0, limit: 3) == width
                else { return false }
                let after = $0 + width
                return mark != Mark.underscore || after == text.endIndex
                    || !Self.isWord(text[after])
            }
            guard let end else { return nil }
            let tag = mark == Mark.tilde ? "del" : width == 2 ? "strong" : "em"
            put("<\(tag)>")
            render(text[start..<end], depth: depth + 1)
            put("</\(tag)>")
            return text[(end + width)...]
        }

        /// `[text](address)`.
        private mutating func link(_ text: Bytes) -> Bytes? {
            guard
                let close = find(text, from: text.startIndex + 1, { text[$0] == Mark.close }),
                close + 1 < text.endIndex, text[close + 1] == Mark.openRound,
                let end = find(text, from: close + 2, { text[$0] == Mark.closeRound })
            else { return nil }
            let target = String(decoding: text[(close + 2)..<end], as: UTF8.self)
            let address = Markdown.isSafe(target) ? target : context?.address(of: target)
            guard let address else { return nil }
            put(Self.anchor(address))
            render(text[(text.startIndex + 1)..<close], depth: Self.deepest)
            put("</a>")
            return text[(end + 1)...]
        }

        /// "#12": an issue or a pull request.
        private mutating func reference(_ text: Bytes) -> Bytes? {
            guard let context else { return nil }
            if let before = plain.last, Self.isWord(before) { return nil }
            let digits = text.dropFirst().prefix(10).prefix { Mark.digits.contains($0) }
            let rest = text.dropFirst(1 + digits.count)
            guard (1...9).contains(digits.count), rest.first.map({ !Self.isWord($0) }) ?? true,
                digits.first != Mark.zero
            else { return nil }
            let number = String(decoding: digits, as: UTF8.self)
            put(
                "<a href=\"\(Markdown.escape(context.repository))/issues/\(number)\">#\(number)</a>"
            )
            return rest
        }

        /// A bare address, without the punctuation behind it.
        private mutating func address(_ text: Bytes) -> Bytes? {
            if let before = plain.last, Self.isWord(before) { return nil }
            guard text.starts(with: "http://".utf8) || text.starts(with: "https://".utf8) else {
                return nil
            }
            var end =
                find(text, from: text.startIndex) {
                    Self.isSpace(text[$0]) || Mark.endsAddress.contains(text[$0])
                } ?? text.endIndex
            while end > text.startIndex, Mark.endsSentence.contains(text[end - 1]) { end -= 1 }
            let target = String(decoding: text[..<end], as: UTF8.self)
            guard Markdown.isSafe(target) else { return nil }
            put(Self.anchor(target) + Markdown.escape(target) + "</a>")
            return text[end...]
        }

        private static func anchor(_ target: String) -> String {
            "<a href=\"\(Markdown.escape(target))\" rel=\"nofollow noreferrer\">"
        }

        /// How often the byte here is repeated.
        private static func run(_ text: Bytes, at index: Int, limit: Int = .max) -> Int {
            var end = index
            while end < text.endIndex, text[end] == text[index], end - index < limit { end += 1 }
            return end - index
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

        /// Letters and digits; of what isn't ASCII everything.
        private static func isWord(_ byte: UInt8) -> Bool {
            byte >= 0x80 || Character(Unicode.Scalar(byte)).isLetter
                || Character(Unicode.Scalar(byte)).isNumber
        }

        private enum Mark {
            static let backslash = UInt8(ascii: "\\")
            static let tick = UInt8(ascii: "`")
            static let star = UInt8(ascii: "*")
            static let underscore = UInt8(ascii: "_")
            static let open = UInt8(ascii: "[")
            static let close = UInt8(ascii: "]")
            static let openRound = UInt8(ascii: "(")
            static let closeRound = UInt8(ascii: ")")
            static let h = UInt8(ascii: "h")
            static let bang = UInt8(ascii: "!")
            static let number = UInt8(ascii: "#")
            static let tilde = UInt8(ascii: "~")
            static let zero = UInt8(ascii: "0")
            static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            static let escapable = Set("\\`*_[]()#>-+.!".utf8)
            static let endsAddress = Set("<>\"'`)]*".utf8)
            static let endsSentence = Set(".,;:!?".utf8)
        }
    }
}
