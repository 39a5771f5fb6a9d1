/// What a route answers.
struct Answer: Sendable {
    enum Body: Sendable {
        case none
        case json(JSON)
        case text(String, type: String)
        case bytes([UInt8])
    }

    var status: Int
    var body: Body
    var headers: [(name: String, value: String)] = []

    static func json(_ value: JSON, status: Int = 200) -> Answer {
        Answer(status: status, body: .json(value))
    }

    static func page(_ html: String, status: Int = 200) -> Answer {
        Answer(status: status, body: .text(html, type: "text/html; charset=utf-8"))
    }

    static func plain(_ text: String, status: Int = 200) -> Answer {
        Answer(status: status, body: .text(text, type: "text/plain; charset=utf-8"))
    }

    /// A status without a body.
    static func empty(_ status: Int) -> Answer { Answer(status: status, body: .none) }
    static let noContent = empty(204)
}
