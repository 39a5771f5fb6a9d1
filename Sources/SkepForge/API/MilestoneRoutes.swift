import Foundation
import GRDB

extension ForgeAPI {
    static func addMilestoneRoutes(to routes: inout Routes<Call>) {
        let milestones = "repos/{owner}/{repo}/milestones"
        routes.on("GET", milestones) { call in
            let isOpen = state(call.query("state"))
            let name = call.query("name")?.lowercased() ?? ""
            return try await call.read { db in
                let repository = try call.repository(db)
                let found = try MilestoneRow.all(db, repository: repository.id).filter {
                    (isOpen == nil || $0.isOpen == isOpen)
                        && (name.isEmpty || $0.title.lowercased().contains(name))
                }
                return call.list(try found.map(call.presenter(db).milestone))
            }
        }
        routes.on("POST", milestones) { call in
            let fields = try call.fields()
            let title = try fields.required("title")
            let description = try fields.string("description") ?? ""
            let due = try fields.time("due_on")
            let isClosed = try fields.string("state") == "closed"
            return try await call.write { db, now in
                let repository = try call.repository(db, for: .write)
                let made = try MilestoneRow.insert(
                    db, repository: repository.id, title: title, description: description,
                    dueAtMs: due, now: now)
                if isClosed {
                    try made?.update(
                        db, title: title, description: description, isOpen: false, dueAtMs: due,
                        now: now)
                }
                return try call.milestoneAnswer(made?.id, in: repository, db, status: 201)
            }
        }
        routes.on("GET", milestones + "/{milestone}") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                return .json(
                    try call.presenter(db).milestone(try call.milestone(db, in: repository)))
            }
        }
        routes.on("PATCH", milestones + "/{milestone}", changeMilestone)
        routes.on("DELETE", milestones + "/{milestone}") { call in
            try await call.write { db, _ in
                let repository = try call.repository(db, for: .write)
                try call.milestone(db, in: repository).delete(db)
            }
            return .noContent
        }
    }

    @Sendable private static func changeMilestone(_ call: Call) async throws -> Answer {
        let fields = try call.fields()
        let title = try fields.string("title").flatMap { $0.isEmpty ? nil : $0 }
        let description = try fields.string("description")
        let due = try fields.time("due_on")
        let isOpen: Bool?
        switch try fields.string("state") {
        case nil: isOpen = nil
        case "closed": isOpen = false
        default: isOpen = true
        }
        return try await call.write { db, now in
            let repository = try call.repository(db, for: .write)
            let milestone = try call.milestone(db, in: repository)
            try milestone.update(
                db, title: title ?? milestone.title,
                description: description ?? milestone.description,
                isOpen: isOpen ?? milestone.isOpen, dueAtMs: due ?? milestone.dueAtMs, now: now)
            return try call.milestoneAnswer(milestone.id, in: repository, db)
        }
    }
}

extension Call {
    /// The milestone in the path, by its id or else by its title.
    fileprivate func milestone(_ db: Database, in repository: RepositoryRow) throws
        -> MilestoneRow
    {
        let name = parameter("milestone")
        let found =
            try Int64(name).flatMap {
                try MilestoneRow.find(db, id: $0, repository: repository.id)
            } ?? MilestoneRow.find(db, title: name, repository: repository.id)
        guard let found else { throw Refusal.notFound }
        return found
    }

    fileprivate func milestoneAnswer(
        _ id: Int64?, in repository: RepositoryRow, _ db: Database, status: Int = 200
    ) throws -> Answer {
        guard let id, let found = try MilestoneRow.find(db, id: id, repository: repository.id)
        else { throw Refusal.notFound }
        return .json(try presenter(db).milestone(found), status: status)
    }
}
