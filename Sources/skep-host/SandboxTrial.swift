import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `skep-host --probe-sandbox [LEVEL [FOLDER PROGRAM ARGUMENT…]]`: what this machine gives for a
/// sandbox, found by shutting a program in.
///
/// Without a program one is taken that does nothing, and without a level the strongest; what came of
/// it is printed, a word and its value a line. With a program that goes to standard error, and the
/// program has the streams: it may write its folder where the level lets it. SKEP_HIDDEN names a
/// folder it doesn't see, SKEP_ENDPOINT one it reaches, SKEP_USER ("uid:gid") who it is. Nothing
/// is required, so that less than was wanted can be seen.
enum SandboxTrial {
    static func run(_ arguments: [String]) -> Never {
        let isSilent = arguments.count < 3
        let request = request(
            isSilent ? [arguments.first ?? "isolated", "/", "/bin/sh", "-c", ":"] : arguments)
        var streams: [Int32] = []
        for stream in Int32(0)...2 {
            streams.append(
                isSilent
                    ? open("/dev/null", O_RDWR | O_CLOEXEC) : fcntl(stream, F_DUPFD_CLOEXEC, 3))
        }
        let glue = SandboxGlue(request.sandbox)
        do throws(StartFailure) {
            let agent = try AgentProcess.launch(
                request, glue, input: streams[0], output: streams[1], error: streams[2])
            if let glue {
                var note = glue.note(agent.report)
                // The other levels lack it, which aren't tried.
                if arguments.isEmpty, agent.report.landlock < 6 {
                    note.add("missing", SandboxGlue.abstractSockets)
                }
                tell(note, to: isSilent ? 1 : 2)
            }
            let refusals = try glue?.startRelay(agent)
            exit(withExtendedLifetime(refusals) { end(of: agent) })
        } catch {
            var note = Fields()
            note.add("sandbox", "none")
            note.add("missing", "\(error.stage): \(describe(errno: error.errno))")
            tell(note, to: isSilent ? 1 : 2)
            exit(isSilent ? 0 : 1)
        }
    }

    private static func request(_ words: [String]) -> LaunchRequest {
        let level = words[0]
        let folder = words[1]
        let writes = level == "workspace-write" || level == "isolated"
        let places = folder == "/" ? [] : [folder]
        let user = variable("SKEP_USER").first?.split(separator: ":").compactMap { UInt32($0) }
        return LaunchRequest(
            session: "sandbox-trial", program: words[2], arguments: Array(words[2...]),
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder],
            directory: folder,
            sandbox: Sandbox(
                level: level, isRequired: false,
                hidden: ["/run", "/root"] + variable("SKEP_HIDDEN"),
                readable: writes ? [] : places, writable: writes ? places : [],
                hasNoNetwork: level == "isolated", endpoints: variable("SKEP_ENDPOINT")),
            user: user.flatMap {
                $0.count == 2 ? LaunchRequest.User(uid: $0[0], gid: $0[1]) : nil
            })
    }

    private static func variable(_ name: String) -> [String] {
        getenv(name).map { [String(cString: $0)] } ?? []
    }

    private static func tell(_ note: Fields, to file: Int32) {
        var text = ""
        for pair in note.pairs {
            text += pair.key + " " + String(decoding: pair.value, as: UTF8.self) + "\n"
        }
        // Who asked has gone, if this fails.
        try? Files.write(Array(text.utf8), to: file, path: "standard output")
    }

    /// Its exit code; that of a shell when it was killed.
    private static func end(of agent: skep_agent) -> Int32 {
        var agent = agent
        var ended: Int32 = 0
        while waitpid(agent.child, &ended, 0) < 0, errno == EINTR {}
        let status = skep_agent_status(&agent, ended)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }
}
