import Foundation

/// A `queue-crash-child` that runs.
final class CrashChild {
    private let process = Process()
    private let ended: AsyncStream<Void>
    private let errors: String?

    /// Runs children beside `body`, and kills them after it in any case.
    static func with(
        _ arguments: [String], count: Int = 1, _ body: ([CrashChild]) async throws -> Void
    ) async throws {
        var children: [CrashChild] = []
        let result: Result<Void, any Error>
        do {
            for _ in 0..<count { children.append(try CrashChild(arguments)) }
            result = .success(try await body(children))
        } catch {
            result = .failure(error)
        }
        for child in children { await child.kill() }
        try result.get()
    }

    /// - Parameter errors: Where its error output goes, if not to this process'.
    init(_ arguments: [String], errors: String? = nil) throws {
        let (ended, continuation) = AsyncStream<Void>.makeStream()
        self.ended = ended
        self.errors = errors
        process.executableURL = try Self.program
        process.arguments = arguments
        process.terminationHandler = { _ in continuation.finish() }
        if let errors {
            try Data().write(to: URL(fileURLWithPath: errors))
            process.standardError = FileHandle(forWritingAtPath: errors)
        }
        // SIGKILL can't be blocked, so it doesn't matter that children of Process inherit a mask.
        try process.run()
    }

    var isAlive: Bool { process.isRunning }

    var processID: Int32 { process.processIdentifier }

    /// What it said of errors, and how it ended.
    var lastWords: String {
        let words = errors.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
        return process.isRunning ? words : "status \(process.terminationStatus) \(words)"
    }

    /// Lets one that has stopped go on.
    func goOn() { Foundation.kill(processID, SIGCONT) }

    /// Returns when it has ended.
    func kill() async {
        if process.isRunning { Foundation.kill(processID, SIGKILL) }
        for await _ in ended {}
    }

    static func hasLines(_ journal: String) throws -> Bool {
        let size = try? FileManager.default.attributesOfItem(atPath: journal)[.size] as? Int
        return size ?? 0 > 0
    }

    /// Built beside the tests.
    private static var program: URL {
        get throws {
            let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
            let places = bundles + [URL(fileURLWithPath: CommandLine.arguments[0])]
            for place in places {
                let program = place.deletingLastPathComponent()
                    .appendingPathComponent("queue-crash-child")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            }
            throw NotBuilt(places: places)
        }
    }

    private struct NotBuilt: Error, CustomStringConvertible {
        let places: [URL]
        var description: String { "queue-crash-child isn't built beside \(places)" }
    }
}
