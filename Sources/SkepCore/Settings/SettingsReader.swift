import SkepQueue

/// Reads one map of settings: every key is asked for once, and `finish` reports those nobody asked
/// for, with the nearest key that is known. Mistakes are collected, so that all are told at once.
///
/// ```swift
/// let reader = SettingsReader(node, of: "agent", mistakes: mistakes)
/// let minutes = reader.integer("minutes", in: 1...1440) ?? 45
/// reader.finish()
/// try mistakes.check()
/// ```
public final class SettingsReader {
    private let entries: [SettingsNode.Entry]
    private let subject: String
    private let mistakes: SettingsMistakes
    private var known: [String] = []
    public let location: SettingsLocation

    /// - Parameter subject: What is being read, for the messages: "the queue's settings".
    public init(_ node: SettingsNode, of subject: String, mistakes: SettingsMistakes) {
        self.subject = subject
        self.mistakes = mistakes
        location = node.location
        switch node.value {
        case .map(let entries): self.entries = entries
        case .null: entries = []
        default:
            entries = []
            mistakes.add("\(subject) must be a map of keys and values", at: node.location)
        }
        var seen: Set<String> = []
        for entry in entries where !seen.insert(entry.key).inserted {
            mistakes.add("\"\(entry.key)\" stands there twice", at: entry.keyLocation)
        }
    }

    /// All keys that stand there, in their order; for maps whose keys are names.
    public var keys: [String] { entries.map(\.key) }

    public func node(_ key: String) -> SettingsNode? {
        known.append(key)
        guard let entry = entries.last(where: { $0.key == key }) else { return nil }
        if case .null = entry.value.value { return nil }
        return entry.value
    }

    public func text(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        switch node.value {
        case .text(let text): return text
        case .integer(let number): return String(number)
        case .boolean(let flag): return String(flag)
        case .number(let number): return String(number)
        default: return wrong(key, "a text", node)
        }
    }

    public func requiredText(_ key: String) -> String {
        if let text = text(key), !text.isEmpty { return text }
        if !entries.contains(where: { $0.key == key && $0.value.value != .null }) {
            let slip = nearest(to: key, among: entries.map(\.key))
            let hint = slip.map { ", which \"\($0)\" may be meant to be" } ?? ""
            mistakes.add("\(subject) needs \"\(key)\"\(hint)", at: location)
        } else if let node = node(key), case .text("") = node.value {
            mistakes.add("\"\(key)\" must not be empty", at: node.location)
        }
        return ""
    }

