import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if os(Linux)
    import Glibc

    /// How a session gets into its sandbox.
    enum SandboxStarter: String, CaseIterable, CustomTestStringConvertible {
        /// Root's host, which gives the agent to another user.
        case root
        /// Root's host and root's agent, as `--allow-root` has it.
        case rootAsRoot = "root as root"
        case ordinaryUser = "an ordinary user"

        var testDescription: String { rawValue }

        /// The user that agents of root's host are: `daemon` everywhere.
        static let user = LaunchRequest.User(uid: 1, gid: 1)
        /// Who starts the host instead of root: `nobody`.
        static let ordinary: UInt32 = 65534

        static let possible: [Self] =
            geteuid() != 0
            ? [.ordinaryUser]
            : [.root, .rootAsRoot] + (access("/usr/bin/setpriv", X_OK) == 0 ? [.ordinaryUser] : [])

        static let untried = allCases.filter { !possible.contains($0) }
    }

    /// What a kernel seems to lack.
    enum KernelLack: String {
        case namespaces, mounts, landlock, seccomp
        case userNamespaces = "user-namespaces"
    }

    /// One session in a sandbox, with a shell script as its agent.
    struct SandboxFixture {
        let host: HostFixture
        let starter: SandboxStarter
        let outside: String

        init(
            _ starter: SandboxStarter, lacking lacks: [KernelLack] = [], hasMaskedProc: Bool = false
        ) throws {
            let plain = HostFixture()
            outside = plain.folder.make("outside")
            chmod(outside, 0o777)
            self.starter = starter
            var words = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; "
            if starter == .ordinaryUser, geteuid() == 0 {
                let id = SandboxStarter.ordinary
                words += "chown -R \(id):\(id) \"$2\"; chown -R \(id):\(id) \"$2/../work\"; "
                // As containers have it: what is mounted below /proc forbids mounting another.
                let mask = #"mount --bind /dev/null /proc/kallsyms && exec "$0" "$@""#
                words += hasMaskedProc ? "exec unshare -m sh -c '\(mask)' " : "exec "
                words += "setpriv --reuid=\(id) --regid=\(id) --clear-groups "
            } else {
                if starter == .root { chown(plain.work, Self.agent.uid, Self.agent.gid) }
                words += "exec "
            }
            if !lacks.isEmpty {
                let script = try plain.folder.write(
                    try Self.fixture("lacking.py"), to: "lacking.py")
                let names = lacks.map(\.rawValue).joined(separator: " ")
                words += "/usr/bin/python3 \(script) \(names) -- "
            }
            let program = try plain.folder.write(
                "#!/bin/sh\n\(words) \(HostFixture.program) \"$@\"\n", to: "start", mode: 0o755)
            host = HostFixture(plain, program: program)
        }

        private static var agent: LaunchRequest.User { SandboxStarter.user }

        static func fixture(_ name: String, _ file: String = #filePath) throws -> String {
            let folder = file[..<(file.lastIndex(of: "/") ?? file.startIndex)]
            let bytes = try Files.read("\(folder)/Fixtures/\(name)") ?? []
            return String(decoding: bytes, as: UTF8.self)
        }

        func request(
            _ script: String, level: String = "workspace-write", isRequired: Bool = true,
            endpoints: [String] = [], graceMS: Int64 = 20_000
        ) -> LaunchRequest {
            let limits = LaunchRequest.Limits(graceMS: graceMS)
            var request = host.request(script, limits: limits)
            if starter == .root { request.user = SandboxStarter.user }
            let writes = level != "read-only"
            request.sandbox = Sandbox(
                level: level, isRequired: isRequired,
                hidden: ["/run", "/root", host.host.folder],
                readable: writes ? [] : [host.work], writable: writes ? [host.work] : [],
                hasNoNetwork: level == "isolated", endpoints: endpoints)
            request.environment["HOME"] = host.work
            request.environment["OUTSIDE"] = outside
            request.environment["SESSION"] = host.host.folder
            return request
        }

        func run(_ request: LaunchRequest) async throws -> ExitRecord {
            try await host.run(request)
        }

        /// What the log's note on the sandbox says for a key.
        func noted(_ key: String) throws -> [String] {
            try notes().first { $0.string("sandbox") != nil }?.strings(key) ?? []
        }

        func notes() throws -> [Fields] {
            try host.chunks().filter { $0.stream == .note }.map {
                try Fields(decoding: Array($0.bytes))
            }
        }
    }

    /// Whether a process with these words in its command line is alive.
    func isAlive(_ words: String) -> Bool {
        guard let folder = opendir("/proc") else { return false }
        defer { closedir(folder) }
        while let found = readdir(folder) {
            let name = withUnsafePointer(to: &found.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard Int32(name) != nil, let file = fopen("/proc/\(name)/cmdline", "r") else {
                continue
            }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
            let line = String(
                decoding: bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
            if line.contains(words) { return true }
        }
        return false
    }
#endif
