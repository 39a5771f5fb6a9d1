import Foundation
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Testing

@Suite("Processes that are killed", .serialized)
struct CrashTests {
    /// `make soak` has it last for minutes: see `CrashStorm.Settings`.
    @Test("Kills at random moments lose no job, settle none twice, and leave the file whole")
    func killsLoseNothing() async throws {
        let settings = CrashStorm.Settings(ProcessInfo.processInfo.environment)
        let storm = try await CrashStorm(settings)

        let summary = await storm.run()

        print(summary)
        #expect(summary.problems == [], "seed \(settings.seed)")
        #expect(summary.jobs[.succeeded] ?? 0 > settings.kills, "hardly anything was done")
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
}
