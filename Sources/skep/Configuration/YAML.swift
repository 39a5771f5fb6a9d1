import SkepCore
import Yams

/// Reads YAML into a tree of settings, with the line of each.
///
/// What configuration has no use for is a mistake: anchors and aliases, tags, several documents,
/// keys that aren't texts.
enum YAML {
    /// Reads one document.
    ///
    /// - Parameters:
    ///   - firstLine: The line of the source at which the text begins.
    ///   - mistakes: Gets what is wrong.
    /// - Returns: An empty map for an empty text; `nil` when it isn't YAML.
    static func read(
        _ text: String, source: String, firstLine: Int = 1, into mistakes: SettingsMistakes
    ) -> SettingsNode? {
        // Editors of one system begin files with a byte order mark.
        let text =
            text.unicodeScalars.first == "\u{FEFF}"
            ? String(text.unicodeScalars.dropFirst()) : text
        let reading = Reading(source: source, lineOffset: firstLine - 1, mistakes: mistakes)
        do {
            let parser = try Parser(yaml: text)
            // Yams holds anchors weakly: the parser has to live while the tree is read.
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    return SettingsNode(.map([]), at: reading.place(nil))
                }
                return reading.node(root)
            }
        } catch {
            reading.report(error)
            return nil
        }
    }

    /// A scalar as YAML 1.2's core schema understands it, for values that stand alone.
    static func scalar(_ text: String) -> SettingsNode.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        default: break
        }
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, (48...57).contains(first) || first == 46 else {
            return .text(text)
        }
        if digits.utf8.allSatisfy({ (48...57).contains($0) }) {
            // A leading zero is kept: "007" is a name, not seven.
            if digits.count > 1, first == 48 { return .text(text) }
            return Int(text).map { .integer($0) } ?? .text(text)
        }
        let isNumber = digits.utf8.allSatisfy {
            (48...57).contains($0) || ".eE+-".utf8.contains($0)
        }
        guard isNumber, let number = Double(text) else { return .text(text) }
        return .number(number)
    }
}

/// One reading of one text.
private struct Reading {
    let source: String
    let lineOffset: Int
    let mistakes: SettingsMistakes

    func place(_ mark: Mark?) -> SettingsLocation {
        SettingsLocation(source: source, line: (mark?.line ?? 1) + lineOffset)
    }

    func node(_ node: Node) -> SettingsNode {
        let location = place(node.mark)
        // Not going on below also keeps an alias of aliases from unfolding without end.
        if let anchor = node.anchor {
            let message = "anchors and aliases aren't understood: \"&\(anchor.rawValue)\""
            if !mistakes.all.contains(where: { $0.location == location && $0.message == message }) {
                mistakes.add(message, at: location)
            }
            return SettingsNode(.null, at: location)
        }
        switch node {
        case .scalar(let scalar): return SettingsNode(value(scalar, at: location), at: location)
        case .sequence(let nodes): return SettingsNode(.list(nodes.map(self.node)), at: location)
        case .mapping(let pairs):
            return SettingsNode(.map(pairs.compactMap(entry)), at: location)
        case .alias: return SettingsNode(.null, at: location)
        }
    }

    private func value(_ scalar: Node.Scalar, at location: SettingsLocation) -> SettingsNode.Value {
        scalar.style == .plain || scalar.style == .any
            ? YAML.scalar(scalar.string) : .text(scalar.string)
    }

    private func entry(_ pair: (key: Node, value: Node)) -> SettingsNode.Entry? {
        guard case .scalar(let key) = pair.key, pair.key.anchor == nil else {
            mistakes.add("a key must be a text", at: place(pair.key.mark))
            return nil
        }
        if key.string == "<<", key.style == .plain {
            mistakes.add("merging with \"<<\" isn't understood", at: place(key.mark))
            return nil
        }
        return SettingsNode.Entry(
            key: key.string, keyLocation: place(key.mark), value: node(pair.value))
    }

    /// The line where a key stands again; the parser only tells where it stood first.
    private static func second(_ key: String, after first: YamlError.Context) -> Int {
        let lines = first.text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated().dropFirst(first.mark.line) {
            let indent = line.prefix { $0 == " " }.count
            guard indent + 1 == first.mark.column else { continue }
            let rest = line.dropFirst(indent).drop { "\"'".contains($0) }
            guard rest.hasPrefix(key) else { continue }
            let after = rest.dropFirst(key.count).drop { "\"' ".contains($0) }
            if after.first == ":" { return index + 1 }
        }
        return first.mark.line
    }

    func report(_ error: any Error) {
        guard let error = error as? YamlError else {
            return mistakes.add("it can't be read as YAML: \(error)", at: place(nil))
        }
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let doing = context.map { ", \($0.text.trimming())" } ?? ""
            mistakes.add("this isn't YAML: \(problem)\(doing)", at: place(mark))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "\"\($0)\"" }.joined(separator: ", ")
            let stand = keys.count == 1 ? "stands" : "stand"
            mistakes.add(
                "\(names) \(stand) there twice",
                at: SettingsLocation(
                    source: source, line: Self.second(keys.first ?? "", after: context) + lineOffset
                ))
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.utf8.prefix($0).count { $0 == 10 } + 1 } ?? 1
            mistakes.add(
                "this isn't YAML: \(problem)",
                at: SettingsLocation(source: source, line: line + lineOffset))
        default:
            mistakes.add("it can't be read as YAML: \(error)", at: place(nil))
        }
    }
}

extension String {
    fileprivate func trimming() -> String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace || last == "." { text.removeLast() }
        return String(text)
    }
}
