internal import SkepCore
internal import SkepQueue

/// The names that may stand in the prompt of an agent's work.
enum PromptTemplate {
    static let names: Set<String> = [
        "issue.number", "issue.title", "issue.body", "issue.url", "issue.author", "issue.labels",
        "issue.comments", "repository", "branch", "agent.name", "run.id", "output",
    ]

    static func values(
        issue: Issue, discussion: String, run: Run, agent: AgentDefinition, workspace: Workspace
    ) -> [String: String] {
        [
            "issue.number": String(issue.reference.number),
            "issue.title": issue.title,
            "issue.body": issue.body,
            "issue.url": issue.url,
            "issue.author": issue.author.rawValue,
            "issue.labels": issue.labels.joined(separator: ", "),
            "issue.comments": discussion,
            "repository": issue.reference.repository.description,
            "branch": run.branch.rawValue,
            "agent.name": agent.name.rawValue,
            "run.id": run.id.description,
            "output": OutputDocument.path(in: workspace),
        ]
    }

    /// What people said on the issue, if the template wants it.
    static func discussion(on issue: Issue, for template: Template, _ parts: SwarmParts)
        async throws -> String
    {
        guard template.uses("issue.comments") else { return "" }
        return try await parts.tracker.comments(on: issue.reference)
            .filter { !CommentMarker.isInAny($0.body) }
            .map { "\($0.author) wrote:\n\($0.body)" }
            .joined(separator: "\n\n")
    }

    /// Standing instructions, then the task, then what else there is to say.
    static func joined(_ parts: [String?]) -> String {
        parts.compactMap { $0 }.filter { part in !part.allSatisfy(\.isWhitespace) }
            .joined(separator: "\n\n")
    }

    /// A template of the program's own.
    static func builtIn(_ text: String, names: Set<String>, _ source: String) -> Template {
        Template(
            text, names: names, at: SettingsLocation(source: source), mistakes: SettingsMistakes())
    }
}

/// Facts about a change, in words for a prompt.
enum ChangeText {
    /// The unified diff between two commits, and a note where it isn't whole.
    ///
    /// - Parameter maxBytes: More than this isn't shown.
    static func diff(
        of head: CommitID, with base: CommitID, _ comparison: CommitComparison, maxBytes: Int,
        in repository: RepositoryName, _ parts: SwarmParts
    ) async throws -> String {
        // More than is wanted, to see whether there is more.
        let text = try await parts.workspaces.diff(
            of: head, with: base, in: repository, maxBytes: 2 * maxBytes)
        // By bytes: a line that ends in "\r\n" has no "\n" among its characters.
        var shown = text.utf8[...]
        if shown.count > maxBytes {
            shown = shown.prefix(maxBytes)
            shown = shown[..<(shown.lastIndex(of: UInt8(ascii: "\n")) ?? shown.startIndex)]
        }
        let files = shown.split(separator: UInt8(ascii: "\n")).count {
            $0.starts(with: "diff --git ".utf8)
        }
        guard shown.endIndex < text.endIndex || files < comparison.filesChanged else { return text }
        return String(decoding: shown, as: UTF8.self)
            + "\n[The diff is cut here: it has \(comparison.filesChanged) files, +"
            + "\(comparison.insertions) −\(comparison.deletions). `git diff \(base.short) "
            + "\(head.short)` in the working tree shows all of it.]\n"
    }

    /// What checks said of a commit.
    static func checks(_ checks: [CheckResult], at commit: CommitID) -> String {
        var newest: [String: CheckResult] = [:]
        let lines = checks.filter { $0.commit == commit }.map { check in
            newest[check.command] = check
            return check.command
        }.removingRepeats().compactMap { newest[$0] }.map { check in
            "- `\(check.command)`: \(check.hasPassed ? "passed" : "failed, \(check.ending)")"
                + (check.tests.map { " (\($0))" } ?? "")
        }
        return lines.isEmpty ? "No checks were run at this commit." : lines.joined(separator: "\n")
    }
}
