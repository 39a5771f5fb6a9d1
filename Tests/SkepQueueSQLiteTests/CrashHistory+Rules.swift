/// What must hold of the journals alone.
extension CrashHistory {
    /// What is wrong, in words. All processes are dead.
    ///
    /// - Parameter limit: How many of a key, and of the semaphore, may run at once.
    func brokenRules(limit: Int) -> [String] {
        problems + settledTwice + overlaps(limit: limit) + repeatedSteps + dividedKeys
    }

    /// The attempts that finished a job, as acknowledged.
    var finishing: [AttemptID: String] {
        attempts.compactMapValues { $0.settled == "again" ? nil : $0.settled }
    }

    var settledTwice: [String] {
        Dictionary(grouping: finishing.keys, by: \.job).filter { $0.value.count > 1 }.map {
            "Job \($0.key) was finished by attempts \($0.value.map(\.number).sorted())."
        }
    }

    /// How long it took until a job whose holder was killed was run again, in microseconds.
    var recoveries: [Int64] {
        attempts.compactMap { id, attempt in
            let life = lives[attempt.life]
            let next = AttemptID(job: id.job, number: id.number + 1)
            guard attempt.ending == nil, life.stoppedAt == nil, let again = attempts[next] else {
                return nil
            }
            return again.at - life.diedAt
        }.sorted()
    }

    /// Two attempts at a job, or too many jobs of a key, or too many permits at the same time.
    ///
    /// What is reckoned is never longer than what was: from after the lease was given until before
    /// it was given up, or until the holder was last seen alive. Leases that may have run out in
    /// silence don't count.
    private func overlaps(limit: Int) -> [String] {
        var stays: [String: [(from: Int64, to: Int64)]] = [:]
        for (id, attempt) in attempts {
            let life = lives[attempt.life]
            guard life.role != .stoppable || attempt.settled != nil else { continue }
            let stay = (attempt.at, min(attempt.ending ?? .max, life.end))
            stays["Job \(id.job)", default: []].append(stay)
            if let key = attempt.key { stays["Key \(key)", default: []].append(stay) }
        }
        for permit in permits.values {
            stays["The semaphore", default: []].append(
                (permit.from, min(permit.to ?? .max, lives[permit.life].diedAt)))
        }
        return stays.compactMap { what, stays in
            let most = Self.mostAtOnce(stays)
            let allowed = what.hasPrefix("Job") ? 1 : limit
            return most > allowed ? "\(what) had \(most) holders at once." : nil
        }
    }

    private static func mostAtOnce(_ stays: [(from: Int64, to: Int64)]) -> Int {
        // At the same microsecond whoever leaves goes first.
        let steps = stays.filter { $0.from < $0.to }
            .flatMap { [($0.from, 1), ($0.to, -1)] }
            .sorted { $0 < $1 }
        var (now, most) = (0, 0)
        for (_, change) in steps {
            now += change
            most = max(most, now)
        }
        return most
    }

    /// Steps that a later attempt ran again though they were recorded.
    private var repeatedSteps: [String] {
        stepRecords.compactMap { step, recorded in
            let again = stepRuns[step, default: []].contains { $0 > recorded[0] }
            return again || recorded.count > 1 ? "Step \(step) was done twice." : nil
        }
    }

    private var dividedKeys: [String] {
        unique.filter { $0.value.count > 1 }.map {
            "Unique key \($0.key) was answered with jobs \($0.value.sorted())."
        }
    }
}
