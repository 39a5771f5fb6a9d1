import Foundation
import SkepAgents
import SkepCore
import SkepQueue

/// Drives agents for the benchmarks: `agent-bench VERB FOLDER HOST …`, one line of JSON as its answer.
///
///     start FOLDER HOST TIMES       one session after the other, of an agent that says one line
///     shut-in FOLDER HOST TIMES     the same in a sandbox of the default level
///     sessions FOLDER HOST COUNT    so many at once, each with a hundred lines, ten a second
///     ingest FOLDER HOST MEGABYTES  one session that prints as fast as it can
///     secrets FOLDER HOST MEGABYTES the same, of an agent with 20 secrets
@main
struct AgentBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let number = Int(arguments[4]), number > 0 else {
            let usage = "agent-bench start|shut-in|sessions|ingest|secrets FOLDER HOST NUMBER"
            FileHandle.standardError.write(Data("usage: \(usage)\n".utf8))
            exit(64)
        }
        let stage = try Stage(folder: arguments[2], host: arguments[3])
        switch arguments[1] {
        case "start": try await start(stage, times: number, sandbox: "none")
        case "shut-in": try await start(stage, times: number, sandbox: "workspace-write")
        case "sessions": try await sessions(stage, count: number)
        case "ingest": try await ingest(stage, megabytes: number, secrets: 0)
        case "secrets": try await ingest(stage, megabytes: number, secrets: 20)
        default: exit(64)
        }
    }

    /// From the call to the first event, beside the bare program from `posix_spawn` to its first byte.
    private static func start(_ stage: Stage, times: Int, sandbox: String) async throws {
        let agent = try stage.agent(
            "printf '{\"type\":\"text\",\"text\":\"up\"}\\n'", sandbox: sandbox)
        var hosted: [Double] = []
        var bare: [Double] = []
        for number in 1...times {
            let clock = ContinuousClock()
            var before = clock.now
            let first = try await agent.withSession(
                stage.assignment(number), in: stage.workspace
            ) { session in
                for try await event in session.events {
                    if case .message = event.kind { break }
                }
                let first = clock.now
                let result = try await session.result()
                guard result.failure == nil else { throw NotMeasured(result) }
                return first
            }
            hosted.append((first - before) / .milliseconds(1))
            before = clock.now
            let pipe = Pipe()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "echo up"]
            process.standardOutput = pipe
            try process.run()
            _ = pipe.fileHandleForReading.availableData
            bare.append((clock.now - before) / .milliseconds(1))
            process.waitUntilExit()
        }
        answer(["hosted_ms": hosted, "bare_ms": bare])
    }

    /// All sessions at once; each one's lines are counted, and looked at for their order.
    private static func sessions(_ stage: Stage, count: Int) async throws {
        let lines = 100
        let agent = try stage.agent(
            """
            perl -e '$| = 1; for (1..\(lines)) { print "{\\"type\\":\\"text\\",\\"text\\":\\"line $_ ", \
            "x" x 200, "\\"}\\n"; select(undef, undef, undef, 0.1) }'
            """)
        let before = ContinuousClock.now
        let memory = MemoryWatch()
        var lost = 0
        var ended = 0
        try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            for number in 1...count {
                group.addTask {
                    let seen = Counter()
                    var assignment = try stage.assignment(number)
                    assignment.watch = { event in
                        if case .message = event.kind { seen.add() }
                        return nil
                    }
                    let result = try await agent.withSession(assignment, in: stage.workspace) {
                        try await $0.result()
                    }
                    return (lines - seen.value, result.ending == .exited(code: 0))
                }
            }
            for try await (missing, isWell) in group {
                lost += missing
                if isWell { ended += 1 }
            }
        }
        answer([
            "seconds": [(ContinuousClock.now - before) / .seconds(1)], "ended": [Double(ended)],
            "events_lost": [Double(lost)], "private_mb": [memory.peakMegabytes],
        ])
    }

    private static func ingest(_ stage: Stage, megabytes: Int, secrets: Int) async throws {
        let agent = try stage.agent(
            """
            perl -e 'my $line = "{\\"type\\":\\"text\\",\\"text\\":\\"" . ("word " x 200) . "\\"}\\n"; \
            my $left = \(megabytes) << 20; while ($left > 0) { print $line; $left -= length $line }'
            """, secrets: secrets)
        let seen = Counter()
        let memory = MemoryWatch()
        var assignment = try stage.assignment(1)
        assignment.watch = { event in
            if case .message = event.kind { seen.add() }
            return nil
        }
        let before = ContinuousClock.now
        let result = try await agent.withSession(assignment, in: stage.workspace) {
            try await $0.result()
        }
        answer([
            "seconds": [(ContinuousClock.now - before) / .seconds(1)],
            "events": [Double(seen.value)], "bytes": [Double(result.outputBytes)],
            "private_mb": [memory.peakMegabytes],
        ])
    }

    /// A session that failed, by whose time nothing is told.
    private struct NotMeasured: Error, CustomStringConvertible {
        let description: String

        init(_ result: SessionResult) { description = "\(result.ending): \(result.tail)" }
    }

    private static func answer(_ figures: [String: [Double]]) {
        // Numbers only: they can always be encoded.
        let data = try! JSONSerialization.data(withJSONObject: figures, options: [.sortedKeys])
        print(String(decoding: data, as: UTF8.self))
    }
}
