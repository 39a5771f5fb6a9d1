import SkepCore

/// Something an agent says of its provider or its own program, and the type of failure it means.
struct FailureRule: Sendable {
    /// Where the text stands.
    enum Place: String, Sendable {
        /// The code of a trouble that the agent told in its protocol.
        case code
        /// The text of such a trouble.
        case problem
        /// What its program wrote to its error output.
        case errorOutput = "stderr"
        /// The end of what a program without a protocol printed.
        case printed = "output"
    }

    /// "claude/usage-limit".
    let id: String
    let type: FailureType
    /// In these places; codes have `codes`.
    let places: Set<Place>
    /// The adapters it is for; empty: all.
    let adapters: Set<String>
    /// Any of these, whatever their case; "*" stands for anything within a line.
    let phrases: [String]
    /// Whole codes.
    let codes: Set<String>
    /// Programs that end well though their provider refused them, and say only that as their last
    /// word: of these it counts with exit status 0, too, where a line begins with it. Of all others it
    /// would be a model's honest sentence.
    let lastWordOf: Set<String>
    /// Whether these say nothing beside it then, so that it counts only where all they said begins with
    /// it.
    let isOnlyWord: Bool

    init(
        _ id: String, _ type: FailureType, _ phrases: [String] = [], codes: Set<String> = [],
        in places: Set<Place> = [.problem, .errorOutput, .printed], adapters: Set<String> = [],
        lastWordOf: Set<String> = [], isOnlyWord: Bool = false
    ) {
        self.id = id
        self.type = type
        self.places = places
        self.adapters = adapters
        self.phrases = phrases
        self.codes = codes
        self.lastWordOf = lastWordOf
        self.isOnlyWord = isOnlyWord
    }

    /// "hermes" and "hermes-acp" are both Hermes.
    func isLastWord(of program: String) -> Bool {
        let name = program.split(separator: "/").last ?? ""
        return lastWordOf.contains { name == $0 || name.hasPrefix($0 + "-") }
    }

    /// Whether one of the phrases stands in a line.
    ///
    /// - Parameter fromStart: Only at its beginning.
    func matches(_ line: String, fromStart: Bool) -> Bool {
        let line = line.lowercased()
        return phrases.contains { phrase in
            var rest = line[...]
            for (index, part) in phrase.split(separator: "*").enumerated() {
                guard let found = rest.range(ofWords: part) else { return false }
                if fromStart, index == 0, found.lowerBound != line.startIndex { return false }
                rest = rest[found.upperBound...]
            }
            return true
        }
    }
}

extension Substring {
    /// Where a text stands that begins with a word, and isn't part of a longer number: "enotfound"
    /// isn't in "FileNotFoundError", nor "401" in "14012".
    fileprivate func range(ofWords text: Substring) -> Range<Index>? {
        var start = startIndex
        while let found = self[start...].firstRange(of: text) {
            let before =
                found.lowerBound == startIndex ? nil : self[index(before: found.lowerBound)]
            let after = found.upperBound == endIndex ? nil : self[found.upperBound]
            let cutsNumber =
                (text.first?.isNumber == true && before?.isNumber == true)
                || (text.last?.isNumber == true && after?.isNumber == true)
            let cutsWord = text.first?.isLetter == true && before?.isLetter == true
            if !cutsNumber, !cutsWord { return found }
            start = index(after: found.lowerBound)
        }
        return nil
    }
}
