import SkepCore

/// What is kept of a session's events when it has ended.
struct SessionDigest: Sendable {
    private(set) var start: SessionStart?
    private(set) var usage: Usage?
    /// Whether the last turn told what it used.
    private(set) var isTurnCounted = false
    private(set) var sandbox: SandboxReport?
    private(set) var turnEnd: TurnEnd?
    /// The last ones; what an agent got over by itself is among them.
    private(set) var troubles: [AgentTrouble] = []
    private(set) var question: String?
    /// The end of its error output, at most 16 KiB.
    private(set) var errorOutput: [UInt8] = []
    private var message: (id: String, text: String)?

    /// At most 16 KiB.
    var lastMessage: String { message?.text ?? "" }

    mutating func take(_ event: SessionEvent.Kind) {
        switch event {
        case .began(let start): self.start = start
        case .usage(let usage):
            isTurnCounted = isTurnCounted || usage.tokens > (self.usage?.tokens ?? 0)
            self.usage = usage
        case .sandbox(let report): sandbox = report
        case .turnEnded(let end): turnEnd = end
        case .told: (turnEnd, isTurnCounted) = (nil, false)
        case .question(let text): question = text
        case .problem(let trouble):
            troubles.append(trouble)
            if troubles.count > 20 { troubles.removeFirst() }
        case .message(let piece): take(piece)
        case .errorOutput(let bytes):
            errorOutput += bytes
            if errorOutput.count > 32 << 10 {
                errorOutput.removeFirst(errorOutput.count - (16 << 10))
            }
        case .reasoning, .plan, .tool, .change, .permission, .waiting, .output, .note: break
        }
    }

    private mutating func take(_ piece: MessagePiece) {
        if message?.id != piece.id { message = (piece.id, "") }
        let room = (16 << 10) - lastMessage.utf8.count
        guard room > 0 else { return }
        message?.text += piece.text.prefix(room)
    }
}
