/// How a session is shut in, as paths; by what means, the launcher decides from what the kernel
/// offers, and says so in a note of the log.
///
/// Everything may be read but what is hidden, nothing may be written but what is writable. Deeper
/// paths win over those above them, so that a workspace in a hidden folder is there all the same.
public struct Sandbox: Sendable, Hashable {
    /// Its name, for the report.
    public var level: String
    /// Whether the session isn't started when any of it can't be had.
    public var isRequired: Bool
    /// Empty folders stand in their place; missing ones are passed over.
    public var hidden: [String]
    public var readable: [String]
    public var writable: [String]
    /// Whether there is only a network of its own, in which nobody answers but `endpoints`.
    public var hasNoNetwork: Bool
    /// "host:port", "*.host:port"; what it may reach all the same.
    public var endpoints: [String]

    public init(
        level: String, isRequired: Bool, hidden: [String] = [], readable: [String] = [],
        writable: [String] = [], hasNoNetwork: Bool = false, endpoints: [String] = []
    ) {
        self.level = level
        self.isRequired = isRequired
        self.hidden = hidden
        self.readable = readable
        self.writable = writable
        self.hasNoNetwork = hasNoNetwork
        self.endpoints = endpoints
    }
}

extension Sandbox {
    func add(to fields: inout Fields) {
        fields.add("sandbox", level)
        fields.add("sandbox_required", isRequired ? 1 : 0)
        for path in hidden { fields.add("sandbox_hidden", path) }
        for path in readable { fields.add("sandbox_readable", path) }
        for path in writable { fields.add("sandbox_writable", path) }
        fields.add("sandbox_no_network", hasNoNetwork ? 1 : 0)
        for endpoint in endpoints { fields.add("sandbox_endpoint", endpoint) }
    }

    init?(_ fields: Fields) throws(WireError) {
        guard let level = fields.string("sandbox") else { return nil }
        self.init(
            level: level, isRequired: fields.number("sandbox_required", as: Int.self) == 1,
            hidden: fields.strings("sandbox_hidden"), readable: fields.strings("sandbox_readable"),
            writable: fields.strings("sandbox_writable"),
            hasNoNetwork: fields.number("sandbox_no_network", as: Int.self) == 1,
            endpoints: fields.strings("sandbox_endpoint"))
    }
}
