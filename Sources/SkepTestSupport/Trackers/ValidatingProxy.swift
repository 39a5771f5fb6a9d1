internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// `validating_proxy.py` on loopback: passes on what it gets, and holds it against the API's
/// specification. It ends with this value.
///
/// What disagreed is told at `url` + "/__violations", as the script says.
public final class ValidatingProxy: Sendable {
    /// "http://127.0.0.1:PORT", with the tracker's path if it has one, without a slash at the end.
    public let url: String
    private let child: pid_t

    /// - Parameters:
    ///   - script: The path of `validating_proxy.py`.
    ///   - contract: The path of `gitea-api.json`.
    ///   - upstream: The tracker's address.
    ///   - folder: Where a file with the proxy's address may lie.
    public init(script: String, contract: String, upstream: String, folder: String) async throws {
        let file = "\(folder)/proxy-\(UInt32.random(in: 0 ... .max)).url"
        let child = try GitCommand.spawn(
            "/usr/bin/env", ["python3", script, contract, upstream, file],
            environment: GitCommand.environment, input: nil, output: nil)
        var hasEnded = false
        do {
            try await eventually("the proxy listens", within: .seconds(120)) {
                hasEnded = waitpid(child, nil, WNOHANG) != 0
                if hasEnded { throw Unexpected("\(script) ended at once") }
                return FileManager.default.fileExists(atPath: file)
            }
            url = try String(contentsOfFile: file, encoding: .utf8)
            self.child = child
        } catch {
            if !hasEnded { Self.end(child) }
            throw error
        }
    }

    deinit { Self.end(child) }

    private static func end(_ child: pid_t) {
        kill(child, SIGKILL)
        waitpid(child, nil, 0)
    }
}
