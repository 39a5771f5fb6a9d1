import Foundation
import GRDB
import SkepCore

extension ForgeAPI {
    static func addAdministrationRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "admin/users") { call in
            try call.requireAdministrator()
            return try await call.read { db in
                call.list(try UserRow.all(db).map(call.presenter(db).user))
            }
        }
        // The password is of no use: the user's tokens are made by an administrator.
        routes.on("POST", "admin/users") { call in
            try call.requireAdministrator()
            let fields = try call.fields()
            let name = try fields.required("username")
            let fullName = try fields.string("full_name") ?? ""
            guard Forge.isValidUserName(name) else {
                throw ForgeError.invalidUserName(name)
            }
            return try await call.write { db, now in
                guard try UserRow.find(db, name: name) == nil else {
                    throw Refusal.unprocessable("user already exists [name: \(name)]")
                }
                let made = try UserRow.insert(db, name: name, isAdmin: false, now: now)
                try made.setFullName(db, fullName)
                let user = try UserRow.find(db, id: made.id)
                return .json(call.presenter(db).user(user), status: 201)
            }
        }
        routes.on("PATCH", "repos/{owner}/{repo}", changeRepository)
        routes.on("DELETE", "repos/{owner}/{repo}") { call in
            let repository = try await call.read { db in try call.repository(db, for: .admin) }
            try await call.forge.delete(repository)
            return .noContent
        }
    }

    @Sendable private static func changeRepository(_ call: Call) async throws -> Answer {
        let fields = try call.fields()
        let description = try fields.string("description")
        let isPrivate = try fields.bool("private")
        let branch = try fields.string("default_branch").flatMap { $0.isEmpty ? nil : $0 }
        let repository = try await call.read { db in try call.repository(db, for: .admin) }
        if let name = try fields.string("name"), name != repository.name {
            throw Refusal.unprocessable("This tracker doesn't rename repositories.")
        }
        if try fields.bool("archived") == true {
            throw Refusal.unprocessable("This tracker doesn't archive repositories.")
        }
        if let branch, branch != repository.defaultBranch {
            let bare = call.forge.bareRepository(repository)
            guard try await bare.commit(ofBranch: branch) != nil else {
                throw Refusal.unprocessable("There is no branch \"\(branch)\".")
            }
            try await bare.run(["symbolic-ref", "HEAD", "refs/heads/" + branch])
        }
        return try await call.write { db, now in
            try repository.update(
                db, description: description ?? repository.description,
                defaultBranch: branch ?? repository.defaultBranch,
                isPrivate: isPrivate ?? repository.isPrivate, now: now)
            return .json(try call.presenter(db).repository(try call.repository(db)))
        }
    }
}

extension Call {
    fileprivate func requireAdministrator() throws {
        guard try requireUser().isAdmin else {
            throw Refusal.forbidden("user should be the site admin")
        }
    }
}

extension Forge {
    /// Deletes a repository with all that belongs to it.
    func delete(_ repository: RepositoryRow) async throws {
        let folder = folder(of: repository)
        let gone = "\(projectRoot)/.gone-\(UUID().uuidString.lowercased())"
        try await store.write { db, _ in
            try repository.delete(db)
            if FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.moveItem(atPath: folder, toPath: gone)
            }
        }
        try? FileManager.default.removeItem(atPath: gone)
    }
}
