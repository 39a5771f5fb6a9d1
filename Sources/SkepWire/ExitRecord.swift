#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How a session ended; the last thing its host writes.
public struct ExitRecord: Sendable, Hashable {
    /// Why it is over.
    public enum How: Sendable, Hashable {
        case exited(code: Int32)
        /// A signal ended it that the host didn't send.
        case signalled(Int32)
        /// It ran longer than it may.
        case timedOut
        /// It printed more than it may; the spool holds what it may.
        case outputLimit
        /// It printed nothing for longer than it may.
        case silent
        /// Its processes together used more than they may.
        case overLimit(Resource)
        /// Somebody asked for it.
        case stopped
        /// It never ran. The stage is one of CLauncher's.
        case startFailed(stage: StartStage, errno: Int32)
        /// Its output couldn't be kept, so it wasn't let on; what was kept is whole.
        case spoolFailed(errno: Int32)
        /// No host kept it to the end; written by who proved its processes gone.
        case abandoned
    }

    /// What a session is held to beside time and output.
    public enum Resource: String, Sendable, Hashable {
        case memory, processorTime = "processor_time", disk, processes
    }

    public var how: How
    public var startedAt: Moment
    public var endedAt: Moment
    /// What was kept of standard output and standard error.
    public var outputBytes: Int64
    public var errorBytes: Int64
    /// The largest memory of one of its processes.
    public var peakMemoryBytes: Int64?
    /// Whether every process that it started was seen to be gone.
    public var allProcessesGone: Bool

    public init(
        how: How, startedAt: Moment, endedAt: Moment, outputBytes: Int64 = 0,
        errorBytes: Int64 = 0, peakMemoryBytes: Int64? = nil, allProcessesGone: Bool
    ) {
        self.how = how
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outputBytes = outputBytes
        self.errorBytes = errorBytes
        self.peakMemoryBytes = peakMemoryBytes
        self.allProcessesGone = allProcessesGone
    }

    /// The record of a session; `nil` when it hasn't ended.
    public static func read(from files: SessionFiles) throws(WireError) -> ExitRecord? {
        guard let bytes = try Files.read(files.exit) else { return nil }
        let (_, fields) = try WireFormat.decode(.exit, bytes, path: files.exit)
        return ExitRecord(
            how: try How(fields), startedAt: try Moment(from: fields, as: "started"),
            endedAt: try Moment(from: fields, as: "ended"),
            outputBytes: try fields.requiredNumber("output_bytes", as: Int64.self),
            errorBytes: try fields.requiredNumber("error_bytes", as: Int64.self),
            peakMemoryBytes: fields.number("peak_memory_bytes", as: Int64.self),
            allProcessesGone: fields.number("all_processes_gone", as: Int.self) == 1)
    }

    /// The bytes of its file.
    public var encoded: [UInt8] {
        var fields = Fields()
        how.add(to: &fields)
        startedAt.add(to: &fields, as: "started")
        endedAt.add(to: &fields, as: "ended")
        fields.add("output_bytes", outputBytes)
        fields.add("error_bytes", errorBytes)
        fields.add("peak_memory_bytes", peakMemoryBytes)
        fields.add("all_processes_gone", allProcessesGone ? 1 : 0)
        return WireFormat.encode(.exit, fields)
    }
}

/// What starting an agent failed at; the numbers are CLauncher's and are kept in records.
public enum StartStage: Int32, Sendable, Hashable {
    case pipe = 1, fork, session, streams, limits, user, privileges, parent, directory, execute
    /// The host couldn't open the file that the agent was to read.
    case input
    /// The sandbox, from its namespaces to the whole of it that can't be had here.
    case namespaces, mounts, network, capabilities, landlock, seccomp, sandbox
}

extension StartStage {
    /// What it failed of, for people.
    public func reason(errno number: Int32) -> String {
        // The kernel's number for too many of them, also where none is allowed.
        self == .namespaces && number == ENOSPC
            ? "no more of them are allowed (user.max_user_namespaces)" : describe(errno: number)
    }
}

extension ExitRecord.How {
    func add(to fields: inout Fields) {
        fields.add("how", name)
        switch self {
        case .exited(let code): fields.add("code", code)
        case .signalled(let signal): fields.add("signal", signal)
        case .startFailed(let stage, let number):
            fields.add("stage", stage.rawValue)
            fields.add("errno", number)
        case .spoolFailed(let number): fields.add("errno", number)
        case .overLimit(let resource): fields.add("resource", resource.rawValue)
        case .timedOut, .outputLimit, .silent, .stopped, .abandoned: break
        }
    }

    init(_ fields: Fields) throws(WireError) {
        func number(_ key: String) throws(WireError) -> Int32 {
            try fields.requiredNumber(key, as: Int32.self)
        }
        let name = try fields.requiredString("how")
        switch name {
        case "exited": self = .exited(code: try number("code"))
        case "signalled": self = .signalled(try number("signal"))
        case "timed_out": self = .timedOut
        case "output_limit": self = .outputLimit
        case "silent": self = .silent
        case "stopped": self = .stopped
        case "over_limit":
            let word = try fields.requiredString("resource")
            guard let resource = ExitRecord.Resource(rawValue: word) else {
                throw .damaged("resource: " + word)
            }
            self = .overLimit(resource)
        case "start_failed":
            guard let stage = StartStage(rawValue: try number("stage")) else {
                throw .missingField("stage")
            }
            self = .startFailed(stage: stage, errno: try number("errno"))
        case "spool_failed": self = .spoolFailed(errno: try number("errno"))
        case "abandoned": self = .abandoned
        default: throw .damaged("how: " + name)
        }
    }

    /// The word it is stored as.
    public var name: String {
        switch self {
        case .exited: "exited"
        case .signalled: "signalled"
        case .timedOut: "timed_out"
        case .outputLimit: "output_limit"
        case .silent: "silent"
        case .stopped: "stopped"
        case .overLimit: "over_limit"
        case .startFailed: "start_failed"
        case .spoolFailed: "spool_failed"
        case .abandoned: "abandoned"
        }
    }
}
