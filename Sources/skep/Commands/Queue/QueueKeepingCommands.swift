import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct QueuePrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove finished jobs with all that is known of them",
        discussion: """
            Dead jobs are only removed where they are named. What unfinished jobs depend on stays. \
            Runs, trajectories and branches aren't touched.

            Example: skep queue prune --older-than 30d --yes
            Example: skep queue prune --only dead --failure timed_out --dry-run
            """)

    @Option(
        help: ArgumentHelp("Only what was finished longer ago, such as 30d.", valueName: "age"),
        transform: Age.init)
    var olderThan: Age?
    @Option(help: ArgumentHelp("Only jobs in this state; may be given again.", valueName: "state"))
    var only: [Job.State] = []
    @OptionGroup var conditions: JobConditions
    @Flag(help: "Say how many would be removed, and remove nothing.")
    var dryRun = false
    @Flag(name: .shortAndLong, help: "Don't ask.")
    var yes = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let state = only.first(where: { !$0.isFinished }) {
            throw ValidationError("only finished jobs can be removed, not \(state.rawValue) ones")
        }
    }

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let console = common.console()
        var filter = try await conditions.filter(
            in: store, states: only.isEmpty ? [.succeeded, .cancelled] : Set(only))
        filter.finishedUntil = olderThan.map { SystemClock().now - $0.length }
        if dryRun {
            let count = try await self.count(filter, in: store)
            console.say("\(Phrase.count(count, "job")) would be removed.")
            return document(count, on: console)
        }
        if !yes { try Confirmation.ask("Remove these jobs for good?", console) }
        var removed = 0
        while true {
            let more = try await store.prune(matching: filter)
            guard more > 0 else { break }
            removed += more
        }
        console.say("\(Phrase.count(removed, "job is", "jobs are")) removed.")
        document(removed, on: console)
    }

    private func document(_ count: Int, on console: Console) {
        guard console.isJSON else { return }
        console.show(.object(["jobs": .number(count), "is_dry_run": .boolean(dryRun)]))
    }

    private func count(_ filter: JobFilter, in store: SQLiteQueueStore) async throws -> Int {
        var filter = filter
        var count = 0
        while true {
            let page = try await store.jobs(matching: filter)
            guard let last = page.last else { return count }
            count += page.count
            filter.before = last.id
        }
    }
}

struct QueueBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database to a file, while everything goes on",
        discussion: """
            The copy has queue, runs and the index of trajectories; the trajectories themselves and \
            the repositories are folders beside it. It is complete when it appears under its name.

            Example: skep queue backup /backup/skep.sqlite --overwrite
            """)

    @Argument(help: "The new file.", completion: .file())
    var path: String
    @Flag(help: "Replace a copy that is there.")
    var overwrite = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let surroundings = Surroundings.current()
        let target = surroundings.path(path, in: surroundings.workingFolder)
        guard overwrite || access(target, F_OK) != 0 else {
            throw ProgramError(
                .conflict, "There is a file \"\(target)\" already.",
                advice: "Name another, or say --overwrite.")
        }
        let report = try await store.backUp(to: target, overwriting: overwrite)
        let console = common.console()
        console.say("Copied to \(report.path), \(TimeText.bytes(Int64(report.bytes))).")
        if console.isJSON {
            console.show(
                .object(["path": .text(report.path), "bytes": .number(report.bytes)]))
        }
    }
}

struct QueueCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Look whether the database is whole and agrees with itself",
        discussion: """
            Reads all of it and changes nothing; everything may go on meanwhile. Exits with 1 when \
            something is wrong.

            Example: skep queue check --thorough
            """)

    @Flag(help: "Compare the indexes with their tables, too; takes longer.")
    var thorough = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let report = try await store.check(isThorough: thorough)
        let console = common.console()
        if console.isJSON {
            console.show(
                .object([
                    "is_thorough": .boolean(thorough),
                    "problems": .list(report.problems.map { .text($0) }),
                ]))
        } else if report.isSound {
            console.say("The database is whole.")
        } else {
            for problem in report.problems { console.output.line(PlainText.line(problem)) }
        }
        guard report.isSound else {
            console.note(
                "\"skep queue backup\" saves what can be read; restore from an older copy.")
            throw ExitCode(1)
        }
    }
}
