/// What may be asked of a host at its socket: one record of fields, answered by one.
public enum ControlRequest: Sendable, Hashable {
    case status
    /// Ends the agent. `graceMS` replaces the grace of the launch request.
    case stop(graceMS: Int64?)

    public var record: Record {
        var fields = Fields()
        switch self {
        case .status: fields.add("verb", "status")
        case .stop(let grace):
            fields.add("verb", "stop")
            fields.add("grace_ms", grace)
        }
        return Record(.fields, fields.encoded)
    }

    public init(decoding record: Record) throws(WireError) {
        let fields = try Fields(decoding: record.payload)
        switch try fields.requiredString("verb") {
        case "status": self = .status
        case "stop": self = .stop(graceMS: fields.number("grace_ms", as: Int64.self))
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
    /// The host's own time, for lengths.
    public var uptimeMS: Int64

    public init(
        agent: Int32?, isStopping: Bool, outputBytes: Int64, errorBytes: Int64, uptimeMS: Int64
    ) {
        self.agent = agent
        self.isStopping = isStopping
        self.outputBytes = outputBytes
        self.errorBytes = errorBytes
        self.uptimeMS = uptimeMS
    }

    public var record: Record {
        var fields = Fields()
        fields.add("agent", agent)
        fields.add("stopping", isStopping ? 1 : 0)
        fields.add("output_bytes", outputBytes)
        fields.add("error_bytes", errorBytes)
        fields.add("uptime_ms", uptimeMS)
        return Record(.fields, fields.encoded)
    }

    public init(decoding record: Record) throws(WireError) {
        let fields = try Fields(decoding: record.payload)
        agent = fields.number("agent", as: Int32.self)
        isStopping = fields.number("stopping", as: Int.self) == 1
        outputBytes = try fields.requiredNumber("output_bytes", as: Int64.self)
        errorBytes = try fields.requiredNumber("error_bytes", as: Int64.self)
        uptimeMS = try fields.requiredNumber("uptime_ms", as: Int64.self)
    }
}
