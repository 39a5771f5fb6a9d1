import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Clock watch")
struct ClockWatchTests {
    @Test("A turned clock is noticed once; time that passes isn't")
    func noticesTurns() {
        let clock = ManualClock()
        var watch = ClockWatch(clock)

        clock.advance(by: .seconds(86_400))
        #expect(watch.jump() == nil)
        clock.turnWallClock(by: .seconds(-3600))
        #expect(watch.jump() == .seconds(-3600))
        #expect(watch.jump() == nil)
    }
}
