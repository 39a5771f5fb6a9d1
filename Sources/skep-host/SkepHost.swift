import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `skep-host --session FOLDER`: keeps one agent from its start to its end.
///
/// It leaves its starter behind at once, so that it outlives it, and ends when every process of
/// the agent has. The command returns when the host holds the session's lock and has written its
/// record (exit 0), or prints why that couldn't be (exit 1). One thread, no Foundation: a swarm has
/// many of these.
@main
enum SkepHost {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.dropFirst().first == "--probe-sandbox" {
            SandboxTrial.run(Array(arguments.dropFirst(2)))
        }
        if arguments.dropFirst().first == "--user" {
            OtherUser.execute(Array(arguments.dropFirst(2)))
        }
        guard arguments.count == 3, arguments[1] == "--session" else {
            write("usage: skep-host --session FOLDER\n       \(OtherUser.usage)\n", to: 2)
            exit(64)
        }
        guard chdir(arguments[2]) == 0 else {
            let reason = describe(errno: errno)
            write("error: Can't enter session folder \"\(arguments[2])\": \(reason).\n", to: 2)
            exit(1)
        }
        let starter = skep_daemonize()
        do {
            let host = try Host(folder: arguments[2])
            write("R", to: starter)
            close(starter)
            exit(host.run() ? 0 : 1)
        } catch {
            write("error: \(error)\n", to: starter)
            exit(1)
        }
    }

    private static func write(_ text: String, to file: Int32) {
        // Nobody to tell when this fails: the starter has gone.
        try? Files.write(Array(text.utf8), to: file, path: "starter")
    }
}

/// Why a session isn't begun.
enum HostError: Error, CustomStringConvertible {
    case held(String)
    case ended(String)
    case hadHost(String)
    case noRequest(String)

    var description: String {
        switch self {
        case .held(let folder): "Another host keeps the session in \"\(folder)\"."
        case .ended(let folder): "The session in \"\(folder)\" has ended already."
        case .hadHost(let folder):
            "The session in \"\(folder)\" had a host that died; a folder is used once."
        case .noRequest(let folder): "There is no launch request in \"\(folder)\"."
        }
    }
}
