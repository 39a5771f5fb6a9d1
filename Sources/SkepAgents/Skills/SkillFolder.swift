public import SkepCore
import SkepGit

/// A skill's folder with all that is in it, read without following links.
public struct SkillFolder: Sendable {
    /// More than this isn't a skill.
    public static let maxBytes = 10 << 20
    public static let maxFiles = 1000
    private static let maxDepth = 16

    struct File: Sendable, Hashable {
        /// Below the folder.
        let path: String
        let bytes: [UInt8]
        let isExecutable: Bool
    }

    let files: [File]

    /// - Throws: `AgentsError.skillUnusable`, when it can't be read, holds links or other things
    ///   that aren't files and folders, or is too large.
    public init(_ skill: Skill) throws(AgentsError) {
        var reading = Reading()
        do {
            try reading.read(Folder(skill.folder), "", 0)
        } catch let problem as Problem {
            throw .skillUnusable(skill: skill.name, reason: problem.text)
        } catch {
            throw .skillUnusable(skill: skill.name, reason: "\(error)")
        }
        files = reading.files
    }

    private struct Problem: Error { let text: String }

    private struct Reading {
        var files: [File] = []
        var bytes = 0

        mutating func read(_ folder: Folder, _ prefix: String, _ depth: Int) throws {
            guard depth < SkillFolder.maxDepth else {
                throw Problem(text: "\"\(prefix)\" lies more than \(SkillFolder.maxDepth) deep")
            }
            let (names, odd) = try folder.names()
            guard odd.isEmpty else {
                throw Problem(text: "\"\(prefix)\" holds a name that isn't UTF-8")
            }
            for name in names.sorted() {
                let path = prefix + name
                guard let status = folder.status(name) else { continue }
                switch status.kind {
                case .folder: try read(folder.folder(name), path + "/", depth + 1)
                case .file:
                    let left = SkillFolder.maxBytes - bytes
                    guard files.count < SkillFolder.maxFiles, status.size <= left else {
                        throw Problem(
                            text: "it has more than \(SkillFolder.maxFiles) files or "
                                + "\(SkillFolder.maxBytes >> 20) MiB")
                    }
                    let content = try folder.read(name, atMost: max(left, 1))
                    bytes += content.count
                    files.append(
                        File(
                            path: path, bytes: content, isExecutable: status.isExecutable))
                case .link, .special:
                    throw Problem(text: "\"\(path)\" is neither a file nor a folder")
                }
            }
        }
    }

    /// Makes a copy of it, in the place of an earlier one.
    ///
    /// - Parameter owner: Whose it is to be; `nil`: Skep's user's.
    func copy(as name: String, into parent: Folder, owner: FileOwner?) throws(GitError) {
        // A copy that was cut short has another name, and is made anew.
        let draft = ".\(name).new"
        try parent.remove(draft)
        let folder = try parent.makeFolder(draft, mode: 0o755, owner: owner)
        for file in files {
            var place = folder
            let names = file.path.split(separator: "/").map(String.init)
            for name in names.dropLast() {
                place = try place.makeFolder(name, mode: 0o755, owner: owner)
            }
            try place.write(
                names[names.count - 1], file.bytes, mode: file.isExecutable ? 0o555 : 0o444,
                owner: owner)
        }
        try parent.remove(name)
        try parent.rename(draft, to: name)
    }
}
