public import SkepQueue

/// Random jobs that depend on each other, with random ends, retries and cancellations, compared
/// step by step with a model.
///
/// The same seed gives the same series. The store must be new.
public struct FlowStorm {
    private let store: any QueueStore
    private var random: SeededGenerator
    private var model = FlowModel()
    private var ids: [JobID] = []

    public init(seed: UInt64, store: any QueueStore) {
        self.store = store
        random = SeededGenerator(seed: seed)
    }

    /// - Throws: `Unexpected` where the store differs from the model.
    public mutating func run(steps: Int) async throws {
        for step in 0..<steps {
            do {
                try await takeStep()
                try await compare()
            } catch let error as Unexpected {
                throw Unexpected("step \(step): \(error)")
            }
        }
    }

    private mutating func takeStep() async throws {
        switch Int.random(in: 0..<10, using: &random) {
        case ..<3: try await enqueue()
        case ..<7: try await end()
        case ..<9: try await retry()
        default: try await cancel()
        }
    }

    private mutating func enqueue() async throws {
        var jobs: [NewJob] = []
        for position in 0..<Int.random(in: 1...4, using: &random) {
            var job = NewJob("step")
            job.condition = DependencyCondition.allCases.randomElement(using: &random) ?? .finished
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                if position > 0, Bool.random(using: &random) {
                    job.dependencies.append(
                        .earlier(Int.random(in: 0..<position, using: &random)))
                } else if let known = ids.suffix(12).randomElement(using: &random) {
                    job.dependencies.append(.job(known))
                }
            }
            jobs.append(job)
        }

        let new = try await store.enqueue(jobs).map(\.id)

        for (id, job) in zip(new, jobs) {
            let dependencies = job.dependencies.map { dependency in
                switch dependency {
                case .job(let id): id
                case .earlier(let position): new[position]
                }
            }
            model.insert(id, dependencies, job.condition)
        }
        ids += new
    }

    private mutating func end() async throws {
        let request = LeaseRequest(queue: "default", limit: 1, worker: "w")
        guard let lease = try await store.lease(request).first else { return }
        let (settlement, state): (Settlement, Job.State) =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: (.dead(Failure(kind: "storm", message: "as the seed says")), .dead)
            case 1: (.cancelled, .cancelled)
            default: (.succeeded(result: nil, next: []), .succeeded)
            }
        try expectEqual(model.state(of: lease.job.id), .ready, "leased job \(lease.job.id)")
        try await store.settle(lease.token, as: settlement)
        model.end(lease.job.id, as: state)
    }

    private mutating func retry() async throws {
        guard let id = ids.suffix(20).randomElement(using: &random) else { return }
        let isAllowed = model.retry(id)
        do {
            try await store.retry(id)
            try expect(isAllowed, "a retry of job \(id) to be refused")
        } catch QueueError.notRetryable {
            try expect(!isAllowed, "a retry of job \(id)")
        }
    }

    private mutating func cancel() async throws {
        guard let id = ids.suffix(20).randomElement(using: &random) else { return }
        if try await store.cancel(id) == .cancelled { model.end(id, as: .cancelled) }
    }

    private func compare() async throws {
        for job in try await store.jobs(matching: JobFilter(limit: 60)) {
            try expectEqual(job.state, model.state(of: job.id), "state of job \(job.id)")
            guard job.state == .scheduled || job.state == .ready else { continue }
            try expectEqual(
                job.unmetDependencies, model.unmet(of: job.id), "unmet of job \(job.id)")
        }
    }
}
