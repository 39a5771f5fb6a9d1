import SkepGit
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The agent that needs no model: an issue's own patch, applied to the working tree.
///
/// It is a process like any other agent, on the same leash: Skep calls itself with `subcommand`,
/// and that calls `apply`.
public enum PatchApplier {
    /// The word that stands as `adapter` in an agent's file.
    public static let adapter = "patch"
    /// The hidden subcommand of `skep`: `skep apply-patch ISSUE-FILE`, run in the working tree.
    public static let subcommand = "apply-patch"

    /// Applies the diffs found in an issue's text, all of them or none.
    ///
    /// - Parameters:
    ///   - issueText: Markdown, as its author wrote it.
    ///   - workTree: The folder that holds `.git`.
    /// - Returns: The paths that were changed, sorted.
    /// - Throws: `PatchError`; `GitError` when the repository can't be used.
    public static func apply(
        issueText: String, inWorkTree workTree: String
    ) async throws -> [String] {
        let patches = try PatchFinder.patches(in: issueText)
        guard !patches.isEmpty else { throw PatchError.noPatch }
        try check(patches, workTree)
        let repository = try await GitRepository.open(workTree)
        do throws(GitError) {
            try await repository.apply(patch: patches.map(\.text).joined())
        } catch {
            guard case .patch(let file, let hunk, let reason) = error else { throw error }
            let place = [file.map { "\"\($0)\"" }, hunk].compactMap { $0 }.joined(separator: " ")
            throw PatchError.doesNotApply(place.isEmpty ? reason : "\(place): \(reason)")
        }
        return Set(patches.flatMap(\.paths)).sorted()
    }

    /// What the hidden subcommand does: applies an issue's diffs in the current folder.
    ///
    /// - Parameter issueFile: Holds the issue's text.
    public static func apply(issueFile: String) async throws -> [String] {
        guard let bytes = try wrapping({ () throws(WireError) in try Files.read(issueFile) })
        else { throw PatchError.noPatch }
        return try await apply(issueText: String(decoding: bytes, as: UTF8.self), inWorkTree: ".")
    }

    static func options(_ house: AgentHouse) -> CommandOptions {
        CommandOptions(
            command: CommandTemplate(words: house.selfCommand + [subcommand], and: .issueFile))
    }

    /// Refuses whatever would write outside of the tree or into the repository itself.
    private static func check(_ patches: [FilePatch], _ workTree: String) throws(PatchError) {
        var seen: Set<String> = []
        for patch in patches {
            for path in Set(patch.paths + patch.headerPaths) {
                if let reason = complaint(about: path, workTree) {
                    throw .refusedPath(path, reason: reason)
                }
                guard seen.insert(path).inserted else {
                    throw .refusedPath(path, reason: "It is changed twice.")
                }
            }
            if patch.header.contains(where: { $0.hasSuffix("mode 120000") }) {
                throw .refusedPath(
                    patch.paths.first ?? "", reason: "It would become a symbolic link.")
            }
        }
    }

    private static func complaint(about path: String, _ workTree: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if path.hasPrefix("/") { return "The path is absolute." }
        if parts.contains("..") || parts.contains(".") || parts.contains("") {
            return "The path leads out of the working tree."
        }
        if parts.contains(where: { isRepository($0) }) { return "That is git's own." }
        if path.utf8.contains(0) || path.utf8.contains(10) { return "It isn't a path." }
        var place = workTree
        for part in parts {
            place += "/" + part
            var status = stat()
            guard lstat(place, &status) == 0 else { return nil }
            if status.st_mode & S_IFMT == S_IFLNK {
                return "\"\(part)\" is a symbolic link there."
            }
        }
        return nil
    }

    /// As file systems that ignore case, trailing dots or invisible characters would see it
    /// (CVE-2014-9390).
    private static func isRepository(_ part: Substring) -> Bool {
        let visible = part.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }
        var name = String(String.UnicodeScalarView(visible)).lowercased()
        while name.hasSuffix(".") || name.hasSuffix(" ") { name.removeLast() }
        return name == ".git" || name == "git~1" || name.hasPrefix(".git:")
    }
}
