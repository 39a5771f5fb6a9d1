import ArgumentParser
import SkepCore
import SkepQueue
import SkepQueueSQLite

/// What jobs can be chosen by.
struct JobConditions: ParsableArguments {
    @Option(help: ArgumentHelp("Only jobs of this queue.", valueName: "name"))
    var queue: String?
    @Option(help: ArgumentHelp("Only jobs of this kind.", valueName: "name"))
    var kind: String?
    @Option(help: ArgumentHelp("Only jobs with this concurrency key.", valueName: "key"))
    var key: String?
    @Option(help: ArgumentHelp("Only jobs with this tag.", valueName: "tag"))
    var tag: String?
    @Option(
        help: ArgumentHelp(
            "Only jobs whose last failure is of this kind, such as timed_out.", valueName: "kind"))
    var failure: String?

    var isEmpty: Bool {
        queue == nil && kind == nil && key == nil && tag == nil && failure == nil
    }

    /// - Throws: `ProgramError` when there is no such queue.
    func filter(
        in store: SQLiteQueueStore, states: Set<Job.State>?, isHeld: Bool? = nil,
        limit: Int = 500, before: JobID? = nil
    ) async throws -> JobFilter {
        var name: QueueName?
        if let queue { name = try await store.queue(named: queue) }
        return JobFilter(
            queue: name, kind: kind.map(JobKind.init(rawValue:)),
            states: states, concurrencyKey: key.map(ConcurrencyKey.init(rawValue:)), tag: tag,
            isHeld: isHeld, failureKind: failure, limit: limit, before: before)
    }
}

/// Jobs by their numbers, or all that meet conditions.
struct JobSelection: ParsableArguments {
    @Argument(help: "The jobs' numbers.")
    var jobs: [JobID] = []
    @Flag(help: "All such jobs, whatever their queue and kind.")
    var all = false
    @OptionGroup(title: "Conditions, in place of numbers") var conditions: JobConditions

    func validate() throws {
        guard jobs.isEmpty else {
            guard conditions.isEmpty, !all else {
                throw ValidationError("name jobs by number or by conditions, not both")
            }
            return
        }
        guard all || !conditions.isEmpty else {
            throw ValidationError(
                "name the jobs by number, or say which: --queue, --kind, --key, --tag, --failure "
                    + "or --all")
        }
    }

    /// All jobs that meet the conditions now, a page at a time, the newest first.
    ///
    /// - Parameter body: What is done with each page, given as a filter that means it; answers with
    ///   the jobs for which it was done.
    func eachPage(
        of states: Set<Job.State>, in store: SQLiteQueueStore,
        _ body: (JobFilter) async throws -> [JobID]
    ) async throws -> [JobID] {
        var done: [JobID] = []
        var filter = try await conditions.filter(in: store, states: states)
        while let last = try await store.jobs(matching: filter).last {
            done += try await body(filter)
            filter.before = last.id
        }
        return done
    }
}
