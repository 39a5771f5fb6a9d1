import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepQueue

@Suite("A doorbell")
struct DoorbellTests {
    private let clock = ManualClock()

    @Test("Rings that come while nobody waits count as one")
    func countsRingsAsOne() async {
        let bell = Doorbell(clock: clock)

        bell.ring()
        bell.ring()

        #expect(await bell.wait())
        #expect(await !bell.wait(until: clock.uptime))
    }

    @Test("It wakes at its time, and whoever waits for the same time again uses the same timer")
    func wakesAtItsTime() async throws {
        let bell = Doorbell(clock: clock)
        let time = clock.uptime + .seconds(5)

        for _ in 0..<3 {
            async let wasRung = bell.wait(until: time)
            try await eventually("it sleeps") { clock.sleeperCount == 1 }
            bell.ring()
            #expect(await wasRung)
        }
        async let wasRung = bell.wait(until: time)
        clock.advance(by: .seconds(5))

        #expect(await !wasRung)
        #expect(clock.sleeperCount == 0)
    }

    @Test("It wakes when the task is cancelled, and leaves no timer behind when it is gone")
    func wakesWhenCancelled() async throws {
        do {
            let bell = Doorbell(clock: clock)
            let time = clock.uptime + .seconds(5)
            let waiting = Task { await bell.wait(until: time) }
            try await eventually("it sleeps") { clock.sleeperCount == 1 }

            waiting.cancel()

            #expect(await !waiting.value)
        }
        try await eventually("its timer is gone") { clock.sleeperCount == 0 }
    }
}
