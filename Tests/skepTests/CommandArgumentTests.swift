import ArgumentParser
import SkepCore
import SkepForge
import SkepQueue
import Testing

@testable import skep

@Suite struct CommandArgumentTests {
    @Test("A time of day means the next one")
    func timeOfDay() throws {
        let utc = ScheduleTimeZone.utc

        #expect(
            try TimeOfDay("14:14").next(after: goldenNow, in: utc) == goldenNow + .seconds(40))
        #expect(
            try TimeOfDay("06:00").next(after: goldenNow, in: utc)
                == goldenNow + .seconds(15 * 3600 + 46 * 60 + 40))
        #expect(try TimeOfDay("6:05") == TimeOfDay("06:05"))
    }

    @Test(
        "What is no time of day is refused",
        arguments: [
            "25:00", "24:00", "6", "06:60", "06:5", "", "x:00", "-1:00", "06:00:00", "+6:00",
        ])
    func wrongTimeOfDay(text: String) {
        #expect(throws: ValidationError.self) { try TimeOfDay(text) }
    }

    @Test("An age has a unit")
    func age() throws {
        #expect(try Age("180d").length == .seconds(180 * 86_400))
        #expect(try Age("2w") == Age("14d"))
        #expect(try Age("12h").length == .seconds(43_200))
        for text in ["", "d", "5", "+5d", "0d", "-1d", "1.5d", "5y", "100001d"] {
            #expect(throws: ValidationError.self) { try Age(text) }
        }
    }

    @Test("A list in one argument has each word once, and isn't empty")
    func words() throws {
        #expect(try CommandLists.words("a, b,,a c", of: "--to") == ["a", "b", "c"])
        #expect(try CommandLists.words(nil, of: "--to") == [])
        #expect(throws: ValidationError.self) { try CommandLists.words(" , ", of: "--to") }
    }

    @Test("The help of \"forge serve\" names every quirk")
    func quirks() throws {
        let names = ForgeServe.quirkNames.filter { $0 != " " }

        #expect(try GiteaQuirks(parsing: names) == .all)
    }
}

@Suite struct LocalTimeTests {
    private let berlin = LocalTime(named: "Europe/Berlin")

    @Test("Times are those of the zone's clocks, in summer and in winter")
    func zones() {
        #expect(berlin.second(goldenNow) == "16:13:20")
        #expect(berlin.minute(goldenNow + .seconds(90 * 86_400)) == "15:13")
        #expect(LocalTime(named: "Nowhere/At_All").minute(goldenNow) == "14:13")
    }

    @Test("A day is told with its name")
    func days() {
        #expect(berlin.dayAndMinute(goldenNow) == "Mon 2026-09-21 16:13")
        #expect(
            LocalTime(named: "UTC").dayAndMinute(Timestamp(milliseconds: -1))
                == "Wed 1969-12-31 23:59")
        #expect(
            LocalTime(named: "UTC").dayAndMinute(Timestamp(milliseconds: 0))
                == "Thu 1970-01-01 00:00")
    }

    @Test("What is near is told briefly")
    func brief() {
        #expect(berlin.brief(goldenNow + .seconds(3600), at: goldenNow) == "17:13")
        #expect(berlin.brief(goldenNow + .seconds(2 * 86_400), at: goldenNow) == "Wed 16:13")
        #expect(
            berlin.brief(goldenNow + .seconds(7 * 86_400), at: goldenNow) == "Mon 2026-09-28 16:13")
    }
}

@Suite struct NarrowTableTests {
    private var table: Table {
        var table = Table([
            .fixed("RUN"), .flexible("AGENT"), .optional("STEP"), .optional("TITLE"),
        ])
        table.add(["1", "claude", "work", "A title that is long"])
        return table
    }

    @Test("Optional columns go where there is no room for them, the last first")
    func optional() {
        #expect(
            table.lines(width: 27) == ["RUN  AGENT   STEP  TITLE", "1    claude  work  A title…"])
        #expect(table.lines(width: 20) == ["RUN  AGENT   STEP", "1    claude  work"])
        #expect(table.lines(width: 12) == ["RUN  AGENT", "1    claude"])
        #expect(table.lines(width: 3) == ["RUN  AGENT", "1    claude"])
    }

    @Test("What is of no use when it is cut is left out whole")
    func whole() {
        var table = Table([.fixed("PULL"), .flexible("STANDS"), .whole("WHERE")])
        table.add(["#41", "waits for a review", "https://git.example.org/41"])

        #expect(table.lines(width: 52)[1].hasSuffix("https://git.example.org/41"))
        #expect(table.lines(width: 51)[1] == "#41   waits for a review")
    }

    @Test("Tables of the same columns stand in line")
    func inLine() {
        var other = Table(table.columns)
        other.add(["12345", "a-long-name", "-", "-"])

        #expect(
            table.lines(width: nil, inLineWith: [other])[0] == "RUN    AGENT        STEP  TITLE")
    }
}
