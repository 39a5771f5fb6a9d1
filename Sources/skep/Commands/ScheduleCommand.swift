import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite

/// `skep schedule …`: when workflows begin by themselves.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Look at schedules, pause them, or begin one now",
        discussion: """
            A schedule stands in a workflow's file: schedule: {cron: "0 22 * * 1-5", time_zone: \
            Europe/Berlin}. "skep serve" takes it over when it starts.

            Example: skep schedule next burndown
            """,
        subcommands: [
            ScheduleList.self, ScheduleNext.self, ScheduleRun.self, SchedulePause.self,
            ScheduleResume.self,
        ])
}

struct ScheduleList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the schedules with their last and next times",
        discussion: "Example: skep schedule list --json")

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let now = SystemClock().now
        common.console(quiet: quiet).show(
            try await queue.schedules(), id: { $0.schedule.name.rawValue }, json: \.json,
            table: { $0.table(now) },
            none: Schedules.none(common))
    }
}

struct ScheduleNext: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next", abstract: "Show the next times of a schedule",
        discussion: "Example: skep schedule next burndown -n 10")

    @Argument(help: "The schedule's name: its workflow's.")
    var name: String
    @Option(
        name: [.customShort("n"), .customLong("limit")],
        help: ArgumentHelp("So many times.", valueName: "count"))
    var limit = 5
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...1000).contains(limit) else {
            throw ValidationError("--limit must be 1 to 1000, not \(limit)")
        }
    }

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let status = try await Schedules.find(name, in: queue, common)
        let console = common.console()
        let now = SystemClock().now
        var times: [Timestamp] = []
        var last = now
        while times.count < limit, let next = status.schedule.timing.next(after: last) {
            times.append(next)
            last = next
        }
        if console.isJSON { return console.show(.list(times.map { .time($0) })) }
        if status.isPaused { console.note("It is paused: nothing happens at these times.") }
        guard !times.isEmpty else { return console.note("It never comes again.") }
        let zone = status.schedule.timing.cron?.timeZone
        let local = zone.map(LocalTime.init(named:)) ?? LocalTime()
        var table = Table([
            .fixed(zone.map { "TIME (\($0))" } ?? "TIME HERE"), .fixed("WHEN"),
            .whole("UTC"),
        ])
        for time in times {
            table.add([
                local.dayAndMinute(time), TimeText.relative(time, to: now), TimeText.rfc3339(time),
            ])
        }
        console.show(table)
    }
}

struct ScheduleRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Begin now what a schedule begins",
        discussion: """
            Its own times stay as they are.

            Example: skep schedule run burndown
            """)

    @Argument(help: "The schedule's name: its workflow's.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let state = try common.stateFolder()
        let queue = try await state.openQueue()
        let status = try await Schedules.find(name, in: queue, common)
        let job = try await queue.runSchedule(status.schedule.name)
        let console = common.console()
        if console.isJSON { return console.show(.object(["job_id": .id(job)])) }
        console.say("\(status.schedule.name) begins now: job \(job).")
        if ServeLock.holder(state) == nil {
            console.remarks.line(
                "No \"skep serve\" is running here: nothing goes on until one does.")
        }
    }
}

struct SchedulePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let a schedule's times pass without doing anything",
        discussion: "Example: skep schedule pause burndown")

    @Argument(help: "The schedule's name: its workflow's.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let status = try await Schedules.find(name, in: queue, common)
        try await queue.pauseSchedule(status.schedule.name)
        let console = common.console()
        if console.isJSON {
            return console.show(try await Schedules.find(name, in: queue, common).json)
        }
        console.say("\(status.schedule.name) is paused. \"skep schedule resume\" lets it go on.")
    }
}

struct ScheduleResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused schedule go on with its next time",
        discussion: "Example: skep schedule resume burndown")

    @Argument(help: "The schedule's name: its workflow's.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let status = try await Schedules.find(name, in: queue, common)
        try await queue.resumeSchedule(status.schedule.name)
        let resumed = try await Schedules.find(name, in: queue, common)
        let console = common.console()
        if console.isJSON { return console.show(resumed.json) }
        let now = SystemClock().now
        let next = resumed.nextTickAt.map { ", next \(TimeText.relative($0, to: now))" } ?? ""
        console.say("\(resumed.schedule.name) goes on\(next).")
    }
}

private enum Schedules {
    static func find(_ name: String, in queue: SQLiteQueueStore, _ common: CommonOptions)
        async throws -> ScheduleStatus
    {
        let all = try await queue.schedules()
        if let found = all.first(where: { $0.schedule.name.rawValue == name }) { return found }
        let names = all.map(\.schedule.name.rawValue)
        let isNew = configured(common).contains(name)
        throw ProgramError(
            .conflict, "There is no schedule \"\(name)\"" + (isNew ? " yet." : "."),
            why: isNew
                ? "Workflow \"\(name)\" has got one since \"skep serve\" started last."
                : nearest(to: name, among: names).map { "Did you mean \"\($0)\"?" },
            advice: isNew
                ? "\"skep serve\" takes it over when it starts; \"skep restart\" starts it anew."
                : names.isEmpty
                    ? "No workflow has one." : "\"skep schedule list\" shows those there are.")
    }

    /// Workflows whose files have a schedule; none where the configuration can't be read.
    static func configured(_ common: CommonOptions) -> [String] {
        let workflows = (try? House.read(common.layers()))?.workflows ?? []
        return workflows.filter { $0.schedule != nil }.map(\.name.rawValue)
    }

    /// Why there are none.
    static func none(_ common: CommonOptions) -> String {
        let names = configured(common)
        guard !names.isEmpty else {
            return "No workflow has a schedule. \"schedule:\" in its file gives it one."
        }
        return "\"skep serve\" takes over what the files say when it starts: "
            + Phrase.list(names, "and") + "."
    }
}

extension [ScheduleStatus] {
    func table(_ now: Timestamp, _ local: LocalTime = LocalTime()) -> Table {
        var table = Table([
            .flexible("SCHEDULE"), .flexible("TIMING"), .fixed("NEXT"), .whole("AT"),
            .fixed("LAST"), .whole("JOB"), .whole("SKIPPED"),
        ])
        for status in self {
            table.add([
                status.schedule.name.rawValue, status.schedule.timing.words,
                status.nextWords(now),
                status.nextTickAt.map { local.brief($0, at: now) } ?? "-",
                status.lastTickAt.map { TimeText.relative($0, to: now) } ?? "-",
                status.lastJob.map { "\($0.id) \($0.state?.rawValue ?? "gone")" } ?? "-",
                "\(status.skipped)",
            ])
        }
        return table
    }
}
