/// Numbers and lists, as sentences have them.
public enum Phrase {
    /// "1,234,567".
    public static func grouped(_ number: some BinaryInteger) -> String {
        var text = "\(number.magnitude)"
        var place = text.count - 3
        while place > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return number < 0 ? "-" + text : text
    }

    /// "1 job", "2 jobs".
    public static func count(
        _ number: some BinaryInteger, _ one: String, _ many: String? = nil
    ) -> String {
        "\(grouped(number)) " + (number == 1 ? one : many ?? one + "s")
    }

    /// "a", "a and b", "a, b and c".
    public static func list(_ words: [String], _ conjunction: String = "and") -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }
}
