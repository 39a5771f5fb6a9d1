internal import GRDB
public import SkepQueue

/// How many jobs are looked at between two transactions, so that others get their turn between.
let matchingBatch = 500

/// What became of the newest jobs that a filter means.
struct MatchedPage: Sendable {
    /// Those with which something was done, the newest first.
    var done: [JobID] = []
    /// What the first job was refused with of which nothing was done.
    var refusal: (any Error)?
    /// The jobs that come after these; `nil` when there are none, or as many are done as shall be.
    var rest: JobFilter?

    mutating func add(_ page: MatchedPage) {
        done += page.done
        refusal = refusal ?? page.refusal
        rest = page.rest
    }

    /// - Throws: What the first job was refused with, when nothing was done with any.
    func get() throws -> [JobID] {
        if done.isEmpty, let refusal { throw refusal }
        return done
    }
}

extension QueueTransaction {
    /// Cancels jobs, as `QueueStore.cancel(matching:)` does, in this transaction.
    public func cancel(matching filter: JobFilter) throws -> [JobID] {
        try allPages(of: filter, cancelPage)
    }

    /// Retries jobs, as `QueueStore.retry(matching:)` does, in this transaction.
    public func retry(matching filter: JobFilter) throws -> [JobID] {
        try allPages(of: filter, retryPage)
    }

    /// Removes jobs, as `QueueStore.prune(matching:)` does, in this transaction.
    public func prune(matching filter: JobFilter) throws -> Int {
        try allPages(of: filter, prunePage).count
    }

    private func allPages(
        of filter: JobFilter, _ page: (JobFilter) throws -> MatchedPage
    ) throws -> [JobID] {
        var all = MatchedPage(rest: filter)
        while let next = all.rest { all.add(try page(next)) }
        return try all.get()
    }
}

extension QueueTransaction {
    /// Those whose holder was told before aren't told again: whoever calls until nothing is left
    /// comes to an end.
    func cancelPage(_ filter: JobFilter) throws -> MatchedPage {
        let selection = JobSelection(
            filter, among: [.scheduled, .ready, .leased],
            extra: ["(job.state <> 'leased' OR job.cancel_requested = 0)"])
        return try page(of: filter, selection) { id in
            switch try cancel(id) {
            case .cancelled, .requested: true
            case .alreadyFinished: false
            }
        }
    }

    /// Those that were cancelled because of another job are left to that one: retried by
    /// themselves, they wouldn't wait for it.
    func retryPage(_ filter: JobFilter) throws -> MatchedPage {
        let selection = JobSelection(
            filter, among: [.dead, .cancelled], extra: ["job.cancelled_by IS NULL"])
        return try page(of: filter, selection) { id in
            // One that was revived with a job before it on the page isn't finished any more.
            guard let job = try job(id), job.state.isFinished, try twin(of: job) == nil
            else { return false }
            try makeReady(job)
            return true
        }
    }

    func prunePage(_ filter: JobFilter) throws -> MatchedPage {
        let selection = JobSelection(
            filter, among: [.succeeded, .dead, .cancelled], extra: [Self.isNotNeeded])
        return try page(of: filter, selection) { id in
            try remove(id)
            return true
        }
    }

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

    private func page(
        of filter: JobFilter, _ selection: JobSelection, _ act: (JobID) throws -> Bool
    ) throws -> MatchedPage {
        let limit = min(filter.limit, matchingBatch)
        let ids = try selection.fetch(database, limit: limit)
        var page = MatchedPage()
        for id in ids {
            do {
                // Each by itself: a follower that refuses one must not keep the others.
                if try savepoint("matched", { try act(id) }) { page.done.append(id) }
            } catch {
                guard database.isInsideTransaction else { throw error }
                page.refusal = page.refusal ?? error
            }
        }
        if ids.count == limit, let last = ids.last, page.done.count < filter.limit {
            var rest = filter
            rest.before = last
            rest.limit -= page.done.count
            page.rest = rest
        }
        return page
    }
}
