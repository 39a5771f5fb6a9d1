import GRDB

/// A path in a repository, at a branch or a commit.
struct CodeSpot: Sendable {
    let repository: RepositoryRow
    /// "branch" or "commit", as in the address.
    let kind: String
    let revision: String
    /// The commit's whole name.
    let commit: String
    /// Without slashes at its ends; empty for the root.
    let path: String

    var pathOrNil: String? { path.isEmpty ? nil : path }

    init(
        repository: RepositoryRow, kind: String, revision: String, commit: String, path: String
    ) {
        self.repository = repository
        self.kind = kind
        self.revision = revision
        self.commit = commit
        self.path = path
    }

    /// The spot that an address names.
    init(_ visit: Visit) async throws {
        let call = visit.call
        let repository = try await visit.read { db in try call.repository(db) }
        guard call.forge.hasGit else { throw ForgeError.gitMissing(purpose: "show files") }
        let parts = call.parameter("place").split(separator: "/").map(String.init)
        let bare = call.forge.bareRepository(repository)
        let kind = call.parameter("kind")
        switch kind {
        case "branch":
            // Branches have slashes in their names, but none is a folder of another.
            let place = parts.joined(separator: "/")
            let branch = try await bare.branches().first {
                place == $0.name || place.hasPrefix($0.name + "/")
            }
            if let branch {
                self.init(
                    repository: repository, kind: kind, revision: branch.name,
                    commit: branch.commit,
                    path: String(place.dropFirst(branch.name.count).drop { $0 == "/" }))
                return
            }
            throw Refusal.notFound("There is no branch \"\(call.parameter("place"))\".")
        case "commit":
            let commit = try await call.commit(parts.first ?? "", in: repository)
            self.init(
                repository: repository, kind: kind, revision: commit.id, commit: commit.id,
                path: parts.dropFirst().joined(separator: "/"))
        default: throw Refusal.notFound
        }
    }

    func bare(_ visit: Visit) -> BareRepository { visit.call.forge.bareRepository(repository) }
}
