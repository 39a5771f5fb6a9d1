/// Who keeps a session; written before the agent starts.
public struct HostRecord: Sendable, Hashable {
    public let process: ProcessIdentity
    public let startedAt: Moment

    public init(process: ProcessIdentity, startedAt: Moment) {
        self.process = process
        self.startedAt = startedAt
    }

    public func write(to files: SessionFiles) throws(WireError) {
        var fields = Fields()
        fields.add("pid", process.pid)
        fields.add("start_time", process.startTime)
        fields.add("boot", process.boot)
        startedAt.add(to: &fields, as: "started")
        try Files.replace(files.host, with: WireFormat.encode(.host, fields))
    }

    /// The record of a session's host; `nil` when none was started.
    public static func read(from files: SessionFiles) throws(WireError) -> HostRecord? {
        guard let bytes = try Files.read(files.host) else { return nil }
        let (_, fields) = try WireFormat.decode(.host, bytes, path: files.host)
        return HostRecord(
            process: ProcessIdentity(
                pid: try fields.requiredNumber("pid", as: Int32.self),
                startTime: try fields.requiredNumber("start_time", as: UInt64.self),
                boot: try fields.requiredString("boot")),
            startedAt: try Moment(from: fields, as: "started"))
    }
}
