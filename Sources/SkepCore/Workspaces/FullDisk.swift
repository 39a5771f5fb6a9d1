/// A disk with too little room left for a step to begin: the machine's trouble, not the agent's.
///
/// Nothing that fills it is begun then, those at work go on as far as they can, and what goes wrong
/// meanwhile is counted as nobody's failure.
public struct FullDisk: Sendable, Hashable {
    /// What must be free. 256 MiB: enough to save what agents at work have made, and to write all of it
    /// down.
    public static let floor: Int64 = 256 << 20

    /// A folder on it.
    public let path: String
    public let freeBytes: Int64

    /// - Returns: `nil` when there is room enough.
    public init?(path: String, freeBytes: Int64) {
        guard freeBytes < Self.floor else { return nil }
        self.path = path
        self.freeBytes = freeBytes
    }

    /// Why a job waits.
    public var failure: AgentFailure { AgentFailure(type: .diskFull, message: facts) }

    /// For people, who can make room.
    public var words: String { "the disk is full: \(facts)" }

    private var facts: String {
        "\(max(0, freeBytes) >> 20) MiB are free for \"\(path)\", and nothing is begun below "
            + "\(Self.floor >> 20) MiB"
    }
}
