import SkepCore
import SkepGit
import SkepQueue

/// Where the mirror of a repository is, and its lock.
struct Mirror {
    let repository: RepositoryName
    let path: String
    private let clock: any Clock

    init(_ repository: RepositoryName, stateFolder: String, clock: any Clock) {
        self.repository = repository
        self.clock = clock
        // Names are compared without regard to case, and so must the folders be.
        path = "\(stateFolder)/mirrors/\(repository.description.lowercased()).git"
    }

    var objects: String { path + "/objects" }

    func open() async throws -> GitRepository {
        do {
            return try await GitRepository.open(path)
        } catch GitError.notARepository {
            throw WorkspaceError.noMirror(repository)
        }
    }

    /// Runs `body` while no other process changes the mirror's references.
    func locked<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        let lock = try await FileLock.wait(path + ".lock", clock: clock)
        defer { withExtendedLifetime(lock) {} }
        return try await body()
    }

    /// Makes the folder that the mirror is in.
    func prepare(in stateFolder: String) throws {
        var folder = try Folder(stateFolder)
        for name in ["mirrors", repository.owner.lowercased()] {
            folder = try folder.makeFolder(name)
        }
    }
}

/// The names of the references that Skep makes in a mirror.
enum References {
    static func attempt(_ attempt: Int, of run: RunID) -> String {
        "refs/skep/run-\(run)/attempt-\(attempt)"
    }

    static func attempts(of run: RunID) -> String { "refs/skep/run-\(run)/attempt-*" }

    /// Why commits are saved that an attempt's result doesn't contain.
    static func beside(_ attempt: Int) -> String { "attempt \(attempt) commits" }

    /// Whether a rescue was made for that.
    static func isBesideAttempt(_ name: String) -> Bool { name.hasSuffix("-commits") }

    static func rescues(of run: RunID) -> String { "refs/skep/rescue/run-\(run)/*" }

    /// Sorted by time; `reason` becomes letters, digits and "-", at most 40.
    static func rescue(of run: RunID, at time: Timestamp, reason: String) -> String {
        let words = reason.lowercased().split {
            !("a"..."z").contains($0) && !("0"..."9").contains($0)
        }
        let slug = String(words.joined(separator: "-").prefix(40))
        let nonce = String(UInt16.random(in: .min ... .max), radix: 16)
        return "refs/skep/rescue/run-\(run)/\(time.milliseconds)-\(nonce)"
            + (slug.isEmpty ? "" : "-\(slug)")
    }
}
