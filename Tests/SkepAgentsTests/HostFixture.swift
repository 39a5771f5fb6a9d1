import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A temporary folder that is gone afterwards.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(root)/skep-agents-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder can be made")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let found = readdir(folder) {
                let name = withUnsafePointer(to: &found.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                var status = stat()
                let child = path + "/" + name
                if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                    remove(child)
                } else {
                    unlink(child)
                }
            }
            closedir(folder)
        }
        rmdir(path)
    }

    func make(_ name: String) -> String {
        let folder = path + "/" + name
        mkdir(folder, 0o755)
        return folder
    }

    func write(_ text: String, to name: String, mode: UInt16 = 0o644) throws -> String {
        let file = path + "/" + name
        try Files.replace(file, with: Array(text.utf8), mode: mode)
        chmod(file, mode_t(mode))
        return file
    }
}

/// One session with a shell script as its agent.
struct HostFixture {
    let folder: TemporaryFolder
    let host: SessionHost
    let work: String

    /// The program beside the tests' own.
    static let program: String = {
        #if os(Linux)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    readlink("/proc/self/exe", $0.baseAddress!, $0.count)
                }
            }
            let own = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        #else
            let own = CommandLine.arguments[0]
        #endif
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/skep-host"
    }()

    init() {
        folder = TemporaryFolder()
        let session = folder.make("session")
        host = SessionHost(folder: session, program: Self.program)
        work = folder.make("work")
    }

    /// The same session, kept by another program.
    init(_ fixture: HostFixture, program: String) {
        folder = fixture.folder
        host = SessionHost(folder: fixture.host.folder, program: program)
        work = fixture.work
    }

    func request(
        _ script: String, environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        input: String? = nil, limits: LaunchRequest.Limits = LaunchRequest.Limits(graceMS: 500)
    ) -> LaunchRequest {
        LaunchRequest(
            session: "test-" + String(UInt64.random(in: 1 << 60 ... .max), radix: 16),
            program: "/bin/sh", arguments: ["sh", "-c", script], environment: environment,
            directory: work, input: input, limits: limits)
    }

    /// Starts and waits for the end.
    func run(_ request: LaunchRequest) async throws -> ExitRecord {
        try await host.start(request)
        return try await end()
    }

    func end() async throws -> ExitRecord {
        let state = try await host.waitUntilOver()
        guard case .ended(let record) = state else {
            throw UnexpectedState(what: "the session is \(state)")
        }
        return record
    }

    /// All that a stream holds.
    func printed(_ stream: Chunk.Stream = .output) throws -> [UInt8] {
        try chunks().reduce(into: []) { if $1.stream == stream { $0 += $1.bytes } }
    }

    /// The log as it is now.
    func chunks() throws -> [Chunk] {
        var reader = SpoolReader(files: host.files)
        var chunks: [Chunk] = []
        while true {
            let batch = try reader.next()
            guard batch.tail != .damaged else { throw UnexpectedState(what: "damaged log") }
            // Half a record is one that is being written.
            if batch.chunks.isEmpty || batch.tail != .whole {
                return chunks + batch.chunks.map(\.chunk)
            }
            chunks += batch.chunks.map(\.chunk)
        }
    }

    func text(_ stream: Chunk.Stream = .output) throws -> String {
        String(decoding: try printed(stream), as: UTF8.self)
    }

    /// What a process has for itself, in KiB.
    static func privateKiB(_ pid: Int32) -> Int? {
        guard let file = fopen("/proc/\(pid)/smaps_rollup", "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let got = fread(&buffer, 1, buffer.count - 1, file)
        let text = String(
            decoding: buffer.prefix(got).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "\n").filter { $0.hasPrefix("Private_") }.reduce(0) {
            $0 + (Int($1.split(separator: " ").dropFirst().first ?? "") ?? 0)
        }
    }

    /// Waits until the agent has printed something.
    func waitForOutput(_ text: String) async throws {
        try await eventually("\"\(text)\" is printed") { try self.text().contains(text) }
    }
}

struct UnexpectedState: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}
