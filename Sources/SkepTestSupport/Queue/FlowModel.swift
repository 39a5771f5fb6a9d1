internal import SkepQueue

/// Jobs that depend on each other, so simple that one sees that it is right: after each event the
/// rules are applied to all jobs until nothing changes any more.
struct FlowModel {
    struct Entry {
        let id: JobID
        let condition: DependencyCondition
        let dependencies: Set<JobID>
        var state: State
    }

    enum State: Equatable {
        /// For others.
        case waits
        case ready, succeeded, dead
        case cancelled(byItself: Bool)
    }

    private(set) var entries: [JobID: Entry] = [:]

    func state(of id: JobID) -> Job.State? {
        switch entries[id]?.state {
        case .waits: .scheduled
        case .ready: .ready
        case .succeeded: .succeeded
        case .dead: .dead
        case .cancelled: .cancelled
        case nil: nil
        }
    }

    func unmet(of id: JobID) -> Int {
        guard let entry = entries[id], entry.state == .waits else { return 0 }
        return states(entry).count { !$0.isFinished }
    }

    /// A job that has just been enqueued.
    mutating func insert(_ id: JobID, _ dependencies: [JobID], _ condition: DependencyCondition) {
        entries[id] = Entry(
            id: id, condition: condition, dependencies: Set(dependencies),
            state: dependencies.isEmpty ? .ready : .waits)
        settleDown()
    }

    mutating func end(_ id: JobID, as state: Job.State) {
        entries[id]?.state =
            switch state {
            case .succeeded: .succeeded
            case .dead: .dead
            default: .cancelled(byItself: true)
            }
        settleDown()
    }

    /// - Returns: Whether it can be retried.
    mutating func retry(_ id: JobID) -> Bool {
        guard let state = entries[id]?.state, state != .succeeded else { return false }
        entries[id]?.state = .ready
        settleDown()
        return true
    }

    private mutating func settleDown() {
        while let (id, state) = entries.values.lazy.compactMap(next).first {
            entries[id]?.state = state
        }
    }

    private func next(_ entry: Entry) -> (JobID, State)? {
        let states = states(entry)
        let areAllFinished = states.allSatisfy(\.isFinished)
        let hasOneFailed = states.contains { $0.isFinished && $0 != .succeeded }
        switch (entry.state, entry.condition) {
        case (.waits, .succeeded) where hasOneFailed: return (entry.id, .cancelled(byItself: false))
        case (.waits, .failed) where areAllFinished && !hasOneFailed:
            return (entry.id, .cancelled(byItself: false))
        case (.waits, _) where areAllFinished: return (entry.id, .ready)
        case (.cancelled(byItself: false), .succeeded) where !hasOneFailed:
            return (entry.id, .waits)
        default: return nil
        }
    }

    private func states(_ entry: Entry) -> [FlowModel.State] {
        entry.dependencies.compactMap { entries[$0]?.state }
    }
}

extension FlowModel.State {
    fileprivate var isFinished: Bool {
        switch self {
        case .waits, .ready: false
        case .succeeded, .dead, .cancelled: true
        }
    }
}
