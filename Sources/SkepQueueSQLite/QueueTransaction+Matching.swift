internal import GRDB
public import SkepQueue

/// Something that can be done with all jobs that a filter means.
struct MatchedAction: Sendable {
    /// Of which states a job must be.
    let states: Set<Job.State>
    /// What else must hold of it.
    let condition: String
    /// - Returns: Whether it was done.
    let act: @Sendable (JobID, QueueTransaction) throws -> Bool

    /// Those whose holder was told before aren't told again: whoever calls until nothing is left
    /// comes to an end.
    static let cancel = MatchedAction(
        states: [.scheduled, .ready, .leased],
        condition: "(job.state <> 'leased' OR job.cancel_requested = 0)"
    ) { id, transaction in
        _ = try transaction.cancel(id)
        return true
    }

    /// Those that were cancelled because of another job are left to that one: retried by
    /// themselves, they wouldn't wait for it.
    static let retry = MatchedAction(
        states: [.dead, .cancelled], condition: "job.cancelled_by IS NULL"
    ) { id, transaction in
        guard let job = try transaction.job(id), try transaction.twin(of: job) == nil else {
            return false
        }
        try transaction.makeReady(job)
        return true
    }

    static let prune = MatchedAction(
        states: [.succeeded, .dead, .cancelled], condition: QueueTransaction.isNotNeeded
    ) { id, transaction in
        try transaction.remove(id)
        return true
    }

    /// - Parameter job: Only this one, if it is meant.
    func selection(_ filter: JobFilter, only job: JobID? = nil) -> JobSelection {
        JobSelection(filter, among: states, extra: [condition], only: job)
    }
}

/// What became of jobs that a filter means.
struct Matched: Sendable {
    /// Those with which something was done, the newest first.
    var done: [JobID] = []
    /// What the first job was refused with of which nothing was done.
    var refusal: (any Error)?

    mutating func add(_ more: Matched) {
        done += more.done
        refusal = refusal ?? more.refusal
    }

    /// - Throws: What the first job was refused with, when nothing was done with any.
    func get() throws -> [JobID] {
        if done.isEmpty, let refusal { throw refusal }
        return done
    }

    /// The jobs that come after some that were found, in place of those that were refused.
    ///
    /// - Parameters:
    ///   - found: The newest ones that `page` means.
    ///   - page: What of `filter` they were looked for with.
    /// - Returns: `nil` when there are none, or as many are done as shall be.
    func rest(of filter: JobFilter, after found: [JobID], of page: JobFilter) -> JobFilter? {
        guard found.count == page.limit, done.count < filter.limit else { return nil }
        var rest = filter
        rest.before = found.last
        rest.limit = filter.limit - done.count
        return rest
    }
}

extension QueueTransaction {
    /// Cancels jobs, as `QueueStore.cancel(matching:)` does, in this transaction.
    public func cancel(matching filter: JobFilter) throws -> [JobID] {
        try all(filter, .cancel)
    }

    /// Retries jobs, as `QueueStore.retry(matching:)` does, in this transaction.
    public func retry(matching filter: JobFilter) throws -> [JobID] {
        try all(filter, .retry)
    }

    /// Removes jobs, as `QueueStore.prune(matching:)` does, in this transaction.
    public func prune(matching filter: JobFilter) throws -> Int {
        try all(filter, .prune).count
    }

    /// Looks for the jobs once, and goes through them: looked for in parts, they might have to be
    /// sorted for each part.
    private func all(_ filter: JobFilter, _ action: MatchedAction) throws -> [JobID] {
        var all = Matched()
        var next: JobFilter? = filter
        while let page = next {
            let found = try action.selection(page).fetch(database, limit: page.limit)
            all.add(try act(on: found[...], action, filter))
            next = all.rest(of: filter, after: found, of: page)
        }
        return try all.get()
    }

    /// Does something with jobs that were found, as far as they are still meant.
    func act(
        on found: ArraySlice<JobID>, _ action: MatchedAction, _ filter: JobFilter
    ) throws -> Matched {
        var matched = Matched()
        for id in found {
            let selection = action.selection(filter, only: id)
            do {
                // Each by itself: a follower that refuses one must not keep the others.
                let isDone = try savepoint("matched") {
                    try !selection.fetch(database, limit: 1).isEmpty && action.act(id, self)
                }
                if isDone { matched.done.append(id) }
            } catch {
                guard database.isInsideTransaction else { throw error }
                matched.refusal = matched.refusal ?? error
            }
        }
        return matched
    }
}

extension QueueTransaction {
    /// That no unfinished job depends on a job; served by job_dependency_dependents.
    static let isNotNeeded = """
        NOT EXISTS (SELECT 1
                      FROM job_dependency
                      JOIN job AS dependent ON dependent.id = job_dependency.job
                     WHERE job_dependency.dependency = job.id
                       AND dependent.state IN ('scheduled', 'ready', 'leased'))
        """

    /// Removes a finished job with all that is known of it.
    func remove(_ id: JobID) throws {
        try run("DELETE FROM job WHERE id = ?", [id.rawValue])
    }
}
