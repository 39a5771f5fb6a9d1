internal import GRDB
internal import SkepQueue

/// How the jobs stand that a job depends on, and what that means for it.
struct Prerequisites {
    let condition: DependencyCondition
    /// In the order in which they were named, each once.
    private(set) var jobs: [JobID] = []
    /// How many of them aren't finished.
    private(set) var unmet = 0
    private var firstFailed: (JobID, Job.State)?

    init(_ condition: DependencyCondition) {
        self.condition = condition
    }

    mutating func add(_ job: JobID, _ state: Job.State) {
        jobs.append(job)
        if !state.isFinished {
            unmet += 1
        } else if state != .succeeded, firstFailed == nil {
            firstFailed = (job, state)
        }
    }

    /// Why the job can't run any more; `nil` when it can, or there is nothing that it depends on.
    var hindrance: Hindrance? {
        switch condition {
        case .succeeded: firstFailed.map(Hindrance.init)
        case .finished: nil
        case .failed:
            unmet == 0 && firstFailed == nil && !jobs.isEmpty ? .allSucceeded : nil
        }
    }
}

/// Why a job is cancelled because of what became of those it depends on.
struct Hindrance {
    /// The one to blame. When that one is retried, the job waits again.
    let job: JobID?
    let reason: String

    /// A job that had to succeed has ended otherwise.
    init(_ job: JobID, _ state: Job.State) {
        self.job = job
        reason = "Job \(job), on which it depends, \(state.predicate)."
    }

    private init(reason: String) {
        job = nil
        self.reason = reason
    }

    /// An error handler isn't needed.
    static let allSucceeded = Hindrance(reason: "All jobs on which it depends have succeeded.")
}

extension QueueTransaction {
    /// Checks that what new jobs depend on is there.
    ///
    /// - Parameter jobs: All jobs of the call, in order.
    /// - Throws: `QueueError.invalidJob`.
    func checkDependencies(of jobs: [NewJob]) throws {
        for (position, job) in jobs.enumerated() {
            let count = job.dependencies.count
            guard count <= NewJob.maxDependencies else {
                throw QueueError.invalidJob(
                    job.kind,
                    reason: "It depends on \(count) jobs; \(NewJob.maxDependencies) are allowed.")
            }
            for dependency in job.dependencies {
                try check(dependency, of: job.kind, at: position)
            }
        }
    }

    private func check(_ dependency: Dependency, of kind: JobKind, at position: Int) throws {
        switch dependency {
        case .earlier(let earlier):
            guard (0..<position).contains(earlier) else {
                throw QueueError.invalidJob(
                    kind,
                    reason: "It is at position \(position) of its call and depends on position "
                        + "\(earlier), which isn't an earlier one.")
            }
        case .job(let id):
            guard try state(of: id) != nil else {
                throw QueueError.invalidJob(
                    kind, reason: "There is no job \(id), on which it depends.")
            }
        }
    }

    /// What a new job depends on.
    ///
    /// - Parameter earlier: The jobs before it in the same call, in order.
    func prerequisites(of job: NewJob, earlier: [JobID]) throws -> Prerequisites {
        var prerequisites = Prerequisites(job.condition)
        var seen: Set<JobID> = []
        for dependency in job.dependencies {
            let id =
                switch dependency {
                case .job(let id): id
                case .earlier(let position): earlier[position]
                }
            guard seen.insert(id).inserted, let state = try state(of: id) else { continue }
            prerequisites.add(id, state)
        }
        return prerequisites
    }

    /// Writes down what a new job depends on; cancels it when it can't run any more.
    ///
    /// The job is there already, with `unmet` and `runs_when` as its prerequisites say, and
    /// scheduled unless `unmet` is 0.
    func connect(_ id: JobID, _ prerequisites: Prerequisites) throws {
        for (position, dependency) in prerequisites.jobs.enumerated() {
            try run(
                "INSERT INTO job_dependency (job, position, dependency) VALUES (?, ?, ?)",
                [id.rawValue, position, dependency.rawValue])
        }
        if let hindrance = prerequisites.hindrance { try cancel(new: id, because: hindrance) }
    }

    /// What a job that is in the queue depends on. Those that were removed since don't count.
    func prerequisites(of id: JobID, _ condition: DependencyCondition) throws -> Prerequisites {
        var prerequisites = Prerequisites(condition)
        let rows = try fetchRows(
            """
            SELECT dependency, state
              FROM job_dependency
              JOIN job ON job.id = dependency
             WHERE job = ?
             ORDER BY position
            """,
            [id.rawValue])
        for row in rows {
            guard let state = Job.State(rawValue: row[1]) else { continue }
            prerequisites.add(JobID(rawValue: row[0]), state)
        }
        return prerequisites
    }

    private func state(of id: JobID) throws -> Job.State? {
        try fetchRow("SELECT state FROM job WHERE id = ?", [id.rawValue])
            .flatMap { Job.State(rawValue: $0[0]) }
    }
}
