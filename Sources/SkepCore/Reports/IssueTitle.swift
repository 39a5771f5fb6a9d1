/// An issue's title where trackers read commands: subjects of commits, titles of pull requests.
public enum IssueTitle {
    private static let keywords: Set<String> = [
        "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
    ]

    /// The title on one line, in which nothing closes another issue when it is merged: whoever
    /// wrote it may not have the right to.
    public static func harmless(_ title: String) -> String {
        let words = title.split(whereSeparator: \.isWhitespace).map(String.init)
        return words.enumerated().map { index, word in
            guard index > 0, isKeyword(words[index - 1]), let mark = word.lastIndex(of: "#"),
                word.index(after: mark) < word.endIndex, word[word.index(after: mark)].isNumber
            else { return word }
            return "issue " + word[word.index(after: mark)...]
        }.joined(separator: " ")
    }

    private static func isKeyword(_ word: String) -> Bool {
        var word = word.lowercased()[...]
        while let last = word.last, !last.isLetter { word.removeLast() }
        while let first = word.first, !first.isLetter { word.removeFirst() }
        return keywords.contains(String(word))
    }
}
