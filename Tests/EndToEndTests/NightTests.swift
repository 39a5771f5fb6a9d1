import Foundation
import Testing

extension EndToEnd {
    @Suite("The example of a night", .serialized)
    struct NightTests {
        @Test(
            "A backlog burns down through a kill, conflicts and a closing window; nothing is lost")
        func nightEndsWell() async throws {
            try await Example.run(
                "night", ["--quick", "--seed", "7"],
                saying: [
                    "The plan: skep burndown --dry-run", "its window closes at", "ida closes",
                    "ida merges", "kill -9", "skep serve is back", "is told:", "has answered",
                    "The queue: skep queue status", "Nothing is left running.",
                ])
        }
    }
}

/// A program of the folder "examples", started as anybody can start it.
enum Example {
    /// Runs it to its end, which has to be a good one.
    ///
    /// - Parameter sentences: What it has to have printed.
    static func run(
        _ name: String, _ arguments: [String], within limit: Duration = .seconds(480),
        saying sentences: [String]
    ) async throws {
        let folder = "/tmp/skep-e2e-\(ProcessInfo.processInfo.processIdentifier)-\(name)"
        let output = folder + ".out"
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: output)
        }
        let programs = try Programs.skep.dropLast("/skep".count)
        let example = try ChildProcess(
            try Programs.system("python3"),
            [
                "\(Programs.packageFolder)/examples/\(name)/\(name)", "--programs",
                String(programs), "--folder", folder,
            ] + arguments, in: "/",
            environment: [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
                "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1",
            ], output: output)

        let isInTime = await example.hasEnded(within: limit)
        // It ends what it started, and shows its logs, when it is asked to end.
        await example.stop(within: .seconds(90))

        #expect(isInTime, "it took more than \(limit)")
        #expect(example.poll() == .exited(0), "\(example.text)")
        for sentence in sentences {
            #expect(example.text.contains(sentence), "no \"\(sentence)\" in:\n\(example.text)")
        }
    }
}
