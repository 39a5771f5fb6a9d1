import Synchronization

/// Decides which requests a plan of faults hits.
final class FaultInjector: Sendable {
    let plan: FaultPlan
    private let patterns: [Glob?]
    /// How many requests each rule was for so far.
    private let counts: Mutex<[Int]>

    init(_ plan: FaultPlan) {
        self.plan = plan
        patterns = plan.rules.map { $0.path.map(Glob.init) }
        counts = Mutex(Array(repeating: 0, count: plan.rules.count))
    }

    /// The faults of a request to a path below /api/v1.
    func faults(method: String, path: [String]) -> Set<FaultPlan.Kind> {
        guard !plan.rules.isEmpty else { return [] }
        let text = path.joined(separator: "/")
        let isWrite = method != "GET" && method != "HEAD"
        var found: Set<FaultPlan.Kind> = []
        for (index, rule) in plan.rules.enumerated() {
            if rule.kind == .errorAfterWrite, !isWrite { continue }
            if rule.kind == .repeatPage, isWrite { continue }
            if let wanted = rule.method, wanted != method { continue }
            if let pattern = patterns[index], !pattern.matches(text) { continue }
            let count = counts.withLock { counts in
                counts[index] += 1
                return counts[index]
            }
            let isHit =
                switch rule.amount {
                case .first(let limit): count <= limit
                case .rate(let rate): draw(rule: index, count: count) < rate
                }
            if isHit { found.insert(rule.kind) }
        }
        return found
    }

    /// A number from 0 up to 1 that depends on nothing but the seed, the rule and the count
    /// (SplitMix64).
    private func draw(rule: Int, count: Int) -> Double {
        var value =
            plan.seed &+ UInt64(rule + 1) &* 0xD1B5_4A32_D192_ED03
            &+ UInt64(count) &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((value ^ (value >> 31)) >> 11) * 0x1p-53
    }
}
