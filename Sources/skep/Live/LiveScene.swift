import SkepQueue

/// What a frame of a live view is drawn for.
struct LiveScene {
    let now: Timestamp
    let columns: Int
    let rows: Int
    var local = LocalTime()
    /// Why the picture is an old one.
    var problem: String?
    let style: (String, Terminal.Style) -> String

    func cut(_ text: String) -> String { TextWidth.cut(PlainText.line(text), to: columns) }

    /// A text at the left and one at the right; the right one gives way.
    func sides(
        _ left: String, _ right: String, _ leftStyle: Terminal.Style, _ rightStyle: Terminal.Style
    ) -> String {
        let left = cut(left)
        let gap = columns - TextWidth.of(left) - TextWidth.of(right)
        guard gap >= 2 else {
            return left.isEmpty ? style(cut(right), rightStyle) : style(left, leftStyle)
        }
        return (left.isEmpty ? "" : style(left, leftStyle)) + String(repeating: " ", count: gap)
            + style(right, rightStyle)
    }
}
