import Foundation
import GRDB
import SkepCore
import SkepQueue

extension Forge {
    /// What a new repository has in it.
    enum Seed: Sendable {
        case empty
        case readme
        case imported(String)
    }

    /// Makes the bare repository beside its place, and moves it there together with its row.
    func create(
        owner: String, name: String, seed: Seed, description: String = "",
        defaultBranch: String = "main", isPrivate: Bool = false
    ) async throws -> RepositoryRow {
        guard RepositoryName("\(owner)/\(name)") != nil, Self.isValidRepositoryName(name) else {
            throw ForgeError.invalidRepositoryName("\(owner)/\(name)")
        }
        let (ownerRow, isThere) = try await store.read { db in
            (
                try UserRow.find(db, name: owner),
                try RepositoryRow.find(db, owner: owner, name: name) != nil
            )
        }
        guard let ownerRow else { throw ForgeError.noSuchUser(owner) }
        guard !isThere else { throw ForgeError.repositoryExists("\(owner)/\(name)") }

        let place = folder(owner: ownerRow.name, name: name)
        let draft = BareRepository(
            git: git, path: "\(projectRoot)/.new-\(UUID().uuidString.lowercased())")
        do {
            try await draft.create(defaultBranch: defaultBranch)
            var branch = defaultBranch
            switch seed {
            case .empty: break
            case .readme:
                try await draft.addFirstCommit(
                    branch: branch, title: name,
                    by: Signature(name: ownerRow.name, email: ownerRow.email))
            case .imported(let source): branch = try await draft.importAll(from: source)
            }
            let row = try await insert(
                draft, at: place, owner: ownerRow, name: name, description: description,
                defaultBranch: branch, isPrivate: isPrivate)
            try await fillKnownRefs(of: row)
            return row
        } catch {
            try? FileManager.default.removeItem(atPath: draft.path)
            throw error
        }
    }

    private func insert(
        _ draft: BareRepository, at place: String, owner: UserRow, name: String,
        description: String, defaultBranch: String, isPrivate: Bool
    ) async throws -> RepositoryRow {
        try await store.write { db, now in
            guard try RepositoryRow.find(db, owner: owner.name, name: name) == nil else {
                throw ForgeError.repositoryExists("\(owner.name)/\(name)")
            }
            let row = try RepositoryRow.insert(
                db, owner: owner, name: name, description: description,
                defaultBranch: defaultBranch, isPrivate: isPrivate, now: now)
            guard let row else { throw ForgeError.noSuchUser(owner.name) }
            let files = FileManager.default
            try files.createDirectory(
                atPath: (place as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            // A folder without a row is left of a creation whose end was cut off: it's kept.
            if files.fileExists(atPath: place) {
                try files.moveItem(atPath: place, toPath: "\(place).left-\(now.milliseconds)")
            }
            try files.moveItem(atPath: draft.path, toPath: place)
            return row
        }
    }

    static func isValidRepositoryName(_ name: String) -> Bool {
        !name.hasPrefix(".") && !name.hasPrefix("-") && !name.hasSuffix(".git")
            && !name.hasSuffix(".") && !name.hasSuffix(".wiki") && name.utf8.count <= 100
    }
}
