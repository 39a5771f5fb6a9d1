import Foundation
import GRDB
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueueSQLite

@Suite("Damaged files")
struct DamagedFileTests {
    /// What a page belongs to.
    enum Place: String, CaseIterable {
        case table = "job"
        case index = "job_ready"
        case payloads = "job_payload"
    }

    @Test("A page of noise is reported; jobs on other pages are served", arguments: Place.allCases)
    func page(_ place: Place) async throws {
        try await withDamage(place, page: noise) { store in
            for isThorough in [false, true] {
                let problems = try await store.check(isThorough: isThorough).problems
                #expect(problems.contains(where: Self.namesDamage), "\(problems)")
            }

            var served = 0
            var refused = 0
            for id in 1...600 {
                do {
                    let job = try await store.job(JobID(rawValue: Int64(id)))
                    #expect(job?.payload == Self.payload)
                    served += 1
                } catch {
                    Self.expectAdvice(error)
                    refused += 1
                }
            }
            #expect(served > 400)
            #expect((refused > 0) == (place != .index), "\(refused)")
        }
    }

    @Test("Who comes upon the page is told what to do, whatever it was", arguments: Place.allCases)
    func writes(_ place: Place) async throws {
        try await withDamage(place, page: noise) { store in
            var failures = 0
            for _ in 0..<50 {
                do {
                    let leases = try await store.lease(
                        LeaseRequest(queue: "default", limit: 20, worker: "w"))
                    for lease in leases {
                        try await store.settle(lease.token, as: .succeeded(result: [1], next: []))
                    }
                    _ = try await store.enqueue([NewJob("other")])
                    _ = try await store.sweep()
                    _ = try await store.maintain()
                    _ = try await store.status()
                } catch {
                    Self.expectAdvice(error)
                    failures += 1
                }
            }
            #expect(failures > 0)
        }
    }

    @Test("Rows that make no sense are reported, and nothing crashes")
    func senselessRows() async throws {
        try await withDamage(.index, page: garble) { store in
            let problems = try await store.check(isThorough: true).problems
            #expect(problems.contains { $0.contains("missing from index") }, "\(problems)")
        }
    }

    @Test("A file with noise for a header is no database, and is left alone")
    func header() async throws {
        try await TemporaryQueue.with { queue in
            try await fill(queue)
            try overwrite(queue, page: 1) { page in
                for index in page.indices.prefix(100) { page[index] = UInt8.random(in: 1...255) }
            }
            let bytes = FileManager.default.contents(atPath: queue.path)

            do {
                try await queue.withStore { _ in }
                Issue.record("it was opened")
            } catch {
                Self.expectAdvice(error)
            }

            #expect(FileManager.default.contents(atPath: queue.path) == bytes)
        }
    }

    @Test("A file whose tables are noise is refused with advice")
    func tables() async throws {
        try await TemporaryQueue.with { queue in
            try await fill(queue)
            try overwrite(queue, page: 1) { page in
                for index in page.indices.dropFirst(100) { page[index] = UInt8.random(in: 1...255) }
            }

            do {
                try await queue.withStore { _ in }
                Issue.record("it was opened")
            } catch {
                Self.expectAdvice(error)
            }
        }
    }

    @Test("A file that was cut off is reported")
    func cutOff() async throws {
        try await TemporaryQueue.with { queue in
            try await fill(queue)
            let pages = try #require(FileManager.default.contents(atPath: queue.path)).count / 4096
            truncate(queue.path, off_t(pages / 2 * 4096))

            do {
                try await queue.withStore { store in
                    let problems = try await store.check().problems
                    #expect(problems.contains(where: Self.namesDamage), "\(problems)")
                }
            } catch {
                Self.expectAdvice(error)
            }
        }
    }

    private static let payload = [UInt8](repeating: 0x5A, count: 200)

    private static func namesDamage(_ problem: String) -> Bool {
        problem.hasPrefix("The file is damaged: ") || problem.hasPrefix("Can't look at the file.")
    }

    private static func expectAdvice(_ error: any Error) {
        guard case QueueError.unavailable(_, let why, let advice) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(why.contains("malformed") || why.contains("not a database"))
        #expect(advice.contains("backup"))
    }

    private func withDamage(
        _ place: Place, page change: (inout [UInt8]) -> Void,
        _ body: (SQLiteQueueStore) async throws -> Void
    ) async throws {
        try await TemporaryQueue.with { queue in
            try await fill(queue)
            let number = try await middlePage(of: place.rawValue, queue)
            try overwrite(queue, page: number, change)
            try await queue.withStore(body)
        }
    }

    private func fill(_ queue: TemporaryQueue) async throws {
        try await queue.withStore { store in
            _ = try await store.enqueue(
                Array(repeating: NewJob("step", payload: Self.payload), count: 600))
        }
    }

    /// A leaf in the middle of a table or an index, found by what its root says.
    private func middlePage(of name: String, _ queue: TemporaryQueue) async throws -> Int {
        let database = try DatabaseQueue(path: queue.path)
        defer { try? database.close() }
        let root = try #require(
            try await database.read { database in
                try Int.fetchOne(
                    database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?",
                    arguments: [name])
            })
        // https://sqlite.org/fileformat2.html#b_tree_pages: the root of two levels has pointers to
        // its cells, each of which begins with the number of a child.
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: queue.path)))
        let page = Array(bytes[(root - 1) * 4096..<root * 4096])
        try #require(page[0] == 5 || page[0] == 2, "one level only")
        let cells = Int(page[3]) << 8 | Int(page[4])
        let pointer = 12 + cells / 2 * 2
        let cell = Int(page[pointer]) << 8 | Int(page[pointer + 1])
        return page[cell..<cell + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    private func overwrite(
        _ queue: TemporaryQueue, page number: Int, _ change: (inout [UInt8]) -> Void
    ) throws {
        var bytes = [UInt8](try #require(FileManager.default.contents(atPath: queue.path)))
        let range = (number - 1) * 4096..<number * 4096
        var page = Array(bytes[range])
        change(&page)
        bytes.replaceSubrange(range, with: page)
        try Data(bytes).write(to: URL(fileURLWithPath: queue.path))
    }

    private func noise(_ page: inout [UInt8]) {
        // Not 13 nor 10, with which it might be a page.
        for index in page.indices { page[index] = UInt8.random(in: 14...255) }
    }

    /// Only what the rows say: the page's own order stays.
    private func garble(_ page: inout [UInt8]) {
        for index in page.indices.suffix(1000) { page[index] ^= 0x11 }
    }
}
