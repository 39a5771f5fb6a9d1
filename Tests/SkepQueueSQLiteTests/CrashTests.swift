import Foundation
import GRDB
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Processes that are killed", .serialized)
struct CrashTests {
    @Test("Kills at random moments lose no job, settle none twice, and leave the file whole")
    func killsLoseNothing() async throws {
        try await TemporaryQueue.with { queue in
            var history = History()
            for round in 0..<24 {
                let journal = queue.folder + "/journal-\(round)"
                try await CrashChild.with([queue.path, queue.runFolder, journal], count: 2) {
                    children in
                    try await eventually("the children work") {
                        try children.allSatisfy { try $0.isRunning } && CrashChild.hasLines(journal)
                    }
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...150)))
                }

                try history.read(journal)
                try await check(history, queue)
            }
            #expect(history.settled.count > 20)
        }
    }

    @Test("The jobs of a killed worker are free at once, long before its leases end")
    func deadWorkersAreKnown() async throws {
        try await TemporaryQueue.with { queue in
            try await queue.withStore { store in
                let journal = queue.folder + "/journal"
                let leased = JobFilter(states: [.leased])
                try await CrashChild.with([queue.path, queue.runFolder, journal, "hold"]) { _ in
                    try await eventually("it holds leases") {
                        try await store.jobs(matching: leased).count == 4
                    }
                    let taken = try await store.sweep().reclaimed
                    #expect(taken == [], "taken from the living")
                }
                let held = try await store.jobs(matching: leased).map(\.id)

                let sweep = try await store.sweep()

                #expect(Set(sweep.reclaimed) == Set(held))
                let left = try FileManager.default.contentsOfDirectory(atPath: queue.runFolder)
                #expect(left == [])
            }
        }
    }

    /// What the children were told is compared with what is there.
    private func check(_ history: History, _ queue: TemporaryQueue) async throws {
        try await queue.withStore { store in
            let sweep = try await store.sweep()
            #expect(sweep.died == [])
            try await store.expectConsistent()
            let rows = try await store.read { database in
                try Row.fetchAll(database, sql: "SELECT id, state, attempt FROM job").map {
                    (id: $0[0] as Int64, state: $0[1] as String, attempt: $0[2] as Int)
                }
            }
            let states = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.state) })
            let attempts = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0.attempt) })

            #expect(history.enqueued.filter { states[$0] == nil } == [], "acknowledged, then lost")
            #expect(states.values.filter { $0 == "leased" } == [], "held by the dead")
            for (id, settled) in history.settled {
                #expect(settled.count == 1, "job \(id) was settled by attempts \(settled)")
                #expect(states[id] == "succeeded" && attempts[id] == settled.first)
            }
            for (id, begun) in history.begun {
                #expect(Set(begun).count == begun.count, "an attempt at job \(id) was begun twice")
            }
        }
    }
}

/// What the children's journals say.
private struct History {
    var enqueued: Set<Int64> = []
    var begun: [Int64: [Int]] = [:]
    var settled: [Int64: [Int]] = [:]

    mutating func read(_ journal: String) throws {
        for line in try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            let numbers = words.dropFirst().compactMap { Int64($0) }
            switch words.first {
            case "enqueued": enqueued.insert(numbers[0])
            case "began": begun[numbers[0], default: []].append(Int(numbers[1]))
            case "settled": settled[numbers[0], default: []].append(Int(numbers[1]))
            default: Issue.record("\"\(line)\" in the journal")
            }
        }
    }
}

private struct ChildFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A `queue-crash-child` that runs.
final class CrashChild {
    private let process = Process()
    private let ended: AsyncStream<Void>

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

    private init(_ arguments: [String]) throws {
        let (ended, continuation) = AsyncStream<Void>.makeStream()
        self.ended = ended
        process.executableURL = try Self.program
        process.arguments = arguments
        process.terminationHandler = { _ in continuation.finish() }
        // SIGKILL can't be blocked, so it doesn't matter that children of Process inherit a mask.
        try process.run()
    }

    var isRunning: Bool {
        get throws {
            guard process.isRunning else { throw ChildFailure("queue-crash-child ended by itself") }
            return true
        }
    }

    /// Lets one that has stopped go on.
    func goOn() { Foundation.kill(process.processIdentifier, SIGCONT) }

    private func kill() async {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
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
            throw ChildFailure("queue-crash-child isn't built beside \(places)")
        }
    }
}
