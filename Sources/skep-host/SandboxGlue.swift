import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A session's sandbox in the launcher's words, and what the launcher made of it in ours.
struct SandboxGlue {
    let sandbox: Sandbox
    /// The address of the relay's proxy inside, when there is no other way out.
    let proxyPort: UInt16?
    /// The endpoints of this machine, listened for inside at their own ports.
    let direct: [Endpoint]
    private let allowed: [Endpoint]

    struct Endpoint: Hashable {
        let host: String
        let port: UInt16
    }

    /// What the private folders may hold together; they are in memory, beside that of processes.
    private let privateBytes: UInt64

    /// `nil` when nothing is to be shut in.
    ///
    /// - Parameter memoryBytes: What its processes may use; the private folders hold no more.
    init?(_ sandbox: Sandbox?, memoryBytes: Int64? = nil) {
        guard let sandbox, sandbox.level != "none" else { return nil }
        self.sandbox = sandbox
        privateBytes = min(2 << 30, UInt64(max(16 << 20, memoryBytes ?? .max)))
        allowed = sandbox.endpoints.compactMap(Self.endpoint)
        var ports: Set<UInt16> = []
        direct = Array(
            allowed.filter {
                ["127.0.0.1", "localhost", "::1"].contains($0.host)
                    && ports.insert($0.port).inserted
            }.prefix(Int(SKEP_MOST_LISTENERS) - 1))
        proxyPort =
            sandbox.hasNoNetwork && !allowed.isEmpty
            ? (3128..<4000).first { !ports.contains($0) } : nil
    }

