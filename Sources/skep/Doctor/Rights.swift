import SkepCore

/// What Skep's account may not do in a repository, and what that is needed for.
struct Rights {
    private let repository: RepositoryName
    private let tracker: any Tracker
    /// Whether the configuration says who may give commands.
    private let namesUsers: Bool

    init(_ repository: RepositoryName, _ tracker: any Tracker, namesUsers: Bool) {
        self.repository = repository
        self.tracker = tracker
        self.namesUsers = namesUsers
    }

    func findings() async -> [Diagnosis] {
        let subject = "rights in \(repository)"
        do {
            let rights = try await tracker.rights(in: repository)
            let wanted = rights.filter { Self.isEssential($0) || !namesUsers }
            let missing = wanted.filter { $0.isGranted == false }.map { right in
                Diagnosis(
                    subject, Self.isEssential(right) ? .fail : .warn,
                    "The token lacks \(right.name), needed \(right.purpose).",
                    advice: right.advice)
            }
            guard missing.allSatisfy({ $0.verdict == .warn }) else { return missing }
            let unknown = Set(rights.filter { $0.isGranted == nil }.map(\.name)).sorted()
            let granted = Set(rights.filter { $0.isGranted == true }.map(\.name)).sorted()
            let suffix = unknown.isEmpty ? "" : "; can't be tried: \(Phrase.list(unknown, "and"))"
            return [Diagnosis(subject, .ok, Phrase.list(granted, "and") + suffix)] + missing
        } catch {
            return [Diagnosis(subject, of: error)]
        }
    }

    /// Without the others nothing can be done; this one only lets more people give commands, and
    /// dispatch.allowed_users does that as well.
    private static func isEssential(_ right: TrackerRight) -> Bool {
        !right.name.hasPrefix("admin access")
    }
}
