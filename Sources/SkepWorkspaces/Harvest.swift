import SkepCore
import SkepGit
import SkepQueue

/// What is in a workspace now, brought into reach: the files as a tree, the island's commits in
/// the mirror. No reference leads to it yet.
struct Harvest {
    /// Skep's repository over the working tree.
    let repository: GitRepository
    let mirror: Mirror
    let base: GitObjectID
    let island: Island
    /// The files; `nil` when the folder, or all in it with its repository, is gone.
    let tree: GitObjectID?
    /// What the agent had staged, when that could be read.
    let indexTree: GitObjectID?
    /// Commits of the island that are now in the mirror.
    private(set) var imported: Set<GitObjectID> = []
    private(set) var notes: [String] = []

    init(_ workspace: Workspace, _ slot: Slot, _ mirror: Mirror) async throws {
        self.mirror = mirror
        base = try workspace.base.object
        let isThere = slot.folder.status("tree")?.kind == .folder
        // Something to open the repository over.
        let folder = try slot.folder.makeFolder("tree")
        let isEmpty = try folder.names().names.isEmpty
        island = Island(in: folder)
        indexTree = try await Self.takeIn(island, folder, slot, mirror, &imported, &notes)
        // Opened only now, and without the island's objects: all that the files need becomes ours.
        repository = try await slot.repository(of: mirror)
        guard isThere, !isEmpty else {
            tree = nil
            notes = [
                isThere
                    ? "It removed everything in the working tree, and the repository with it."
                    : "It removed the working tree."
            ]
            return
        }
        var trees = [try await repository.commit(base).tree] + (indexTree.map { [$0] } ?? [])
        if let head = island.commit, imported.contains(head) {
            trees.append(try await repository.commit(head).tree)
        }
        let snapshot = try await repository.snapshot(trackedIn: trees)
        tree = snapshot.tree
        notes += snapshot.notes.prefix(20).map(\.text)
        if snapshot.notes.count > 20 {
            notes.append("And \(snapshot.notes.count - 20) more such files.")
        }
    }

    /// Copies the island's commits into the mirror, and what is staged there as a tree.
    private static func takeIn(
        _ island: Island, _ folder: Folder, _ slot: Slot, _ mirror: Mirror,
        _ imported: inout Set<GitObjectID>, _ notes: inout [String]
    ) async throws -> GitObjectID? {
        let quarantine = try await offPool { try Quarantine(of: folder, in: slot) }
        let importer = try await slot.repository(of: mirror)
        try await importer.addObjects(at: quarantine.objectsPath)
        for id in Set(island.branches.values).union(island.commit.map { [$0] } ?? []) {
            if let reason = await copy(id, from: importer, to: mirror) {
                notes.append("Commit \(id.short) wasn't taken. \(reason)")
            } else {
                imported.insert(id)
            }
        }
        let tree = await indexTree(folder, slot, importer, mirror)
        try await offPool { quarantine.remove() }
        return tree
    }

    /// Why it couldn't be copied; `nil` when it was.
    private static func copy(
        _ id: GitObjectID, from repository: GitRepository, to mirror: Mirror
    ) async -> String? {
        do {
            try await repository.copyCommit(id, to: mirror.path)
            return nil
        } catch {
            return error.what
        }
    }

    /// The commit that HEAD of the island leads to, when it could be imported.
    var head: GitObjectID? { island.commit.flatMap { imported.contains($0) ? $0 : nil } }

    private static func indexTree(
        _ tree: Folder, _ slot: Slot, _ importer: GitRepository, _ mirror: Mirror
    ) async -> GitObjectID? {
        guard tree.status(".git")?.kind == .folder,
            let bytes = try? tree.folder(".git").read("index", atMost: 256 << 20),
            (try? slot.folder.folder("incoming").write("index", bytes, mode: 0o600)) != nil
        else { return nil }
        // It may be in the middle of a merge, or damaged; the files are what counts.
        guard let id = try? await importer.writeTree(ofIndexAt: slot.path + "/incoming/index"),
            (try? await importer.copyTree(id, to: mirror.path)) != nil
        else { return nil }
        return id
    }

    /// The imported commits that none of `heads` contains.
    func commits(notIn heads: [GitObjectID]) async throws -> [GitObjectID] {
        let git = try await mirror.open()
        var unknown: [GitObjectID] = []
        for id in imported.sorted(by: { $0.hex < $1.hex }) {
            var isKnown = false
            for head in heads where !isKnown { isKnown = try await git.isAncestor(id, of: head) }
            if !isKnown { unknown.append(id) }
        }
        return unknown
    }

    /// Writes a commit into the mirror.
    func commit(
        tree: GitObjectID, parents: [GitObjectID], message: String, author: CommitAuthor,
        at time: Timestamp
    ) async throws -> GitObjectID {
        let seconds = time.milliseconds / 1000
        let id = try await repository.createCommit(
            tree: tree, parents: parents,
            message: message.hasSuffix("\n") ? message : message + "\n",
            author: GitSignature(author, seconds: seconds),
            committer: GitSignature(.skep, seconds: seconds))
        try await repository.copyCommit(id, to: mirror.path)
        return id
    }
}

extension CommitAuthor {
    /// Who commits what Skep commits.
    static let skep = CommitAuthor(name: "Skep", email: "skep@localhost")
}

extension GitSignature {
    /// Names that git wouldn't take are made fit: no brackets, no line ends, never empty.
    init(_ author: CommitAuthor, seconds: Int64) {
        func fit(_ text: String, else other: String) -> String {
            let kept = text.filter { !"<>\0".contains($0) && !$0.isNewline }
            let isBlank = kept.allSatisfy { $0.isWhitespace || ".,:;\"'\\".contains($0) }
            return isBlank ? other : kept
        }
        self.init(
            name: fit(author.name, else: "agent"),
            email: fit(author.email, else: "agent@localhost"),
            seconds: seconds)
    }
}
