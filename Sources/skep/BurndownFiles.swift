import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files that burn-downs leave their reports in.
struct BurndownFiles: Sendable {
    let folder: String

    /// Writes a report, whole or not at all; one that is there is replaced.
    ///
    /// - Returns: Its path.
    func keep(_ text: String, as name: String) throws -> String {
        let path = "\(folder)/\(name)"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw ProgramError(
                .unavailable, "Can't write the report \"\(path)\".", why: "\(error)",
                advice: "Make room, or the folder writable; it is tried again.")
        }
        return path
    }
}
