internal import Foundation
internal import SkepQueue

extension Timestamp {
    /// For people, to the minute: "2026-11-22 18:20 UTC".
    var words: String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        let text = date.ISO8601Format(Date.ISO8601FormatStyle(timeZone: .gmt))
        guard let mark = text.firstIndex(of: "T"), text.count >= 16 else { return text }
        let time = text[text.index(after: mark)...].prefix(5)
        return "\(text[..<mark]) \(time) UTC"
    }
}
