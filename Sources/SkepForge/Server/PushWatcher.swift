import Foundation
import GRDB
import Logging

/// Finds what was pushed to a repository's folder, without going through the server.
///
/// A look costs a few `stat` calls for each repository; git is asked only where a folder of
/// references, or the file of packed ones, has changed since the last look.
struct PushWatcher: Sendable {
    let forge: Forge
    let logger: Logger

    private static let interval = Duration.seconds(1)
    /// Seconds after which a file that wasn't written again has another time if it is.
    private static let grain = 2.0

    /// What was seen of a repository's references.
    struct Mark: Equatable {
        let text: String
        /// When they were written last, in seconds.
        let newest: Double
        /// Whether they were old enough at the last look to be told from any later ones.
        var isSettled = false
    }

    func run() async {
        guard forge.hasGit else { return }
        var seen: [Int64: Mark] = [:]
        while !Task.isCancelled {
            await look(&seen)
            try? await Task.sleep(for: Self.interval)
        }
    }

    func look(_ seen: inout [Int64: Mark]) async {
        do {
            for repository in try await forge.store.read({ try RepositoryRow.all($0) })
            where !forge.refActivity.isBusy(repository) {
                var mark = Self.mark(of: forge.folder(of: repository))
                let known = seen[repository.id]
                mark.isSettled = Date().timeIntervalSinceReferenceDate - mark.newest > Self.grain
                // What was written twice within the clock's grain is looked at once more.
                if let known, known.text == mark.text, known.isSettled || !mark.isSettled {
                    continue
                }
                try await forge.noticePushes(in: repository)
                seen[repository.id] = mark
            }
        } catch is CancellationError {
        } catch {
            logger.warning("Couldn't look for pushes", metadata: ["error": "\(error)"])
        }
    }

    /// Something that differs when a reference was changed, and the newest change: git writes each
    /// anew, which changes its folder.
    static func mark(of folder: String) -> Mark {
        var places = [folder + "/packed-refs"]
        for kind in ["heads", "tags"] {
            let root = "\(folder)/refs/\(kind)"
            places.append(root)
            guard let files = FileManager.default.enumerator(atPath: root) else { continue }
            while let name = files.nextObject() as? String {
                if files.fileAttributes?[.type] as? FileAttributeType == .typeDirectory {
                    places.append(root + "/" + name)
                }
            }
        }
        let times = places.map { place -> Double in
            let attributes = try? FileManager.default.attributesOfItem(atPath: place)
            return (attributes?[.modificationDate] as? Date)?.timeIntervalSinceReferenceDate ?? 0
        }
        let text = zip(places, times).map { "\($0) \($1)" }.joined(separator: "\n")
        return Mark(text: text, newest: times.max() ?? 0)
    }
}
