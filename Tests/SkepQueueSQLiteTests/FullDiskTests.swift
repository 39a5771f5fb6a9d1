import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

#if os(Linux)
    @Suite("A full disk", .serialized)
    struct FullDiskTests {
        private static let needsMount: Comment = "Only root may mount a small disk."

        @Test("Of writes that come together what fits is kept, and the rest is told to make room")
        func files() async {
            // A limit to the size of files instead, in a process of its own.
            await #expect(processExitsWith: .success) {
                signal(SIGXFSZ, SIG_IGN)
                try await TemporaryQueue.with { queue in
                    try await queue.withStore { store in
                        try setLargestFile(3 << 20)
                        try await FullDiskTests.crowd(store, advice: "space")
                        try setLargestFile(Int(Int32.max))
                        try await FullDiskTests.goOn(store)
                    }
                }
            }
        }

        @Test("The same on a disk that is full", .enabled(if: SmallDisk.isAllowed, needsMount))
        func disk() async throws {
            try await SmallDisk.with(megabytes: 4) { queue, disk in
                try await queue.withStore { store in
                    try await Self.crowd(store, advice: "room")
                    // What was begun and given up stays in the log's file, to be written over.
                    disk.fill()
                    await #expect(throws: QueueError.self) {
                        try await store.enqueue([.big(3 << 20)])
                    }
                    disk.free()
                    _ = try await store.cancel(matching: JobFilter(limit: 1000))
                    _ = try await store.prune(matching: JobFilter(limit: 1000))
                    try await Self.goOn(store)
                }
            }
        }

        @Test(
            "Maintenance and copies that find no room say so, and leave nothing behind",
            .enabled(if: SmallDisk.isAllowed, needsMount))
        func upkeep() async throws {
            try await SmallDisk.with(megabytes: 32) { queue, disk in
                let clock = ManualClock()
                try await queue.withStore(clock: clock) { store in
                    for _ in 0..<40 { _ = try await store.enqueue([.big(100_000)]) }
                    _ = try await store.cancel(matching: JobFilter(limit: 1000))
                    let waiting = try await store.enqueue([NewJob("a")])
                    try await store.connections.writer.writeWithoutTransaction { database in
                        _ = try database.checkpoint(.truncate)
                    }
                    clock.advance(by: .seconds(400 * 86_400))

                    disk.fill()
                    await Self.expectNoRoom { _ = try await store.maintain() }
                    await Self.expectNoRoom { try await store.backUp(to: queue.folder + "/copy") }

                    let files = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
                    #expect(!files.contains { $0.hasPrefix("copy") }, "\(files)")
                    disk.free()
                    #expect(try await store.maintain().pruned == 40)
                    try await store.backUp(to: queue.folder + "/copy")
                    #expect(
                        try await store.jobs(matching: JobFilter()).map(\.id) == waiting.map(\.id))
                    #expect(try await store.check(isThorough: true).problems == [])
                }
            }
        }

        /// Forty at once, every fourth of them too large by far.
        private static func crowd(_ store: SQLiteQueueStore, advice word: String) async throws {
            let answers = await withTaskGroup(of: (Int, Result<JobID, any Error>).self) { group in
                for number in 0..<40 {
                    let size = number.isMultiple(of: 4) ? 5 << 20 : 100
                    group.addTask {
                        do {
                            let answers = try await store.enqueue([.big(size)])
                            return (number, .success(answers[0].id))
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }

            for (number, answer) in answers where number.isMultiple(of: 4) {
                #expect(throws: QueueError.self, "\(number) fits") { try answer.get() }
                guard case .failure(QueueError.unavailable(_, _, let advice)) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                #expect(advice.contains(word))
            }
            let kept = try answers.filter { !$0.key.isMultiple(of: 4) }.map { try $0.value.get() }
            let jobs = try await store.jobs(matching: JobFilter(limit: 1000))
            #expect(Set(jobs.map(\.id)) == Set(kept))
            #expect(jobs.allSatisfy { $0.payload.count == 100 })
            #expect(try await store.check(isThorough: true).problems == [])
            try await store.expectConsistent()
        }

        private static func goOn(_ store: SQLiteQueueStore) async throws {
            let id = try await store.enqueue([.big(1 << 20)])[0].id
            #expect(try await store.job(id)?.payload.count == 1 << 20)
            _ = try await store.maintain()
            #expect(try await store.check(isThorough: true).problems == [])
            try await store.expectConsistent()
        }

        private static func expectNoRoom(_ body: () async throws -> Void) async {
            do {
                try await body()
                Issue.record("there was room")
            } catch QueueError.unavailable(_, _, let advice) {
                #expect(advice.contains("room") || advice.contains("space"))
            } catch {
                Issue.record(error)
            }
        }
    }

    private func setLargestFile(_ bytes: Int) throws {
        let fileSize = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        var limit = rlimit()
        guard getrlimit(fileSize, &limit) == 0 else { throw POSIXError.last }
        limit.rlim_cur = rlim_t(bytes)
        guard setrlimit(fileSize, &limit) == 0 else { throw POSIXError.last }
    }

    extension NewJob {
        fileprivate static func big(_ bytes: Int) -> NewJob {
            NewJob("big", payload: [UInt8](repeating: 7, count: bytes))
        }
    }
#endif
