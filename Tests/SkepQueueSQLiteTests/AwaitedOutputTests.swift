import Foundation
import Logging
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Awaiting an output across processes")
struct AwaitedOutputTests {
    private struct Tidy: JobPayload {
        static let kind: JobKind = "tidy"
    }

    @Test("The handle of a job that another process works off answers when it is done")
    func doneByAnotherProcess() async throws {
        try await TemporaryQueue.with { folder in
            try await folder.withStore { store in
                let queue = JobQueue(store: store)
                let tidied = try await queue.enqueue(Tidy())

                let child = [folder.path, folder.runFolder, folder.folder + "/journal"]
                try await CrashChild.with(child) { _ in
                    let output = try await tidied.output(within: .seconds(120))
                    #expect(output == NoOutput())
                }
            }
        }
    }

    @Test("Another process awaits a job by its number, which this one's handlers work off")
    func awaitedByAnotherProcess() async throws {
        try await TemporaryQueue.with { folder in
            try await folder.withStore { store in
                let queue = JobQueue(store: store)
                let tidied = try await queue.enqueue(Tidy())
                var handlers = JobHandlers()
                handlers.handle(Tidy.self) { _, _ in }
                let journal = folder.folder + "/journal"

                try await CrashChild.with([
                    folder.path, folder.runFolder, journal, "await", tidied.id.description,
                ]) { _ in
                    try await eventually("it waits") { try CrashChild.hasLines(journal) }
                    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                    try await queue.worker(handlers, .init(slots: ["default": 1]), logger: silent)
                        .runUntilIdle()
                    try await eventually("it has the answer") {
                        try String(contentsOfFile: journal, encoding: .utf8)
                            .contains("finished \(tidied.id) succeeded\n")
                    }
                }
            }
        }
    }
}
