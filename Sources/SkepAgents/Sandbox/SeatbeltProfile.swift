import SkepWire

/// A sandbox as a profile for macOS' `sandbox-exec -p`.
///
/// Written from the profiles that come with macOS, without a machine to try it on. Later rules win
/// over earlier ones, so paths come as they do in the launcher: those above before those below.
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
        var rules: [String: [String]] = [:]
        for path in sandbox.hidden {
            rules[path] = ["(deny file-read* file-write* \(Self.subpath(path)))"]
        }
        for path in sandbox.readable {
            rules[path] = [
                "(allow file-read* \(Self.subpath(path)))",
                "(deny file-write* \(Self.subpath(path)))",
            ]
        }
        for path in sandbox.writable {
            rules[path] = ["(allow file-read* file-write* \(Self.subpath(path)))"]
        }
        lines += rules.sorted { $0.key < $1.key }.flatMap(\.value)
        if sandbox.hasNoNetwork {
            lines.append("(deny network*)")
            // Seatbelt knows ports, but of other machines no names.
            for endpoint in sandbox.endpoints {
                let port = endpoint.split(separator: ":").last.map(String.init) ?? ""
                let isLocal = ["127.0.0.1:", "localhost:"].contains { endpoint.hasPrefix($0) }
                lines.append(
                    "(allow network-outbound (remote tcp \"\(isLocal ? "localhost" : "*"):\(port)\"))"
                )
            }
        }
        return lines.joined(separator: "\n") + "\n"
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
