/// Keeps what tools are given and give back at the length that events have.
enum ToolText {
    /// 64 KiB.
    static let limit = 64 << 10

    static func cutAtEnd(_ text: String) -> String {
        text.utf8.count <= limit ? text : prefix(text, limit - 4) + "…"
    }

    static func cutInMiddle(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        let half = (limit - 8) / 2
        return prefix(text, half) + "\n…\n" + suffix(text, half)
    }

    private static func prefix(_ text: String, _ bytes: Int) -> String {
        var end = text.utf8.index(text.startIndex, offsetBy: bytes)
        while end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end])
    }

    private static func suffix(_ text: String, _ bytes: Int) -> String {
        var start = text.utf8.index(text.endIndex, offsetBy: -bytes)
        while start.samePosition(in: text.unicodeScalars) == nil {
            start = text.utf8.index(after: start)
        }
        return String(text[start...])
    }
}
