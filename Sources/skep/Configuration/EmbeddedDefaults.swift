/// The agents and workflows that are built into the program: the repository's own `agents/` and
/// `workflows/`, by way of the links in `Resources/`.
enum EmbeddedDefaults {
    struct File: Sendable, Hashable {
        let name: String
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The files of "agents" or "workflows", by name. A test compares them with the folders: embedded
    /// resources have names, but can't be listed.
    static func files(in folder: String) -> [File] {
        switch folder {
        case "agents": agents
        case "workflows": workflows
        default: []
        }
    }

    /// Files of "workflows" that are only examples: what they do begins by itself, so somebody has
    /// to want it. "skep init" writes them under names that aren't read.
    ///
    /// - Returns: Each with what it is for, a sentence.
    static func examples(in folder: String) -> [(file: File, purpose: String)] {
        guard folder == "workflows" else { return [] }
        return [
            (
                File(name: "burndown.md", bytes: PackageResources.burndown_md),
                "it works a backlog off at night, on a schedule, with a report in the morning."
            )
        ]
    }

    private static let agents: [File] = [
        File(name: "aider.md", bytes: PackageResources.aider_md),
        File(name: "claude.md", bytes: PackageResources.claude_md),
        File(name: "codex.md", bytes: PackageResources.codex_md),
        File(name: "copilot.md", bytes: PackageResources.copilot_md),
        File(name: "gemini.md", bytes: PackageResources.gemini_md),
        File(name: "goose.md", bytes: PackageResources.goose_md),
        File(name: "grok.md", bytes: PackageResources.grok_md),
        File(name: "hermes.md", bytes: PackageResources.hermes_md),
        File(name: "kimi.md", bytes: PackageResources.kimi_md),
        File(name: "opencode.md", bytes: PackageResources.opencode_md),
        File(name: "openhands.md", bytes: PackageResources.openhands_md),
        File(name: "patch.md", bytes: PackageResources.patch_md),
        File(name: "qwen.md", bytes: PackageResources.qwen_md),
        File(name: "vibe.md", bytes: PackageResources.vibe_md),
    ]

    private static let workflows: [File] = [
        File(name: "choose.md", bytes: PackageResources.choose_md),
        File(name: "fix.md", bytes: PackageResources.fix_md),
        File(name: "review.md", bytes: PackageResources.review_md),
    ]
}
