import Foundation
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Files that may not be written", .serialized)
struct ReadOnlyTests {
    enum Locked: String, CaseIterable, Codable {
        case file, folder, both
    }

    @Test("They are refused with advice, and left as they are", arguments: Locked.allCases)
    func permissions(_ locked: Locked) async {
        // Permissions say nothing to root: a process of its own becomes somebody else.
        await #expect(processExitsWith: .success) { [locked = locked as Locked] in
            try await TemporaryQueue.with { queue in
                try await queue.withStore { _ = try await $0.enqueue([NewJob("step")]) }
                let isOtherUser = try becomeNobody(owning: queue.folder)
                let paths = [.file, .both].contains(locked) ? [queue.path] : []
                let folders = [.folder, .both].contains(locked) ? [queue.folder] : []
                for path in paths { chmod(path, 0o400) }
                for path in folders { chmod(path, 0o500) }
                let bytes = FileManager.default.contents(atPath: queue.path)

                await ReadOnlyTests.expectRefusal(queue)

                #expect(FileManager.default.contents(atPath: queue.path) == bytes)
                let left = try FileManager.default.contentsOfDirectory(atPath: queue.folder)
                #expect(Set(left) == ["q.sqlite", "q.sqlite-gate", "run"], "in the way later on")
                for path in folders + paths { chmod(path, 0o700) }
                try await queue.withStore { store in
                    _ = try await store.enqueue([NewJob("step")])
                    #expect(try await store.jobs(matching: JobFilter()).count == 2)
                    #expect(try await store.check().isSound)
                }
                // The folder in which it lies isn't that user's.
                if isOtherUser { try emptyFolder(queue.folder) }
            }
        }
    }

    #if os(Linux)
        @Test(
            "So is one on a file system that may not be written",
            .enabled(if: SmallDisk.isAllowed, "Only root may mount a disk."))
        func mount() async throws {
            try await SmallDisk.with(megabytes: 8) { queue, disk in
                try await queue.withStore { _ = try await $0.enqueue([NewJob("step")]) }
                try await disk.makeReadOnly()

                await Self.expectRefusal(queue)
            }
        }
    #endif

    private static func expectRefusal(_ queue: TemporaryQueue) async {
        do {
            try await queue.withStore { _ = try await $0.enqueue([NewJob("step")]) }
            Issue.record("it was written")
        } catch QueueError.unavailable(_, _, let advice) {
            #expect(advice.contains("writ"))
        } catch {
            Issue.record(error)
        }
    }
}

/// - Returns: Whether this process was root's.
private func becomeNobody(owning folder: String) throws -> Bool {
    guard geteuid() == 0 else { return false }
    let nobody: uid_t = 65534
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
    for path in [folder] + names.map({ folder + "/" + $0 }) {
        try #require(chown(path, nobody, nobody) == 0)
    }
    try #require(setgroups(0, nil) == 0 && setgid(nobody) == 0 && setuid(nobody) == 0)
    return true
}

private func emptyFolder(_ folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
}
