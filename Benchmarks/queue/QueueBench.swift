internal import Foundation

/// Measures one thing about the queue, for the drivers in the folder above: they run it beside
/// another queue, turn and turn about, and print the tables.
///
/// A command prints one JSON object on a line of its own. Those that say so print "ready" before
/// that and wait for a line; those that go on until they are killed print no JSON.
@main
struct QueueBench {
    private struct Command {
        let arguments: String
        let purpose: String
        let run: @Sendable ([String]) async throws -> Void

        init(
            _ arguments: String, _ purpose: String,
            _ run: @escaping @Sendable ([String]) async throws -> Void
        ) {
            self.arguments = arguments
            self.purpose = purpose
            self.run = run
        }
    }

    private static let commands: [String: Command] = [
        "fill": Command("DATABASE COUNT", "puts jobs into a queue") {
            try await fill($0[0], count: try number($0[1]))
        },
        "enqueue": Command("DATABASE CALLERS SECONDS", "enqueues, and counts") {
            try await enqueue(into: $0[0], callers: try number($0[1]), for: try seconds($0[2]))
        },
        "through": Command(
            "DATABASE CALLERS SLOTS SECONDS", "enqueues, works everything off, and counts"
        ) {
            try await passThrough(
                $0[0], callers: try number($0[1]), slots: try number($0[2]),
                for: try seconds($0[3]))
        },
        "work": Command(
            "DATABASE SLOTS JOURNAL MILLISECONDS",
            "works; writes each job's number and the time into a journal, after a while"
        ) {
            try await work(
                on: $0[0], slots: try number($0[1]), journal: $0[2],
                length: .milliseconds(try number($0[3])))
        },
        "watch": Command("DATABASE JOURNAL", "writes the time of each wake-up into a journal") {
            try await watch($0[0], journal: $0[1])
        },
        "ring": Command("DATABASE…", "per line \"DATABASE NUMBER\": enqueues, prints the time") {
            try await ring($0)
        },
        "produce": Command(
            "DATABASE JOURNAL MILLISECONDS", "enqueues one by one, and writes down what is safe"
        ) {
            try await produce(
                into: $0[0], journal: $0[1], pause: .milliseconds(try number($0[2])))
        },
        "claim": Command("FOLDER MANY LIMITED SAMPLES", "times a claim in five situations") {
            try await measureClaims(
                in: $0[0], many: try number($0[1]), limited: try number($0[2]),
                samples: try number($0[3]))
        },
        "cycle": Command(
            "DATABASE SECONDS", "ready; enqueues, leases and settles one after the other"
        ) {
            try await cycle($0[0], for: try seconds($0[1]))
        },
    ]

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first, let command = commands[name],
            arguments.count > command.arguments.split(separator: " ").count
        else {
            var usage = ""
            for (name, command) in commands.sorted(by: { $0.key < $1.key }) {
                usage += "queue-bench \(name) \(command.arguments)\n    \(command.purpose)\n"
            }
            FileHandle.standardError.write(Data(usage.utf8))
            exit(64)
        }
        try await command.run(Array(arguments.dropFirst()))
    }

    private static func number(_ word: String) throws -> Int {
        guard let number = Int(word), number >= 0 else { throw CocoaError(.formatting) }
        return number
    }

    private static func seconds(_ word: String) throws -> Duration {
        guard let seconds = Double(word), seconds > 0 else { throw CocoaError(.formatting) }
        return .seconds(seconds)
    }
}
