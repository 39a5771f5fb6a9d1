import Foundation
import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

@Suite("Skills")
struct SkillTests {
    private let folder = TemporaryFolder()

    private func skill(_ name: String = "release-notes", files: [String: String] = [:]) throws
        -> Skill
    {
        let path = "\(folder.path)/skills/\(name)"
        for (file, text) in files.merging(
            ["SKILL.md": "Do it."], uniquingKeysWith: { own, _ in own })
        {
            let url = URL(fileURLWithPath: "\(path)/\(file)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return Skill(name: name, description: "Writes\nnotes.", folder: path)
    }

    private func makeFolder(_ name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "A skill is copied to where the agent's program looks",
        arguments: [
            ("claude-code", "/opt/claude-2", ".claude/skills"), ("codex", "codex", ".codex/skills"),
            ("acp", "gemini", ".gemini/skills"), ("acp", "/usr/bin/grok", ".agents/skills"),
        ])
    func copied(adapter: String, program: String, place: String) throws {
        let home = try makeFolder("home")
        let skill = try skill(files: ["scripts/run.sh": "echo 1"])
        let script = "\(skill.folder)/scripts/run.sh"
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let installer = SkillInstaller(user: nil)

        for _ in 1...2 {
            let said = try installer.install(
                [skill], adapter: adapter, program: program, home: home, shelf: home)
            #expect(said == nil)
        }

        let copy = "\(home)/\(place)/release-notes"
        #expect(text(copy + "/SKILL.md") == "Do it.")
        #expect(FileManager.default.isExecutableFile(atPath: copy + "/scripts/run.sh"))
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(home)/\(place)")
        #expect(names == ["release-notes"])
    }

    @Test("An agent whose program knows no skills, or has the operator's home, is told of them")
    func told() throws {
        let (home, shelf) = (try makeFolder("home"), try makeFolder("session"))
        let skill = try skill()
        let installer = SkillInstaller(user: nil)

        let unknown = try installer.install(
            [skill], adapter: "command", program: "mender", home: home, shelf: shelf)
        let operators = try installer.install(
            [skill], adapter: "claude-code", program: "claude", home: nil, shelf: shelf)

        let path = "\(shelf)/skills/release-notes/SKILL.md"
        #expect(unknown?.contains("- release-notes: Writes notes.\n  \(path)") == true)
        #expect(operators == unknown)
        #expect(text(path) == "Do it.")
        #expect(try FileManager.default.contentsOfDirectory(atPath: home).isEmpty)
    }

    @Test("Nothing is written through a link in the agent's home")
    func linkedHome() throws {
        let (home, other) = (try makeFolder("home"), try makeFolder("other"))
        try FileManager.default.createSymbolicLink(
            atPath: home + "/.claude", withDestinationPath: other)

        let said = try SkillInstaller(user: nil).install(
            [try skill()], adapter: "claude-code", program: "claude", home: home,
            shelf: try makeFolder("session"))

        #expect(said != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: other).isEmpty)
    }

    @Test("A skill that links to elsewhere, or is too large, is refused")
    func refused() throws {
        let linking = try skill("linking")
        try FileManager.default.createSymbolicLink(
            atPath: linking.folder + "/passwd", withDestinationPath: "/etc/passwd")
        let large = try skill(
            "large", files: ["data": String(repeating: "x", count: SkillFolder.maxBytes)])

        #expect(
            throws: AgentsError.skillUnusable(
                skill: "linking", reason: "\"passwd\" is neither a file nor a folder")
        ) { _ = try SkillFolder(linking) }
        #expect(throws: AgentsError.self) { _ = try SkillFolder(large) }
    }

    @Test(
        "A skill's name is small letters, digits and single hyphens, and its folder's",
        arguments: [
            ("pdf", "pdf", 0), ("Pdf", "Pdf", 1), ("-pdf", "-pdf", 1), ("a--b", "a--b", 1),
            ("pdf", "other", 1),
        ])
    func names(name: String, folder: String, count: Int) {
        let place = SettingsLocation(source: "SKILL.md", line: 2)
        func entry(_ key: String, _ text: String) -> SettingsNode.Entry {
            SettingsNode.Entry(
                key: key, keyLocation: place, value: SettingsNode(.text(text), at: place))
        }
        let node = SettingsNode(
            .map([entry("name", name), entry("description", "d"), entry("license", "MIT")]),
            at: place)
        let mistakes = SettingsMistakes()

        _ = Skill(node, folder: "/skills/\(folder)", mistakes: mistakes)

        #expect(mistakes.all.count == count)
    }
}
