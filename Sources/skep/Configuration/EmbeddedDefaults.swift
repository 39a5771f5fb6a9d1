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

    private static let agents: [File] = [
        File(name: "aider.md", bytes: PackageResources.aider_md),
        File(name: "claude.md", bytes: PackageResources.claude_md),
        File(name: "codex.md", bytes: PackageResources.codex_md),
        File(name: "gemini.md", bytes: PackageResources.gemini_md),
        File(name: "grok.md", bytes: PackageResources.grok_md),
        File(name: "hermes.md", bytes: PackageResources.hermes_md),
        File(name: "kimi.md", bytes: PackageResources.kimi_md),
        File(name: "patch.md", bytes: PackageResources.patch_md),
    ]

    private static let workflows: [File] = [
        File(name: "fix.md", bytes: PackageResources.fix_md)
    ]
}