    /// What is added to the agent's environment.
    var environment: [String: String] {
        guard let proxyPort else { return [:] }
        let address = "http://127.0.0.1:\(proxyPort)"
        var variables = ["NO_PROXY": "", "no_proxy": ""]
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
            variables[name] = address
        }
        return variables
    }

    /// Where its temporary files go when it can't have a /tmp of its own: below its home.
    func temporaryFolder(_ environment: [String: String]) -> String? {
        guard let home = environment["HOME"], environment["TMPDIR"] == nil,
            sandbox.writable.contains(home)
        else { return nil }
        return home + "/tmp"
    }

    /// Calls with the launcher's form of it, whose pointers end with the call.
    func withLaunch<R>(_ body: (UnsafePointer<skep_sandbox>) -> R) -> R {
        let places = self.places
        let paths = places.map { strdup($0.path) }
        defer { for path in paths { free(path) } }
        var entries = zip(places, paths).map { place, path in
            // strdup fails only without memory, and then nothing goes on.
            skep_place(path: path!, kind: place.kind, tree: -1)
        }
        var ports: [UInt16] = []
        if let proxyPort { ports = [proxyPort] + direct.map(\.port) }
        return entries.withUnsafeMutableBufferPointer { entries in
            ports.withUnsafeBufferPointer { ports in
                var launch = skep_sandbox(
                    places: entries.baseAddress!,  // /dev at least
                    place_count: entries.count, is_required: sandbox.isRequired ? 1 : 0,
                    has_no_network: sandbox.hasNoNetwork ? 1 : 0, ports: ports.baseAddress,
                    port_count: ports.count, private_bytes: privateBytes)
                return withUnsafePointer(to: &launch, body)
            }
        }
    }

    /// Lets the agent out to its endpoints. Returns where refusals are read, a line each.
    func startRelay(_ agent: skep_agent) throws(StartFailure) -> RefusalReader? {
        guard proxyPort != nil, agent.listener_count > 0 else { return nil }
        var ends: [Int32] = [-1, -1]
        guard makePipe(&ends) == 0 else { throw StartFailure(stage: .pipe, errno: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let error = withEndpoints(direct) { direct in
            withEndpoints(allowed) { allowed in
                withUnsafeBytes(of: agent.listeners) {
                    skep_start_relay(
                        $0.bindMemory(to: Int32.self).baseAddress!,  // a tuple isn't empty
                        agent.listener_count, direct, allowed, self.allowed.count, ends[1])
                }
            }
        }
        guard error == 0 else { throw StartFailure(stage: .network, errno: error) }
        return RefusalReader(ends[0])
    }

    private var places: [(path: String, kind: skep_place_kind)] {
        var kinds: [String: skep_place_kind] = [:]
        for path in sandbox.hidden { kinds[path] = SKEP_PLACE_HIDDEN }
        for path in ["/tmp", "/var/tmp", "/dev/shm"] { kinds[path] = SKEP_PLACE_PRIVATE }
        kinds["/dev"] = SKEP_PLACE_DEVICES
        for path in sandbox.readable { kinds[path] = SKEP_PLACE_READABLE }
        for path in sandbox.writable { kinds[path] = SKEP_PLACE_WRITABLE }
        // A shorter path sorts before what begins with it, and so before all below it.
        return kinds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Reads "host:port", "[address]:port".
    private static func endpoint(_ text: String) -> Endpoint? {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return Endpoint(host: host.lowercased(), port: port)
    }
}

extension SandboxGlue {
    /// What is in force, for the log: the level as `sandbox`, and `measure`s and `missing` each as
    /// often as there are some.
    func note(_ report: skep_sandbox_report) -> Fields {
        var fields = Fields()
        fields.add("sandbox", level(report))
        for measure in Self.measures(report) { fields.add("measure", measure) }
        for missing in missing(report) { fields.add("missing", missing) }
        return fields
    }

    /// An endpoint that it was refused, for the log: `refused`.
    static func note(refused endpoint: String) -> Fields {
        var fields = Fields()
        fields.add("refused", endpoint)
        return fields
    }

    /// The level that is kept, which may be less than was wanted.
    private func level(_ report: skep_sandbox_report) -> String {
        #if os(macOS)
            return sandbox.level
        #else
            guard Self.has(report, SKEP_MEASURE_MOUNT_NAMESPACE) || report.landlock > 0 else {
                return "none"
            }
            let isWeaker =
                sandbox.hasNoNetwork && !Self.has(report, SKEP_MEASURE_NETWORK_NAMESPACE)
            return isWeaker ? "workspace-write" : sandbox.level
        #endif
    }

    static func measures(_ report: skep_sandbox_report) -> [String] {
        #if os(macOS)
            // The request's program is what makes it.
            return ["seatbelt"]
        #else
            var found = names.filter { has(report, $0.measure) }.map(\.name)
            if report.landlock > 0 { found.append("landlock \(report.landlock)") }
            return found
        #endif
    }

    /// What isn't as it should be, each with its reason.
    private func missing(_ report: skep_sandbox_report) -> [String] {
        #if os(macOS)
            return []
        #else
            var found: [String] = []
            let reason =
                StartStage(rawValue: report.failed_stage)?.reason(errno: report.failed_error)
                ?? describe(errno: report.failed_error)
            if !Self.has(report, SKEP_MEASURE_MOUNT_NAMESPACE) {
                found.append("namespaces: \(reason)")
                found.append("private /tmp, own /proc: they need namespaces")
                if report.landlock > 0 {
                    found.append("modes of files, sockets in folders: landlock doesn't bound them")
                }
                if sandbox.hasNoNetwork { found.append("network of its own: it needs namespaces") }
                if (1..<6).contains(report.landlock) {
                    found.append("signals, abstract sockets: landlock 6 would keep them in")
                }
            } else {
                if !Self.has(report, SKEP_MEASURE_OWN_PROC) { found.append("own /proc: \(reason)") }
                if !Self.has(report, SKEP_MEASURE_PRIVATE_TMP) {
                    found.append("private /tmp: there is no /tmp")
                }
            }
            if report.landlock == 0 { found.append("landlock: the kernel doesn't offer it") }
            if report.landlock < 6, Self.has(report, SKEP_MEASURE_MOUNT_NAMESPACE),
                !Self.has(report, SKEP_MEASURE_NETWORK_NAMESPACE)
            {
                found.append(Self.abstractSockets)
            }
            if !Self.has(report, SKEP_MEASURE_SECCOMP) {
                found.append("seccomp: the kernel doesn't offer it")
            }
            return found
        #endif
    }

    /// Without Landlock's version 6, of Linux 6.12, at levels that have the machine's network.
    static let abstractSockets =
        "landlock 6: without it, or level isolated, abstract sockets such as X11's can be reached"

    private static func has(_ report: skep_sandbox_report, _ measure: skep_measure) -> Bool {
        report.measures & measure.rawValue != 0
    }

    private static let names: [(measure: skep_measure, name: String)] = [
        (SKEP_MEASURE_USER_NAMESPACE, "user namespace"),
        (SKEP_MEASURE_MOUNT_NAMESPACE, "mount namespace"),
        (SKEP_MEASURE_PID_NAMESPACE, "pid namespace"),
        (SKEP_MEASURE_NETWORK_NAMESPACE, "network namespace"),
        (SKEP_MEASURE_READ_ONLY_ROOT, "read-only root"),
        (SKEP_MEASURE_PRIVATE_TMP, "private /tmp"),
        (SKEP_MEASURE_OWN_PROC, "own /proc"),
        (SKEP_MEASURE_OWN_DEVICES, "own /dev"),
        (SKEP_MEASURE_SECCOMP, "seccomp"),
        (SKEP_MEASURE_NO_CAPABILITIES, "no capabilities"),
        (SKEP_MEASURE_NO_NEW_PRIVILEGES, "no new privileges"),
        (SKEP_MEASURE_PROCESS_LIMIT, "process limit"),
    ]
}

/// What the relay lets nobody through to, as it comes.
struct RefusalReader {
    private let file: Int32
    private var rest: [UInt8] = []

    init(_ file: Int32) { self.file = file }

    var polled: [pollfd] { [pollfd(fd: file, events: Int16(POLLIN), revents: 0)] }

    /// "host:port", each; `nil` when it isn't our descriptor.
    mutating func read(_ file: Int32) -> [String]? {
        guard file == self.file else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        #if canImport(Glibc)
            let got = Glibc.read(file, &bytes, bytes.count)
        #else
            let got = Darwin.read(file, &bytes, bytes.count)
        #endif
        if got > 0 { rest += bytes[..<got] }
        var endpoints: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            endpoints.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeSubrange(...end)
        }
        return endpoints
    }
}

private func makePipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }

private func withEndpoints<R>(
    _ endpoints: [SandboxGlue.Endpoint], _ body: (UnsafePointer<skep_endpoint>) -> R
) -> R {
    // One more, so that there is always a first to point at.
    let endpoints = endpoints + [SandboxGlue.Endpoint(host: "", port: 0)]
    let hosts = endpoints.map { strdup($0.host) }
    defer { for host in hosts { free(host) } }
    let entries = zip(endpoints, hosts).map {
        skep_endpoint(host: UnsafePointer($1!), port: $0.port)  // strdup: as above
    }
    return entries.withUnsafeBufferPointer { body($0.baseAddress!) }  // one at least
}
