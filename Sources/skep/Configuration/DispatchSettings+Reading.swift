import SkepCore
import SkepEngine

extension DispatchSettings {
    /// Reads the limits and priorities; whoever holds the reader finishes it.
    init(_ reader: SettingsReader?, repositories: [RepositoryName]) {
        self.init(repositories: repositories)
        guard let reader else { return }
        allowedUsers = Set((reader.texts("allowed_users") ?? []).map(LoginName.init(rawValue:)))
        maxRuns = reader.integer("max_runs", in: 0...100_000)
        maxRunsPerRepository = reader.integer("max_runs_per_repository", in: 0...100_000)
        maxRunsPerAgent = reader.integer("max_runs_per_agent", in: 0...100_000)
        maxPullRequests = reader.integer("max_pull_requests", in: 0...100_000)
        ask = (reader.texts("ask") ?? []).map(LoginName.init(rawValue:))
        if let label = reader.text("question_label") {
            if label.allSatisfy(\.isWhitespace) {
                reader.mistake(
                    "\"question_label\" must not be empty",
                    at: reader.location(of: "question_label"))
            } else {
                questionLabel = label
            }
        }
        if let node = reader.node("priorities") {
            priorities = Self.priorities(node, reader) ?? priorities
        }
    }

    private static func priorities(_ node: SettingsNode, _ reader: SettingsReader)
        -> [String: Int]?
    {
        guard case .map(let entries) = node.value else {
            reader.mistake("\"priorities\" must be a map of labels and numbers", at: node.location)
            return nil
        }
        var priorities: [String: Int] = [:]
        for entry in entries {
            guard case .integer(let number) = entry.value.value, (-100...100).contains(number)
            else {
                reader.mistake(
                    "the priority of \"\(entry.key)\" must be a whole number, -100 to 100",
                    at: entry.value.location)
                continue
            }
            priorities[entry.key] = number
        }
        return priorities
    }
}
