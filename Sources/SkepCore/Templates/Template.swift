/// A text with `{{ a.b }}` in it. Every name is checked when it is read, not when it is used.
public struct Template: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case text(String)
        case name(String)
    }

    public let source: String
    private let parts: [Part]

    /// Reads a template.
    ///
    /// - Parameters:
    ///   - names: The names that may stand in it.
    ///   - location: Where its first line is, for the messages.
    public init(
        _ source: String, names: Set<String>, at location: SettingsLocation,
        mistakes: SettingsMistakes
    ) {
        self.source = source
        var parts: [Part] = []
        var rest = source[...]
        while let open = rest.range(of: "{{") {
            let line = location.line.map {
                $0 + source[..<open.lowerBound].utf8.count { $0 == UInt8(ascii: "\n") }
            }
            let place = SettingsLocation(source: location.source, line: line)
            guard let close = rest[open.upperBound...].range(of: "}}") else {
                mistakes.add("\"{{\" is never closed with \"}}\"", at: place)
                break
            }
            let name = rest[open.upperBound..<close.lowerBound].trimmingSpaces()
            if !names.contains(name) {
                let hint = nearest(to: name, among: Array(names)).map {
                    "; did you mean \"\($0)\"?"
                }
                let known = "; known are " + names.sorted().joined(separator: ", ")
                mistakes.add("there is no \"\(name)\" to fill in" + (hint ?? known), at: place)
            }
            parts.append(.text(String(rest[..<open.lowerBound])))
            parts.append(.name(name))
            rest = rest[close.upperBound...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts
    }

    /// Whether a name stands in it.
    public func uses(_ name: String) -> Bool { parts.contains(.name(name)) }

    /// Fills the names in. What is filled in is text: braces in it mean nothing.
    public func filled(with values: [String: String]) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .name(let name): values[name] ?? ""
            }
        }.joined()
    }
}

extension Substring {
    fileprivate func range(of needle: String) -> Range<Index>? {
        let pattern = Array(needle.utf8)
        var index = startIndex
        while index < endIndex {
            if utf8[index...].starts(with: pattern) {
                return index..<utf8.index(index, offsetBy: pattern.count)
            }
            index = utf8.index(after: index)
        }
        return nil
    }

    fileprivate func trimmingSpaces() -> String {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
