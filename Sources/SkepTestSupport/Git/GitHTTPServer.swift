#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A git server on loopback: `git http-backend` behind a few lines of Python, with basic
/// authentication. It ends with this value, and with the test's process.
public final class GitHTTPServer: Sendable {
    public let port: Int
    private let scheme: String
    private let logPath: String
    private let child: pid_t
    private let input: Int32

    /// - Parameters:
    ///   - script: The server's program, `git_http_server.py`.
    ///   - root: The folder that holds the repositories.
    ///   - certificate: A PEM file with key and certificate, for a server that speaks TLS.
    public init(
        script: String, root: String, user: String, token: String, log: String,
        certificate: String? = nil
    ) async throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw GitCommand.Failure(command: script, status: -1, output: "pipe")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        logPath = log
        input = ends[1]
        child = try GitCommand.spawn(
            "/usr/bin/env",
            ["python3", script, root, user, token, log] + (certificate.map { [$0] } ?? []),
            environment: GitCommand.environment, input: ends[0], output: nil)
        close(ends[0])
        let line = try await Self.firstLine(of: log + ".port")
        guard let port = Int(line) else {
            throw GitCommand.Failure(command: script, status: -1, output: line)
        }
        self.port = port
        scheme = certificate == nil ? "http" : "https"
    }

    deinit {
        close(input)
        kill(child, SIGKILL)
        waitpid(child, nil, 0)
    }

    public var address: String { "\(scheme)://127.0.0.1:\(port)" }

    /// A line for each request: method, path, and whether it had credentials.
    public func log() async throws -> [String] {
        try await GitCommand.shell("cat '\(logPath)' 2>/dev/null || true", in: "/")
            .split(separator: "\n").map(String.init)
    }

    private static func firstLine(of path: String) async throws -> String {
        try await GitCommand.shell(
            "for i in $(seq 200); do [ -s '\(path)' ] && break; sleep 0.05; done; cat '\(path)'",
            in: "/")
    }
}
