import SkepAgents
import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The skills in the folder `skills/`, beside `agents/`: a folder for each.
enum SkillFiles {
    /// Reads what there is. What isn't right goes into `mistakes`.
    static func read(_ folder: DefinitionFolder, into mistakes: SettingsMistakes) -> [String: Skill]
    {
        guard let path = folder.path else { return [:] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        var skills: [String: Skill] = [:]
        for name in names.sorted() where !name.hasPrefix(".") {
            let file = "\(path)/\(name)/\(Skill.fileName)"
            guard FileManager.default.fileExists(atPath: file) else { continue }
            let source = "\(folder.description)/\(name)/\(Skill.fileName)"
            guard let text = TextFile.read(file, source: source, into: mistakes),
                let parts = FrontMatter(text, source: source, into: mistakes)
            else { continue }
            skills[name] = Skill(parts.settings, folder: "\(path)/\(name)", mistakes: mistakes)
        }
        return skills
    }

    /// Refuses names of skills that aren't there, and skills that can't be handed out.
    static func check(
        _ agents: [AgentDefinition], _ skills: [String: Skill], _ folder: DefinitionFolder,
        into mistakes: SettingsMistakes
    ) {
        var seen: Set<String> = []
        for agent in agents {
            for name in agent.skills {
                guard let skill = skills[name] else {
                    let hint =
                        nearest(to: name, among: skills.keys.sorted())
                        .map { "; did you mean \"\($0)\"?" }
                        ?? "; it would be \(name)/\(Skill.fileName) in the folder \"skills\""
                    mistakes.add("there is no skill \"\(name)\"\(hint)", at: agent.location)
                    continue
                }
                guard seen.insert(name).inserted else { continue }
                do {
                    _ = try SkillFolder(skill)
                } catch {
                    mistakes.add(
                        [error.what, error.why].compactMap { $0 }.joined(separator: " "),
                        at: SettingsLocation(
                            source: "\(folder.description)/\(name)/\(Skill.fileName)"))
                }
            }
        }
    }
}
