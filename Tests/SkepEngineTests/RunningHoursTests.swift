import Foundation
import SkepCore
import SkepQueue
import Testing

@testable import SkepEngine

@Suite("Running hours")
struct RunningHoursTests {
    private func time(_ text: String) throws -> Timestamp {
        let date = try Date(text, strategy: .iso8601)
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
    }

    private let night = RunningHours(
        from: 22 * 60, to: 6 * 60, days: [], timeZone: "Europe/Berlin")

    @Test("Hours that go over midnight contain both sides of it, in their own time zone")
    func overMidnight() throws {
        #expect(night.contain(try time("2026-11-22T21:00:00Z")))
        #expect(night.contain(try time("2026-11-23T04:59:59Z")))
        #expect(!night.contain(try time("2026-11-23T05:00:00Z")))
        #expect(!night.contain(try time("2026-11-22T20:59:59Z")))
        #expect(
            night.nextOpening(after: try time("2026-11-23T05:00:00Z"))
                == (try time("2026-11-23T21:00:00Z")))
    }

    @Test("A night belongs to the day it begins on")
    func days() throws {
        let friday = RunningHours(from: 22 * 60, to: 6 * 60, days: [5], timeZone: "UTC")

        #expect(friday.contain(try time("2026-11-27T23:00:00Z")))
        #expect(friday.contain(try time("2026-11-28T05:00:00Z")))
        #expect(!friday.contain(try time("2026-11-28T23:00:00Z")))
        #expect(!friday.contain(try time("2026-11-27T05:00:00Z")))
        #expect(
            friday.nextOpening(after: try time("2026-11-28T06:00:00Z"))
                == (try time("2026-12-04T22:00:00Z")))
        #expect(friday.words == "from 22:00 to 06:00 on Fri (UTC)")
    }

    @Test("Where the end is the beginning they last the whole day")
    func wholeDay() throws {
        let sunday = RunningHours(from: 120, to: 120, days: [7], timeZone: "UTC")

        #expect(sunday.contain(try time("2026-11-22T02:00:00Z")))
        #expect(sunday.contain(try time("2026-11-23T01:59:00Z")))
        #expect(!sunday.contain(try time("2026-11-23T02:00:00Z")))
    }

    @Test(
        "When clocks are turned forward, hours that fall into the gap begin behind it or not at all"
    )
    func springForward() throws {
        let across = RunningHours(from: 135, to: 195, days: [], timeZone: "Europe/Berlin")
        let within = RunningHours(from: 120, to: 180, days: [], timeZone: "Europe/Berlin")
        let midnight = try time("2026-03-28T23:00:00Z")

        #expect(across.nextOpening(after: midnight) == (try time("2026-03-29T01:00:00Z")))
        #expect(within.nextOpening(after: midnight) == (try time("2026-03-30T00:00:00Z")))
    }

    @Test("When clocks are turned back, an hour that comes twice counts twice")
    func fallBack() throws {
        let hours = RunningHours(from: 120, to: 180, days: [], timeZone: "Europe/Berlin")

        #expect(hours.contain(try time("2026-10-25T00:30:00Z")))
        #expect(hours.contain(try time("2026-10-25T01:30:00Z")))
        #expect(!hours.contain(try time("2026-10-25T02:00:00Z")))
    }

    @Test("Hours on days that don't come never begin")
    func never() throws {
        let hours = RunningHours(from: 60, to: 120, days: [9], timeZone: "UTC")

        #expect(!hours.contain(try time("2026-11-22T01:30:00Z")))
        #expect(hours.nextOpening(after: try time("2026-11-22T01:30:00Z")) == nil)
    }
}
