internal import SkepCore

/// What a person asks for in a comment.
enum CommentCommand: Sendable, Hashable {
    /// "/skep claude kimi"
    case ask([AgentName])
    /// "/skep stop", "/skep stop claude"; none named: all.
    case stop([AgentName])
    case retry([AgentName])
    case status
    case why
    case help
    /// "/skep pick claude": its pull request is the one that stays.
    case pick(AgentName)
    /// A word that is neither a command nor an agent, and what was meant perhaps.
    case unknown(String, nearest: String?)
    /// Something is missing or too much.
    case malformed(String)
}

/// A comment, taken apart.
struct CommentReading: Sendable, Hashable {
    var commands: [CommentCommand] = []
    /// All but the lines with commands.
    var rest = ""
}

/// Finds commands in comments: lines that begin with "/skep", outside code and quotes.
struct CommandReader: Sendable {
    let agents: [AgentName]

    private static let verbs = ["stop", "retry", "status", "why", "help", "pick"]

    func read(_ comment: String) -> CommentReading {
        var reading = CommentReading()
        var rest: [Substring] = []
        var blocks = MarkdownBlocks()
        for line in comment.split(omittingEmptySubsequences: false, whereSeparator: \.endsLine) {
            if !blocks.isAside(line), let words = Self.words(afterCommand: line) {
                reading.commands.append(command(words))
            } else {
                rest.append(line)
            }
        }
        reading.rest = rest.joined(separator: "\n").trimmingBlanks
        return reading
    }

    /// The words after "/skep" where a line begins with it; at most three blanks may come before,
    /// as four make code.
    private static func words(afterCommand line: Substring) -> [String]? {
        let text = line.drop { $0 == " " }
        guard line.count - text.count <= 3, text.lowercased().hasPrefix("/skep") else { return nil }
        let tail = text.dropFirst(5)
        guard tail.first.map({ $0.isWhitespace || $0 == ":" }) ?? true else { return nil }
        return tail.split { $0.isWhitespace || $0 == "," || $0 == ":" }.map(String.init)
    }

    private func command(_ words: [String]) -> CommentCommand {
        guard let first = words.first else { return .help }
        let verb = first.lowercased()
        let others = Array(words.dropFirst())
        guard Self.verbs.contains(verb) else { return named(words) { .ask($0) } }
        switch verb {
        case "stop": return named(others) { .stop($0) }
        case "retry": return named(others) { .retry($0) }
        case "pick":
            guard others.count == 1 else {
                return .malformed("\"pick\" needs the name of one agent: `/skep pick NAME`")
            }
            return named(others) { .pick($0[0]) }
        default:
            if let extra = others.first {
                return .malformed("\"\(verb)\" takes no more words, such as \"\(extra)\"")
            }
            return verb == "status" ? .status : verb == "why" ? .why : .help
        }
    }

    /// All words have to be agents: half of what somebody asked for is rarely what they meant.
    private func named(_ words: [String], _ make: ([AgentName]) -> CommentCommand)
        -> CommentCommand
    {
        var names: [AgentName] = []
        for word in words {
            let bare = word.hasPrefix("@") ? String(word.dropFirst()) : word
            let found = agents.first { $0.rawValue.lowercased() == bare.lowercased() }
            guard let found else {
                return .unknown(
                    bare, nearest: nearest(to: bare, among: agents.map(\.rawValue) + Self.verbs))
            }
            if !names.contains(found) { names.append(found) }
        }
        return make(names)
    }
}

/// Tells lines of a Markdown text that are shown as they are, or not at all: fenced code and HTML
/// comments (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
struct MarkdownBlocks {
    private var fence: (mark: Character, length: Int)?
    private var isInComment = false

    /// Whether a line, the next one, is aside from the text, or begins or ends something that is.
    mutating func isAside(_ line: Substring) -> Bool {
        if isInComment {
            isInComment = !line.contains("-->")
            return true
        }
        let text = line.drop { $0 == " " }
        let indent = line.count - text.count
        let run = text.prefix { $0 == text.first }
        if let open = fence {
            let rest = text.dropFirst(run.count)
            let isClosing =
                indent <= 3 && run.first == open.mark && run.count >= open.length
                && rest.allSatisfy(\.isWhitespace)
            if isClosing { fence = nil }
            return true
        }
        if indent <= 3, let mark = run.first, mark == "`" || mark == "~", run.count >= 3,
            mark == "~" || !text.dropFirst(run.count).contains("`")
        {
            fence = (mark, run.count)
            return true
        }
        if let start = line.firstRange(of: "<!--"), !line[start.upperBound...].contains("-->") {
            isInComment = true
            return false
        }
        return false
    }
}

extension Character {
    /// Whether it ends a line of Markdown (https://spec.commonmark.org/0.31.2/#line-ending). Others,
    /// such as U+2028, don't: what stands behind them is still quoted where the line is, and may be
    /// somebody else's.
    fileprivate var endsLine: Bool { self == "\n" || self == "\r\n" || self == "\r" }
}

extension String {
    /// Without blank lines and blanks at both ends.
    var trimmingBlanks: String {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? endIndex
        return start < end ? String(self[start..<end]) : ""
    }
}
