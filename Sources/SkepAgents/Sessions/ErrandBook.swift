/// What is done for an agent outside of its dialogue, by the keys of the wishes for it.
struct ErrandBook {
    private enum State {
        case underWay
        /// With the line to say.
        case done([UInt8])
    }
    typealias Errand = @Sendable (SessionWorkplace) async -> [UInt8]

    private var states: [String: State] = [:]

    /// Whether the agent waits for something that is done for it.
    var isAnyUnderWay: Bool {
        states.values.contains { if case .underWay = $0 { true } else { false } }
    }

    /// What is to be said, once that is known.
    func line(of key: String) -> [UInt8]? {
        if case .done(let line) = states[key] { return line }
        return nil
    }

    /// Notes the errands that are new as under way, and forgets those whose line the log shows as said.
    ///
    /// - Returns: The new ones, to be done.
    mutating func begin(_ wishes: [Wish]) -> [(key: String, errand: Errand)] {
        var wanted: Set<String> = []
        var begun: [(key: String, errand: Errand)] = []
        for case .perform(let key, let errand) in wishes {
            wanted.insert(key)
            guard states[key] == nil else { continue }
            states[key] = .underWay
            begun.append((key, errand))
        }
        states = states.filter { key, state in
            if case .underWay = state { true } else { wanted.contains(key) }
        }
        return begun
    }

    mutating func finish(_ key: String, with line: [UInt8]) { states[key] = .done(line) }
}
