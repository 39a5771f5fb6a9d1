/// What may be asked of a host at its socket: one record of fields, answered by one.
public enum ControlRequest: Sendable, Hashable {
    case status
    /// Ends the agent. `graceMS` replaces the grace of the launch request.
    case stop(graceMS: Int64?)
    /// Writes to the agent's standard input. Taken only when `offset` is what was written so far: so
    /// nothing is said twice, and two who lead at once can't talk at cross purposes.
    ///
    /// - Parameters:
    ///   - bytes: At most `mostBytes`; whole lines, if they are to be read in the log at once.
    ///   - closes: Whether the input ends behind it.
    ///   - mail: How many messages the log has; with more of them it isn't taken, so that none comes
    ///     between the last word and the end of the input. `nil`: however many.
    case say(offset: Int64, bytes: [UInt8], closes: Bool, mail: Int64? = nil)
    /// Puts a person's message into the log.
    case mail([UInt8])
    /// Keeps the connection open: the host writes a byte whenever the log has grown, and closes it
    /// when it ends. A byte that doesn't fit is left out: whoever is told looks at all of the log.
    case follow

    /// What can be said at once: what fits into a record.
    public static let mostBytes = Record.maxPayload - 1024

    public var record: Record {
        var fields = Fields()
        switch self {
        case .status: fields.add("verb", "status")
        case .stop(let grace):
            fields.add("verb", "stop")
            fields.add("grace_ms", grace)
        case .say(let offset, let bytes, let closes, let mail):
            fields.add("verb", "say")
            fields.add("offset", offset)
            fields.add("mail", mail)
            fields.add("bytes", bytes: bytes)
            fields.add("closes", closes ? 1 : 0)
        case .mail(let bytes):
            fields.add("verb", "mail")
            fields.add("bytes", bytes: bytes)
        case .follow:
            fields.add("verb", "follow")
        }
        return Record(.fields, fields.encoded)
    }

    public init(decoding record: Record) throws(WireError) {
        let fields = try Fields(decoding: record.payload)
        switch try fields.requiredString("verb") {
        case "status": self = .status
        case "stop": self = .stop(graceMS: fields.number("grace_ms", as: Int64.self))
        case "say":
            self = .say(
                offset: try fields.requiredNumber("offset", as: Int64.self),
                bytes: fields.bytes("bytes") ?? [],
                closes: fields.number("closes", as: Int.self) == 1,
                mail: fields.number("mail", as: Int64.self))
        case "mail": self = .mail(fields.bytes("bytes") ?? [])
        case "follow": self = .follow
        case let verb: throw .damaged("verb: " + verb)
        }
    }
}

/// A host's answer: how its session stands.
public struct ControlReply: Sendable, Hashable {
    /// `nil` while the agent isn't started, or has ended.
    public var agent: Int32?
    public var isStopping: Bool
    public var outputBytes: Int64
    public var errorBytes: Int64
    /// What was taken for the agent's standard input so far.
    public var inputBytes: Int64
    /// Whether what was asked for was done: a `say` at another offset, after more mail, or after the
    /// end of the input isn't.
    public var isAccepted: Bool
    /// The host's own time, for lengths.
    public var uptimeMS: Int64

    public init(
        agent: Int32?, isStopping: Bool, outputBytes: Int64, errorBytes: Int64,
        inputBytes: Int64 = 0, isAccepted: Bool = true, uptimeMS: Int64
    ) {
        self.agent = agent
        self.isStopping = isStopping
        self.outputBytes = outputBytes
        self.errorBytes = errorBytes
        self.inputBytes = inputBytes
        self.isAccepted = isAccepted
        self.uptimeMS = uptimeMS
    }

    public var record: Record {
        var fields = Fields()
        fields.add("agent", agent)
        fields.add("stopping", isStopping ? 1 : 0)
        fields.add("output_bytes", outputBytes)
        fields.add("error_bytes", errorBytes)
        fields.add("input_bytes", inputBytes)
        fields.add("accepted", isAccepted ? 1 : 0)
        fields.add("uptime_ms", uptimeMS)
        return Record(.fields, fields.encoded)
    }

    public init(decoding record: Record) throws(WireError) {
        let fields = try Fields(decoding: record.payload)
        agent = fields.number("agent", as: Int32.self)
        isStopping = fields.number("stopping", as: Int.self) == 1
        outputBytes = try fields.requiredNumber("output_bytes", as: Int64.self)
        errorBytes = try fields.requiredNumber("error_bytes", as: Int64.self)
        inputBytes = fields.number("input_bytes", as: Int64.self) ?? 0
        // A host of the version before accepts what it understands.
        isAccepted = fields.number("accepted", as: Int.self) != 0
        uptimeMS = try fields.requiredNumber("uptime_ms", as: Int64.self)
    }
}
