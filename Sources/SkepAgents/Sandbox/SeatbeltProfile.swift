import SkepWire

/// A sandbox as a profile for macOS' `sandbox-exec -p`.
///
/// Written from the profiles that come with macOS and with other programs, without a machine to try
/// it on. Later rules win over earlier ones, so paths come as they do in the launcher: those above
/// before those below. It hides no processes, gives no /tmp of its own (TMPDIR is below the home), and
/// of a network knows ports, but no names.
struct SeatbeltProfile {
    let sandbox: Sandbox

    /// The command that runs another shut in.
    func command(_ words: [String]) -> [String] {
        ["/usr/bin/sandbox-exec", "-p", text] + words
    }

    var text: String {
        var lines = [
            "(version 1)", "(allow default)", "(deny file-write*)",
            "(allow file-write* (subpath \"/dev\"))",
        ]
        if sandbox.hasNoNetwork { lines.append("(deny network*)") }
        var rules: [String: [String]] = [:]
        // With a path, "network*" is the sockets that lie there.
        for path in sandbox.hidden {
            rules[path] = ["(deny file-read* file-write* network* \(Self.subpath(path)))"]
        }
        for path in sandbox.readable {
            rules[path] = [
                "(allow file-read* \(Self.subpath(path)))",
                "(deny file-write* \(Self.subpath(path)))",
            ]
        }
        for path in sandbox.writable {
            rules[path] = ["(allow file-read* file-write* network* \(Self.subpath(path)))"]
        }
        lines += rules.sorted { $0.key < $1.key }.flatMap(\.value)
        // Whoever looks up a path to the end asks for each folder and link on its way.
        lines.append("(allow file-read-metadata (vnode-type DIRECTORY) (vnode-type SYMLINK))")
        if sandbox.hasNoNetwork {
            let endpoints = sandbox.endpoints.map(Self.remote)
            lines += endpoints.map { "(allow network-outbound (remote tcp \"\($0)\"))" }
            // Their names are looked up by asking a service.
            if endpoints.contains(where: { $0.hasPrefix("*:") }) {
                lines.append(
                    "(allow network-outbound (literal \"/private/var/run/mDNSResponder\"))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// All that it takes: "localhost" or "*", and a port.
    private static func remote(_ endpoint: String) -> String {
        let port = endpoint.split(separator: ":").last.map(String.init) ?? ""
        let isLocal = ["127.0.0.1:", "localhost:", "[::1]:"].contains { endpoint.hasPrefix($0) }
        return "\(isLocal ? "localhost" : "*"):\(port)"
    }

    private static func subpath(_ path: String) -> String {
        let quoted = path.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        return "(subpath \"\(quoted)\")"
    }
}

extension LaunchRequest {
    /// Has it shut in, by what this system has for that: the launcher's own means, or Seatbelt.
    mutating func shutIn(_ sandbox: Sandbox?) {
        self.sandbox = sandbox
        #if os(macOS)
            guard let sandbox else { return }
            let words = SeatbeltProfile(sandbox: sandbox)
                .command([program] + arguments.dropFirst())
            program = words[0]
            arguments = words
        #endif
    }
}
