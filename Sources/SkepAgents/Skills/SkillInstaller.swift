import SkepCore
import SkepGit

/// Makes skills available to an agent in its own way: in the folder of its home where its program
/// looks for them, else beside its prompt, which then says what is there.
struct SkillInstaller: Sendable {
    /// Whose the copies are; `nil`: Skep's user's.
    let user: AgentUser?

    /// Where programs look for skills, below their home. Those that know none aren't here.
    private static let folders = [
        "claude": ".claude/skills", "codex": ".codex/skills", "gemini": ".gemini/skills",
        "grok": ".agents/skills", "kimi": ".agents/skills", "goose": ".agents/skills",
        "opencode": ".agents/skills", "openhands": ".agents/skills", "vibe": ".agents/skills",
    ]
    private static let programs = ["claude-code": "claude", "codex": "codex"]

    /// - Parameter program: The agent's program as its file names it; a path's last name counts.
    /// - Returns: `nil` where the program doesn't look for skills by itself.
    static func folder(adapter: String, program: String) -> String? {
        let word = program.split(separator: "/").last.map(String.init) ?? program
        return folders[programs[adapter] ?? word]
    }

    /// - Parameters:
    ///   - home: The agent's own home; `nil` for an operator's, into which nothing is written.
    ///   - shelf: Skep's folder for what goes with the prompt, absolute.
    /// - Returns: What the prompt has to say of them; `nil` when the agent finds them by itself.
    func install(
        _ skills: [Skill], adapter: String, program: String, home: String?, shelf: String
    ) throws(AgentsError) -> String? {
        guard !skills.isEmpty else { return nil }
        let contents = try skills.map { skill throws(AgentsError) in try SkillFolder(skill) }
        do {
            if let home, let path = Self.folder(adapter: adapter, program: program),
                let folder = try OwnHome(home, of: user)
                    .folder(path.split(separator: "/"), replaces: false)
            {
                for (skill, content) in zip(skills, contents) {
                    try content.copy(as: skill.name, into: folder, owner: owner)
                }
                return nil
            }
            let folder = try Folder(shelf).makeFolder("skills", mode: 0o755)
            for (skill, content) in zip(skills, contents) {
                try content.copy(as: skill.name, into: folder, owner: nil)
            }
        } catch {
            throw .sessionFiles(text: "\(error)")
        }
        return Self.index(of: skills, in: shelf + "/skills")
    }

    private var owner: FileOwner? { user.map { FileOwner(user: $0.uid, group: $0.gid) } }

    /// What an agent is told that doesn't look for skills by itself.
    static func index(of skills: [Skill], in folder: String) -> String {
        let lines = skills.map { skill in
            "- \(skill.name): \(skill.description.split(whereSeparator: \.isNewline).joined(separator: " "))\n"
                + "  \(folder)/\(skill.name)/\(Skill.fileName)"
        }
        return
            "You have skills: instructions for certain tasks. Before you do such a task, read its "
            + "file, and what that refers to beside it.\n\n" + lines.joined(separator: "\n")
    }
}
