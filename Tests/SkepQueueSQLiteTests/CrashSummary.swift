import SkepQueue

/// What a storm of kills came to.
struct CrashSummary: CustomStringConvertible {
    let seed: UInt64
    var kills: [CrashStorm.Role: Int] = [:]
    var stops = 0
    var poison: [JobID] = []
    var poisonings = 0
    var acknowledged = 0
    var begun = 0
    /// How many jobs are in each state.
    var jobs: [Job.State: Int] = [:]
    var settledTwice = 0
    var ticks = 0
    var steps = 0
    var uniqueKeys = 0
    var uniqueAnswers = 0
    /// In microseconds, the shortest first.
    var recoveries: [Int64] = []
    var length = Duration.zero
    /// What was wrong, in words.
    var problems: [String] = []
    /// Where it can be looked at.
    var folder: String?

    init(seed: UInt64) { self.seed = seed }

    var killed: Int { kills.values.reduce(0, +) }

    mutating func note(_ history: CrashHistory) {
        poisonings = history.poisonings
        acknowledged = history.enqueued.count
        begun = history.attempts.count
        settledTwice = history.settledTwice.count
        steps = history.stepRecords.count
        uniqueKeys = history.unique.count
        uniqueAnswers = history.uniqueAnswers
        recoveries = history.recoveries
    }

    var description: String {
        let roles = kills.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let lost = problems.filter { $0.hasSuffix("was lost.") }.count
        let states = Job.State.allCases.compactMap { state in
            jobs[state].flatMap { $0 > 0 ? "\($0) \(state)" : nil }
        }
        let lines = [
            ("seed", "\(seed), \(length.milliseconds / 1000) s"),
            ("kills", "\(killed): \(roles)"),
            ("", "\(poisonings) by \(poison.count) poison jobs; \(stops) workers stopped"),
            ("enqueued", "\(acknowledged) acknowledged, \(begun) attempts begun"),
            ("jobs", states.joined(separator: ", ")),
            ("lost", "\(lost)"),
            ("settled twice", "\(settledTwice)"),
            ("ticks", "\(ticks), each once"),
            ("steps", "\(steps), none done again"),
            ("unique keys", "\(uniqueKeys), asked for \(uniqueAnswers) times"),
            ("recovery", recovery),
            ("integrity", problems.isEmpty ? "ok" : "see below"),
        ]
        let table = lines.map { name, value in
            "  " + name.padding(to: 15) + value
        }
        let end = problems.map { "  wrong: \($0)" } + (folder.map { ["  kept: \($0)"] } ?? [])
        return (["The storm of kills:"] + table + end).joined(separator: "\n")
    }

    private var recovery: String {
        func share(_ part: Double) -> String {
            let index = Int((Double(recoveries.count - 1) * part).rounded())
            return "\(Double(recoveries[index] / 100) / 10) ms"
        }
        guard !recoveries.isEmpty else { return "none was needed" }
        return "p50 \(share(0.5)), p99 \(share(0.99)), longest \(share(1)) of \(recoveries.count)"
    }
}

extension String {
    fileprivate func padding(to length: Int) -> String {
        self + String(repeating: " ", count: max(length - count, 1))
    }
}
