import SkepCore

/// What an agent says of its provider and its program, to be looked at by the rules.
struct Saying: Sendable {
    struct Match: Sendable {
        let rule: FailureRule
        let place: FailureRule.Place
        let text: String
        /// What the agent's protocol called it, where that is what was known.
        var code: String?
    }

    let troubles: [AgentTrouble]
    let errorOutput: String
    let printed: String
    let adapter: String
    /// The agent's program, by its path.
    var program = ""

    /// Of all it said: the newest trouble that ended its turn, then other troubles, then what its
    /// program wrote, from the end.
    var newest: Match? {
        newestTrouble ?? match(lines(errorOutput, atMost: 40), .errorOutput)
            ?? match(
                FailureRules.plain.contains(adapter) ? lines(printed, atMost: 20) : [], .printed)
    }

    var newestTrouble: Match? {
        let order = troubles.reversed()
        return (order.filter(\.isFatal) + order.filter { !$0.isFatal }).lazy
            .compactMap(match).first
    }

    /// What it said last, where that is a sentence of its own.
    var lastWord: Match? {
        let known = rules(.printed).filter { $0.isLastWord(of: program) }
        func match(_ line: String, isFirst: Bool) -> Match? {
            known.first { $0.isOnlyWord == isFirst && $0.matches(line, fromStart: true) }
                .map { Match(rule: $0, place: .printed, text: line) }
        }
        return lines(printed, atMost: .max).last.flatMap { match($0, isFirst: true) }
            ?? lines(printed, atMost: 3).lazy.compactMap { match($0, isFirst: false) }.first
    }

    func match(_ trouble: AgentTrouble) -> Match? {
        if let code = trouble.code {
            let rule = FailureRules.table.first { applies($0) && $0.codes.contains(code) }
            // A text may know better than a code: a 429 can be a quota, and -32000 anything.
            let better = match([trouble.text], .problem)
            let isVague = rule == nil || rule?.type == .rateLimit || code == "-32000"
            if let better, isVague || better.rule.type == .quota {
                return better
            }
            if let rule {
                return Match(rule: rule, place: .code, text: trouble.text, code: code)
            }
        }
        return match([trouble.text], .problem)
    }

    /// The first rule of the table that one of the lines matches; of its lines, the last.
    ///
    /// In what a program prints its model's words stand as well. There no account is parked but for
    /// how the last line begins, after what programs put before any error.
    private func match(_ lines: [String], _ place: FailureRule.Place) -> Match? {
        for rule in rules(place) {
            let isStrict = place == .printed && rule.type.remedy == .parkAccount
            let looked = isStrict ? lines.prefix(1) : lines[...]
            let found = looked.first { line in
                rule.matches(line, fromStart: isStrict)
                    || isStrict && rule.matches(withoutPrefix(line), fromStart: true)
            }
            if let line = found {
                return Match(rule: rule, place: place, text: line)
            }
        }
        return nil
    }

    /// "ERROR: [API Error: Out of quota" is "Out of quota".
    private func withoutPrefix(_ line: String) -> String {
        let prefix = /(error: |\[api error: |error code: \d{3} - )+/.ignoresCase()
        return line.prefixMatch(of: prefix).map { String(line[$0.range.upperBound...]) } ?? line
    }

    private func rules(_ place: FailureRule.Place) -> [FailureRule] {
        FailureRules.table.filter { $0.places.contains(place) && applies($0) }
    }

    private func applies(_ rule: FailureRule) -> Bool {
        rule.adapters.isEmpty || rule.adapters.contains(adapter)
    }

    /// The last lines of a text, the newest first; long ones are cut.
    private func lines(_ text: String, atMost limit: Int) -> [String] {
        text.split(whereSeparator: \.isNewline).reversed().lazy
            .map { line in String(line.drop(while: \.isWhitespace).prefix(1000)) }
            .filter { !$0.isEmpty }.prefix(limit).map(\.self)
    }
}
