/// A job that must be finished before another one.
public enum Dependency: Sendable, Hashable {
    /// A job that is in the queue already, finished or not.
    case job(JobID)
    /// A job of the same call of `enqueue`, by its position there; an earlier one.
    case earlier(Int)
}

/// Which outcomes of its dependencies let a job run.
///
/// It waits until all of them are finished, and then runs as soon as its own time has come. When
/// what it needs can't come any more it is cancelled at once, and with it what needs this job.
///
/// Should somebody retry a dependency, those wait for it again that were cancelled because of it or
/// still wait for others; nothing is taken back from a job that waits no longer. A waiting job that
/// is retried itself depends on nothing any more.
public enum DependencyCondition: String, Sendable, Codable, CaseIterable {
    /// All have succeeded. When one dies or is cancelled, this job is cancelled at once.
    case succeeded
    /// Any: what must be done in any case.
    case finished
    /// At least one died or was cancelled: an error handler. When all have succeeded it is
    /// cancelled.
    case failed
}

/// What a dependency has left behind for the job that waited for it.
public struct DependencyOutcome: Sendable, Hashable {
    public let job: JobID
    /// `succeeded`, `dead` or `cancelled`.
    public let state: Job.State
    public let result: [UInt8]?
    /// The last failure of one that is dead.
    public let failure: Failure?

    public init(job: JobID, state: Job.State, result: [UInt8]?, failure: Failure?) {
        self.job = job
        self.state = state
        self.result = result
        self.failure = failure
    }
}

/// Who waits for whom.
public struct JobRelations: Sendable, Hashable {
    /// What the job waits for or waited for, in the order in which they were named.
    public let dependencies: [JobID]
    /// Those that wait or waited for it, in the order of their numbers.
    public let dependents: [JobID]

    public init(dependencies: [JobID], dependents: [JobID]) {
        self.dependencies = dependencies
        self.dependents = dependents
    }
}

/// Keeps which jobs wait for which.
public protocol FlowStore: Sendable {
    /// What the dependencies of a job have left behind, in the order in which they were named.
    ///
    /// Results stay at least until the jobs that depend on them are finished.
    func dependencyOutcomes(of id: JobID) async throws -> [DependencyOutcome]

    func relations(of id: JobID) async throws -> JobRelations
}

extension NewJob {
    /// On how many jobs one may depend: 10,000.
    public static let maxDependencies = 10_000
}
