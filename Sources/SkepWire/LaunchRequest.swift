/// Everything a host needs to know to start and keep an agent; written by Skep beforehand.
public struct LaunchRequest: Sendable, Hashable {
    /// Who the agent runs as.
    public struct User: Sendable, Hashable {
        public var uid: UInt32
        public var gid: UInt32

        public init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// What the agent may use; `nil` means no limit but the system's.
    public struct Limits: Sendable, Hashable {
        /// From the start to the end, by uptime.
        public var wallMS: Int64?
        /// What it may print on both streams together.
        public var outputBytes: Int64?
        /// How long it may print nothing.
        public var silenceMS: Int64?
        /// Between asking it to end and killing it. 10 s by default.
        public var graceMS: Int64
        public var openFiles: UInt64?
        /// How many processes it may have at once: counted by the host, and by the kernel where the
        /// session has a user namespace of its own.
        public var processes: UInt64?
        /// The largest file it may write.
        public var fileBytes: UInt64?
        /// Memory of all its processes together, as the host counts it once a second.
        public var memoryBytes: Int64?
        /// Processor time of all its processes, ended ones included.
        public var processorMS: Int64?
        /// What the folders of `diskFolders` may hold together.
        public var diskBytes: Int64?
        public var diskFolders: [String]

        public init(
            wallMS: Int64? = nil, outputBytes: Int64? = nil, silenceMS: Int64? = nil,
            graceMS: Int64 = 10_000, openFiles: UInt64? = nil, processes: UInt64? = nil,
            fileBytes: UInt64? = nil, memoryBytes: Int64? = nil, processorMS: Int64? = nil,
            diskBytes: Int64? = nil, diskFolders: [String] = []
        ) {
            self.wallMS = wallMS
            self.outputBytes = outputBytes
            self.silenceMS = silenceMS
            self.graceMS = graceMS
            self.openFiles = openFiles
            self.processes = processes
            self.fileBytes = fileBytes
            self.memoryBytes = memoryBytes
            self.processorMS = processorMS
            self.diskBytes = diskBytes
            self.diskFolders = diskFolders
        }
    }

    /// Unlike any other session's; stands in the agent's environment as `SKEP_SESSION`.
    public var session: String
    /// The program's file, absolute.
    public var program: String
    /// With the name it is called by in front.
    public var arguments: [String]
    /// Exactly what the agent gets, but for `SKEP_SESSION`.
    public var environment: [String: String]
    /// Where it starts, absolute.
    public var directory: String
    /// The file it reads as its standard input, absolute; none: it reads nothing.
    public var input: String?
    /// Whether its standard input is a pipe that `ControlRequest.say` writes to; `input` isn't read
    /// then.
    public var hasDialogue: Bool
    /// The adapter that reads its log, for whoever looks at it later; `nil`: it is text.
    public var adapter: String?
    /// The vendor's session that it goes on with; `nil`: it begins one.
    public var resumes: String?
    /// What its adapter knew of that session when it was started, in words of its own.
    public var memo: String?
    /// How it is shut in; `nil`: not at all.
    public var sandbox: Sandbox?
    /// Values that must not get into the log, in whatever form the host knows; forgotten with the
    /// environment's values.
    public var secrets: [String]
    /// `nil`: whoever runs the host.
    public var user: User?
    public var limits: Limits
    /// A spool segment is sealed when it is at least so long. 4 MiB by default.
    public var segmentBytes: Int

    public init(
        session: String, program: String, arguments: [String], environment: [String: String],
        directory: String, input: String? = nil, hasDialogue: Bool = false,
        adapter: String? = nil, resumes: String? = nil, memo: String? = nil,
        sandbox: Sandbox? = nil, secrets: [String] = [], user: User? = nil,
        limits: Limits = Limits(), segmentBytes: Int = 4 << 20
    ) {
        self.session = session
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
        self.hasDialogue = hasDialogue
        self.adapter = adapter
        self.resumes = resumes
        self.memo = memo
        self.sandbox = sandbox
        self.secrets = secrets
        self.user = user
        self.limits = limits
        self.segmentBytes = segmentBytes
    }

