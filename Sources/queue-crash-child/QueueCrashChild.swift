internal import Foundation
internal import Logging
internal import SkepQueue
internal import SkepQueueSQLite

/// A process to be killed: enqueues and works off jobs until then, and writes down what the store
/// has acknowledged. Only tests run it.
@main
struct QueueCrashChild {
    private static let usage = """
        usage: queue-crash-child DATABASE RUN-FOLDER JOURNAL [ROLE]

        Roles: mixed (the default), producer, worker, stoppable, scheduler; hold, lock, stop,
        await ID.

        """

    static func main() async throws {
        var arguments = CommandLine.arguments.dropFirst()
        guard arguments.count >= 3 else { return refuse() }
        let (path, runFolder) = (arguments.removeFirst(), arguments.removeFirst())
        let journal = try Journal(path: arguments.removeFirst())
        // Failed jobs come back at once: there is little time.
        let store = try await SQLiteQueueStore(
            path: path, runFolder: runFolder,
            retryPolicy: RetryPolicy(base: .milliseconds(20), cap: .milliseconds(200)))

        let holder = Holder(store: store, journal: journal)
        switch (arguments.first ?? "mixed", arguments.dropFirst().first.flatMap { JobID($0) }) {
        case ("mixed", nil): try await play([.producer, .worker, .scheduler], store, journal)
        case ("producer", nil): try await play([.producer], store, journal)
        case ("worker", nil): try await play([.worker], store, journal)
        case ("stoppable", nil): try await play([.stoppable], store, journal)
        case ("scheduler", nil): try await play([.scheduler], store, journal)
        case ("hold", nil): try await play([.producer, .holder], store, journal)
        case ("lock", nil): try await holder.lock()
        case ("stop", nil): try await holder.stop()
        case ("await", let id?): try await holder.wait(for: id)
        default: refuse()
        }
    }

    private static func refuse() {
        FileHandle.standardError.write(Data(usage.utf8))
        exit(64)
    }

    private enum Part {
        case producer, worker, stoppable, holder, scheduler
    }

    /// Plays all parts until it is killed.
    private static func play(
        _ parts: [Part], _ store: SQLiteQueueStore, _ journal: Journal
    ) async throws {
        let logger = Logger(label: "queue-crash-child") { _ in SwiftLogNoOpLogHandler() }
        let worker = CrashWorker(store: store, journal: journal, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in parts {
                group.addTask {
                    switch part {
                    case .producer: try await CrashProducer(store: store, journal: journal).run()
                    case .worker: try await worker.run()
                    case .stoppable: try await worker.run(leaseLength: .seconds(1))
                    case .holder: try await worker.hold()
                    case .scheduler: await Scheduler(store: store, logger: logger).run()
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
