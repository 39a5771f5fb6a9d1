import Foundation
public import SkepCore
public import SkepQueue

/// The embedded tracker: users, repositories, issues and pull requests in one data folder.
///
/// It is the part of Gitea's API that a swarm of agents needs, with the git repositories behind it.
/// `ForgeServer` serves it over HTTP; the methods here are what the command line does, and may be
/// called from another process while the server runs. Its state is `forge.sqlite` and
/// `repositories/<owner>/<name>.git` in the data folder.
public final class Forge: Sendable {
    /// What the version says that clients ask for: the Gitea whose API it follows, then Skep's.
    static let version = "1.27.0+skep-0.1"

    let store: ForgeStore
    let git: GitCommand
    let pulls: PullInspector
    /// Rung when there is something for a hook.
    let deliveryBell = Bell()
    let refActivity = RefActivity()
    let dataFolder: String
    private let repositoriesFolder: String

    /// Opens a data folder.
    ///
    /// - Parameter isMade: Whether a tracker is made where there is none.
    /// - Throws: `ForgeError.noTracker`, `.newerDatabase`, `.unsuitableDatabase`.
    public convenience init(
        dataFolder: String, isMade: Bool = true, clock: any SkepQueue.Clock = SystemClock()
    ) async throws {
        let folder = URL(fileURLWithPath: dataFolder).standardizedFileURL.path
        let isThere = FileManager.default.fileExists(atPath: Self.database(in: folder))
        guard isMade || isThere else { throw ForgeError.noTracker(folder: folder) }
        try await self.init(dataFolder: folder, clock: clock, git: .find())
    }

    init(dataFolder: String, clock: any SkepQueue.Clock, git: GitCommand) async throws {
        let folder = URL(fileURLWithPath: dataFolder).standardizedFileURL.path
        self.dataFolder = folder
        repositoriesFolder = folder + "/repositories"
        do {
            try FileManager.default.createDirectory(
                atPath: repositoriesFolder, withIntermediateDirectories: true)
        } catch {
            throw ForgeError.unsuitableDatabase(path: folder, reason: "\(error)")
        }
        let path = Self.database(in: folder)
        store = try await ForgeStore(path: path, clock: clock)
        // Hashes of tokens are in it: it's for the owner's eyes.
        try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        self.git = git
        pulls = PullInspector()
    }

    private static func database(in folder: String) -> String { folder + "/forge.sqlite" }

    /// Whether the git program was found. Without it repositories can't be made, pulled, pushed
    /// over HTTP or merged.
    public var hasGit: Bool { git.isInstalled }

    /// The folder of a repository, which git takes as a remote on the same machine.
    ///
    /// - Throws: `ForgeError.noSuchRepository`.
    public func repositoryPath(_ name: RepositoryName) async throws -> String {
        folder(of: try await find(name))
    }

    func folder(of repository: RepositoryRow) -> String {
        folder(owner: repository.ownerName, name: repository.name)
    }

    func folder(owner: String, name: String) -> String {
        "\(repositoriesFolder)/\(owner.lowercased())/\(name.lowercased()).git"
    }

    /// Where `git http-backend` looks for repositories.
    var projectRoot: String { repositoriesFolder }

    func bareRepository(_ repository: RepositoryRow) -> BareRepository {
        BareRepository(git: git, path: folder(of: repository))
    }

    func find(_ name: RepositoryName) async throws -> RepositoryRow {
        let found = try await store.read { db in
            try RepositoryRow.find(db, owner: name.owner, name: name.name)
        }
        guard let found else { throw ForgeError.noSuchRepository(name.description) }
        return found
    }
}
