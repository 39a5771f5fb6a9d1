import ArgumentParser
import Foundation
import Logging
import SkepCore
import SkepQueue
import SkepQueueSQLite

struct QueueBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure how fast a queue is on this disk",
        discussion: """
            Makes a queue of its own in the state folder, and removes it afterwards. Everything it \
            counts is durable, so the disk's fdatasync rate stands beside it.

            Example: skep queue bench --seconds 3
            """)

    @Option(help: ArgumentHelp("How long each part is measured.", valueName: "count"))
    var seconds = 2
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...600).contains(seconds) else {
            throw ValidationError("--seconds must be 1 to 600, not \(seconds)")
        }
    }

    func run() async throws {
        let state = try common.stateFolder()
        try state.requireFolder()
        let console = common.console()
        let figures = try await measure(state, console)
        guard !console.isJSON else {
            return console.show(
                .list(
                    figures.map {
                        .object([
                            "what": .text($0.what), "per_second": .number(Int($0.perSecond)),
                        ])
                    }))
        }
        var table = Table([.flexible("WHAT"), .fixed("PER SECOND"), .fixed("FOR EACH FDATASYNC")])
        for figure in figures {
            let ratio = figure.perSecond / max(figures[0].perSecond, 1)
            table.add([
                figure.what, Phrase.grouped(Int(figure.perSecond.rounded())),
                "\((ratio * 10).rounded() / 10)",
            ])
        }
        console.show(table)
    }

    /// - Throws: `ProgramError` when the folder can't be written to; what the queue throws.
    private func measure(
        _ state: StateFolder, _ console: Console
    ) async throws -> [QueueBenchmark.Figure] {
        let folder = "\(state.path)/bench-\(UInt32.random(in: .min ... .max))"
        // Elsewhere, since a socket's path must be short.
        let runFolder =
            FileManager.default.temporaryDirectory.path
            + "/skep-bench-\(UInt32.random(in: .min ... .max))"
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            try? FileManager.default.removeItem(atPath: runFolder)
        }
        let benchmark = QueueBenchmark(
            folder: folder, runFolder: runFolder, length: .seconds(seconds))
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            return try await benchmark.figures { console.note("Measuring: \($0)") }
        } catch  where error is CocoaError || error is POSIXError {
            throw ProgramError(
                .unavailable, "Can't measure a queue in \"\(state.path)\".",
                why: StateFolder.reason(of: error) + ".",
                advice: "The folder must be there, writable, and have room; --state names another.")
        }
    }
}

/// What a queue does in a second on a disk, and what the disk does.
struct QueueBenchmark {
    struct Figure {
        let what: String
        let perSecond: Double
    }

    /// On the disk that is measured.
    let folder: String
    let runFolder: String
    let length: Duration

    /// - Parameter begin: Called with what is measured next.
    func figures(_ begin: (String) -> Void) async throws -> [Figure] {
        let parts: [(what: String, measure: () async throws -> Double)] = [
            ("fdatasync of 4 KiB", { try syncs() }),
            ("durable enqueues, one caller", { try await enqueues(callers: 1) }),
            ("durable enqueues, 64 callers", { try await enqueues(callers: 64) }),
            ("enqueued and done, 8 slots", { try await jobs(slots: 8) }),
            ("enqueued and done, 64 slots", { try await jobs(slots: 64) }),
        ]
        var figures: [Figure] = []
        for part in parts {
            begin(part.what)
            figures.append(Figure(what: part.what, perSecond: try await part.measure()))
        }
        return figures
    }

    private func syncs() throws -> Double {
        let descriptor = open("\(folder)/sync", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        let page = [UInt8](repeating: 0x55, count: 4096)
        let start = ContinuousClock.now
        var count = 0
        while start.duration(to: .now) < length {
            guard write(descriptor, page, page.count) == page.count, Self.sync(descriptor) == 0
            else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            count += 1
        }
        return Double(count) / (start.duration(to: .now) / .seconds(1))
    }

    private static func sync(_ descriptor: Int32) -> Int32 {
        #if canImport(Darwin)
            fsync(descriptor)
        #else
            fdatasync(descriptor)
        #endif
    }

    private func enqueues(callers: Int) async throws -> Double {
        try await withStore("enqueue-\(callers)") { store in
            try await enqueue(in: store, callers: callers)
        }
    }

    /// The rate at which callers, each waiting for its own, put jobs into the queue.
    private func enqueue(in store: SQLiteQueueStore, callers: Int) async throws -> Double {
        let start = ContinuousClock.now
        let count = try await withThrowingTaskGroup(of: Int.self) { [length] group in
            for _ in 0..<callers {
                group.addTask {
                    var count = 0
                    while start.duration(to: .now) < length {
                        _ = try await store.enqueue([NewJob("nothing", payload: [1, 2, 3])])
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / (start.duration(to: .now) / .seconds(1))
    }

    private func jobs(slots: Int) async throws -> Double {
        try await withStore("jobs-\(slots)") { store in
            let worker = QueueWorker(
                store: store, configuration: .init(slots: ["default": slots]),
                logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
            ) { _, _ in .settle(.succeeded(result: nil, next: [])) }
            let start = ContinuousClock.now
            // Cancelled and awaited below.
            let working = Task { try await worker.run() }
            _ = try await enqueue(in: store, callers: slots)
            let newest = try await store.jobs(matching: JobFilter(limit: 1)).first
            while try await isUnfinished(store) { try await Task.sleep(for: .milliseconds(5)) }
            let rate = Double(newest?.id.rawValue ?? 0) / (start.duration(to: .now) / .seconds(1))
            working.cancel()
            try await working.value
            return rate
        }
    }

    private func isUnfinished(_ store: SQLiteQueueStore) async throws -> Bool {
        try await store.status().contains { status in
            (status.counts[.ready] ?? 0) + (status.counts[.leased] ?? 0) > 0
        }
    }

    private func withStore(
        _ name: String, _ body: (SQLiteQueueStore) async throws -> Double
    ) async throws -> Double {
        let store = try await SQLiteQueueStore(
            path: "\(folder)/\(name).sqlite", runFolder: runFolder)
        do {
            let rate = try await body(store)
            await store.close()
            return rate
        } catch {
            await store.close()
            throw error
        }
    }
}