    public func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        guard case .integer(let number) = node.value else {
            return wrong(key, "a whole number", node)
        }
        guard range.contains(number) else {
            mistakes.add(
                "\"\(key)\" must be \(range.lowerBound) to \(range.upperBound), not \(number)",
                at: node.location)
            return nil
        }
        return number
    }

    public func boolean(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .boolean(let flag) = node.value else {
            return wrong(key, "true or false", node)
        }
        return flag
    }

    /// A list of texts; one text alone counts as a list of it.
    public func texts(_ key: String) -> [String]? {
        guard let node = node(key) else { return nil }
        if case .text(let single) = node.value { return [single] }
        guard case .list(let nodes) = node.value else { return wrong(key, "a list of texts", node) }
        return nodes.compactMap { item in
            switch item.value {
            case .text(let text): return text
            case .integer(let number): return String(number)
            default:
                mistakes.add("\"\(key)\" must hold texts only", at: item.location)
                return nil
            }
        }
    }

    /// Names of environment variables that are passed on; Skep's own aren't.
    public func variables(_ key: String) -> [String]? {
        let names = texts(key)
        for name in names ?? [] where name.hasPrefix("SKEP_") {
            mistakes.add(
                "\"\(name)\" can't be passed on: variables that begin with SKEP_ are Skep's own",
                at: location(of: key, name))
        }
        return names
    }

    public func nodes(_ key: String) -> [SettingsNode]? {
        guard let node = node(key) else { return nil }
        guard case .list(let nodes) = node.value else { return wrong(key, "a list", node) }
        return nodes
    }

    /// A map of texts, in the order of the file.
    public func textMap(_ key: String) -> [(key: String, value: String)]? {
        guard let node = node(key) else { return nil }
        guard case .map(let entries) = node.value else {
            return wrong(key, "a map of texts", node)
        }
        return entries.compactMap { entry in
            switch entry.value.value {
            case .text(let text): return (entry.key, text)
            case .integer(let number): return (entry.key, String(number))
            case .boolean(let flag): return (entry.key, String(flag))
            default:
                mistakes.add("\"\(entry.key)\" must be a text", at: entry.value.location)
                return nil
            }
        }
    }

    /// A reader of the map at a key; `nil` when it isn't there.
    public func map(_ key: String, of subject: String) -> SettingsReader? {
        node(key).map { SettingsReader($0, of: subject, mistakes: mistakes) }
    }

    /// One of some words.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Choice.Type = Choice.self
    ) -> Choice? where Choice.RawValue == String {
        guard let node = node(key) else { return nil }
        let words = Choice.allCases.map(\.rawValue)
        guard case .text(let text) = node.value, let choice = Choice(rawValue: text) else {
            return wrong(key, "one of " + words.joined(separator: ", "), node)
        }
        return choice
    }

    /// Where a key's value stands, or something within it: a key of a map, a text of a list.
    public func location(of key: String, _ inner: String? = nil) -> SettingsLocation {
        guard let node = entries.last(where: { $0.key == key })?.value else { return location }
        switch (node.value, inner) {
        case (.map(let entries), let inner?):
            return entries.last { $0.key == inner }?.keyLocation ?? node.location
        case (.list(let nodes), let inner?):
            return nodes.first { $0.value == .text(inner) }?.location ?? node.location
        default: return node.location
        }
    }

    public func mistake(_ message: String, at location: SettingsLocation) {
        mistakes.add(message, at: location)
    }

    /// Reports the keys nobody asked for. Call it last.
    public func finish() {
        for entry in entries where !known.contains(entry.key) {
            let hint =
                nearest(to: entry.key, among: known).map { "; did you mean \"\($0)\"?" }
                ?? "; known are \(Set(known).sorted().joined(separator: ", "))"
            mistakes.add("\(subject) has no key \"\(entry.key)\"\(hint)", at: entry.keyLocation)
        }
    }

    private func wrong<Value>(_ key: String, _ expected: String, _ node: SettingsNode) -> Value? {
        mistakes.add("\"\(key)\" must be \(expected)", at: node.location)
        return nil
    }
}

/// Collects mistakes while settings are read.
public final class SettingsMistakes {
    public private(set) var all: [SettingsMistake] = []

    public init() {}

    public func add(_ message: String, at location: SettingsLocation) {
        all.append(SettingsMistake(message, at: location))
    }

    /// Throws when there are any.
    public func check() throws(SettingsError) {
        guard !all.isEmpty else { return }
        // File by file as they were read, and by line within each.
        var files: [String: Int] = [:]
        for mistake in all where files[mistake.location.source] == nil {
            files[mistake.location.source] = files.count
        }
        let sorted = all.enumerated().sorted { left, right in
            func place(_ mistake: (offset: Int, element: SettingsMistake)) -> (Int, Int, Int) {
                let location = mistake.element.location
                return (files[location.source] ?? 0, location.line ?? 0, mistake.offset)
            }
            return place(left) < place(right)
        }
        throw SettingsError(mistakes: sorted.map(\.element))
    }
}

/// The candidate that takes the fewest letter changes to reach, if that is few enough to be a slip.
public func nearest(to word: String, among candidates: [String]) -> String? {
    let limit = max(1, word.count / 3)
    return
        candidates
        .map { (distance: editDistance(word.lowercased(), $0.lowercased()), word: $0) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
}

/// Insertions, deletions, replacements and swaps of neighbours between two words
/// (optimal string alignment, https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance).
func editDistance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left), Array(right))
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            var cost = min(
                last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                cost = min(cost, beforeLast[j - 2] + 1)
            }
            row.append(cost)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
