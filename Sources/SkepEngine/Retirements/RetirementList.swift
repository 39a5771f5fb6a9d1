public import SkepCore
internal import SkepQueue

/// Reads a list of issues that a person wrote.
///
/// ```
/// # What nobody asked for since spring
/// acme/widgets#12
/// #15                  # the repository is known when there is one
/// 18
/// ```
public enum RetirementList {
    /// - Parameter repository: Where numbers alone count; `nil`: each line names its own.
    /// - Returns: Each issue once, in the order of the list.
    /// - Throws: `RetirementListError` with all lines that can't be read.
    public static func read(_ text: String, in repository: RepositoryName?)
        throws(RetirementListError) -> [IssueReference]
    {
        var issues: [IssueReference] = []
        var bad: [RetirementListError.Line] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !isComment(first) else { continue }
            guard words.count == 1 || isComment(words[1]),
                let issue = IssueReference(String(first), in: repository)
            else {
                bad.append(RetirementListError.Line(number: index + 1, text: String(line)))
                continue
            }
            issues.append(issue)
        }
        guard bad.isEmpty else {
            throw RetirementListError(lines: bad, hasRepository: repository != nil)
        }
        return issues.removingRepeats()
    }

    /// "#12" is an issue, "#" and "#later" begin a comment.
    private static func isComment(_ word: Substring) -> Bool {
        word.hasPrefix("#") && !(word.count > 1 && word.dropFirst().allSatisfy(\.isASCIIDigit))
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

/// Lines of a list that name no issue.
public struct RetirementListError: SkepError, Hashable {
    public struct Line: Sendable, Hashable {
        /// From 1.
        public let number: Int
        public let text: String
    }

    public let lines: [Line]
    /// Whether a number alone would have been enough.
    public let hasRepository: Bool

    public var kind: ErrorKind { .usage }

    public var what: String {
        lines.count == 1
            ? "Line \(lines[0].number) of the list names no issue."
            : "\(lines.count) lines of the list name no issue."
    }

    public var why: String? {
        lines.map { "line \($0.number): \"\($0.text)\"" }.joined(separator: "\n")
    }

    public var advice: String? {
        let number = hasRepository ? ", \"#12\" or \"12\"" : ""
        return "Write \"owner/name#12\"\(number) on a line of its own; \"# \" begins a comment."
    }
}