    /// Without the values of the environment, which hold secrets, and without secrets. The host puts
    /// this in place of what it has read: a session's folder is kept for long. Values that say where
    /// things are stay.
    public var redacted: LaunchRequest {
        var copy = self
        for name in environment.keys where !Self.places.contains(name) {
            copy.environment[name] = ""
        }
        copy.secrets = []
        guard let patterns = SecretPatterns(secrets) else { return copy }
        copy.arguments = arguments.map {
            String(decoding: SecretFilter.redact(Array($0.utf8), patterns), as: UTF8.self)
        }
        return copy
    }

    /// The variable that marks every process of a session.
    public static let marker = "SKEP_SESSION"
    /// The variable that names the file for what a step puts out.
    public static let output = "SKEP_OUTPUT"

    private static let places: Set = ["HOME", output]
}

extension LaunchRequest {
    /// Writes the request durably.
    public func write(to files: SessionFiles) throws(WireError) {
        try Files.replace(files.launch, with: WireFormat.encode(.launch, fields))
    }

    /// The request of a session; `nil` when there is none yet.
    public static func read(from files: SessionFiles) throws(WireError) -> LaunchRequest? {
        guard let bytes = try Files.read(files.launch) else { return nil }
        let (_, fields) = try WireFormat.decode(.launch, bytes, path: files.launch)
        return try LaunchRequest(fields)
    }

    private var fields: Fields {
        var fields = Fields()
        fields.add("session", session)
        fields.add("program", program)
        for argument in arguments { fields.add("argument", argument) }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            fields.add("environment", name + "=" + value)
        }
        fields.add("directory", directory)
        fields.add("input", input)
        fields.add("dialogue", hasDialogue ? 1 : 0)
        fields.add("adapter", adapter)
        fields.add("resumes", resumes)
        fields.add("memo", memo)
        for secret in secrets { fields.add("secret", secret) }
        sandbox?.add(to: &fields)
        fields.add("uid", user?.uid)
        fields.add("gid", user?.gid)
        fields.add("wall_ms", limits.wallMS)
        fields.add("output_bytes", limits.outputBytes)
        fields.add("silence_ms", limits.silenceMS)
        fields.add("grace_ms", limits.graceMS)
        fields.add("open_files", limits.openFiles)
        fields.add("processes", limits.processes)
        fields.add("file_bytes", limits.fileBytes)
        fields.add("memory_bytes", limits.memoryBytes)
        fields.add("processor_ms", limits.processorMS)
        fields.add("disk_bytes", limits.diskBytes)
        for folder in limits.diskFolders { fields.add("disk_folder", folder) }
        fields.add("segment_bytes", segmentBytes)
        return fields
    }

    private init(_ fields: Fields) throws(WireError) {
        session = try fields.requiredString("session")
        program = try fields.requiredString("program")
        arguments = fields.strings("argument")
        environment = [:]
        for entry in fields.strings("environment") {
            let equals = entry.firstIndex(of: "=") ?? entry.endIndex
            environment[String(entry[..<equals])] = String(entry[equals...].dropFirst())
        }
        directory = try fields.requiredString("directory")
        input = fields.string("input")
        hasDialogue = fields.number("dialogue", as: Int.self) == 1
        adapter = fields.string("adapter")
        resumes = fields.string("resumes")
        memo = fields.string("memo")
        secrets = fields.strings("secret")
        sandbox = try Sandbox(fields)
        if let uid = fields.number("uid", as: UInt32.self) {
            user = User(uid: uid, gid: try fields.requiredNumber("gid", as: UInt32.self))
        }
        limits = Limits(
            wallMS: fields.number("wall_ms", as: Int64.self),
            outputBytes: fields.number("output_bytes", as: Int64.self),
            silenceMS: fields.number("silence_ms", as: Int64.self),
            graceMS: try fields.requiredNumber("grace_ms", as: Int64.self),
            openFiles: fields.number("open_files", as: UInt64.self),
            processes: fields.number("processes", as: UInt64.self),
            fileBytes: fields.number("file_bytes", as: UInt64.self),
            memoryBytes: fields.number("memory_bytes", as: Int64.self),
            processorMS: fields.number("processor_ms", as: Int64.self),
            diskBytes: fields.number("disk_bytes", as: Int64.self),
            diskFolders: fields.strings("disk_folder"))
        segmentBytes = try fields.requiredNumber("segment_bytes", as: Int.self)
    }
}
