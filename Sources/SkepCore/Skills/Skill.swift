/// A folder with instructions for one kind of task, which an agent reads when it has such a task
/// (https://agentskills.io/specification): `SKILL.md`, and what that refers to.
///
/// ```markdown
/// ---
/// name: release-notes
/// description: Writes release notes. Use it when a changelog or a release is asked for.
/// ---
/// 1. Read the newest section of CHANGELOG.md …
/// ```
public struct Skill: Sendable, Hashable {
    /// The file that makes a folder a skill.
    public static let fileName = "SKILL.md"

    /// Also its folder's name.
    public let name: String
    /// What it does and when to use it: all that an agent knows of it at first.
    public let description: String
    /// The folder, absolute.
    public let folder: String

    public init(name: String, description: String, folder: String) {
        self.name = name
        self.description = description
        self.folder = folder
    }

    /// Reads the settings of a `SKILL.md`. Keys beyond the format's are other programs' business.
    ///
    /// - Parameter folder: Where it lies, absolute; its last name is the skill's.
    public init(_ settings: SettingsNode, folder: String, mistakes: SettingsMistakes) {
        let reader = SettingsReader(settings, of: "a skill", mistakes: mistakes)
        self.folder = folder
        name = reader.requiredText("name")
        description = reader.requiredText("description")
        let expected = folder.split(separator: "/").last.map(String.init) ?? ""
        if !name.isEmpty, !Self.isValid(name) {
            reader.mistake(
                "\"\(name)\" can't be a skill's name: small letters, digits and single \"-\" between "
                    + "them, at most 64", at: reader.location(of: "name"))
        } else if !name.isEmpty, name != expected {
            reader.mistake(
                "skill \"\(name)\" lies in a folder \"\(expected)\"; both must have one name",
                at: reader.location(of: "name"))
        }
        if description.count > 1024 {
            reader.mistake(
                "\"description\" has \(description.count) characters; at most 1024",
                at: reader.location(of: "description"))
        }
    }

    /// Whether a name may be a skill's.
    public static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (1...64).contains(bytes.count), !name.hasPrefix("-"), !name.hasSuffix("-"),
            !name.contains("--")
        else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }
}
