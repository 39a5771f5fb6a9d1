import Foundation
import SkepTestSupport
import Subprocess
import Synchronization

@testable import skep

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The built program in the background. Its output goes to files of the fixture.
final class Background: Sendable {
    /// Tokens of trackers, by the fixture's folder.
    static let token = Mutex<[String: String]>([:])
    private static let count = Mutex(0)

    let process: Int32
    private let files: String

    private init(process: Int32, files: String) {
        self.process = process
        self.files = files
    }

    /// Starts it by way of a shell that writes its number and its exit status down.
    static func start(_ arguments: [String], in fixture: Fixture, token: String?) async throws
        -> Background
    {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let files = "\(fixture.path)/background-\(number)"
        let line = """
            cd "$0"
            { "$@" >\(files).out 2>\(files).err & echo $! >\(files).pid; wait $!; echo $? >\(files).status; } \\
                >/dev/null 2>&1 &
            """
        _ = try await Subprocess.run(
            .name("sh"),
            arguments: .init(
                ["-c", line, fixture.path, SelfProgram.current().folder + "/skep"] + arguments),
            environment: .custom([
                "PATH": "/usr/bin:/bin", "HOME": fixture.path, "TOKEN": token ?? "",
                "XDG_STATE_HOME": "\(fixture.path)/state",
                "XDG_CONFIG_HOME": "\(fixture.path)/config",
                "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
            ]), output: .discarded, error: .discarded)
        try await eventually("the program starts") { read(files + ".pid").hasSuffix("\n") }
        let process = Int32(read(files + ".pid").dropLast()) ?? 0
        precondition(process > 0)
        return Background(process: process, files: files)
    }

    var output: String { Self.read(files + ".out") }
    var errors: String { Self.read(files + ".err") }
    /// `nil` while it runs.
    var status: Int? { Int(Self.read(files + ".status").dropLast()) }

    /// Sends a signal, unless it has ended.
    func stop(_ signal: Int32) {
        if status == nil { kill(process, signal) }
    }

    private static func read(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
