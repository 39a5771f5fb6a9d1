import GRDB

/// The repositories that the visitor may see, of everybody or of one owner.
enum RepositoriesPage {
    @Sendable static func all(_ visit: Visit) async throws -> Answer {
        try await answer(visit, owner: nil)
    }

    @Sendable static func ofOwner(_ visit: Visit) async throws -> Answer {
        try await answer(visit, owner: visit.call.parameter("owner"))
    }

    private static func answer(_ visit: Visit, owner: String?) async throws -> Answer {
        try await visit.read { db in
            let person = try owner.flatMap { try UserRow.find(db, name: $0) }
            if owner != nil, person == nil { throw Refusal.notFound }
            let shown = try RepositoryRow.all(db).filter {
                try $0.permission(db, of: visit.call.caller) >= .read
                    && (person == nil || person?.id == $0.ownerId)
            }
            let heading = person.map { "Repositories of \($0.name)" } ?? "Repositories"
            return visit.page(
                "repositories", title: heading,
                [
                    "heading": heading, "owner": person?.name ?? "NAME", "isAll": person == nil,
                    "repositories": try shown.map { try model($0, db, visit) },
                    "hasRepositories": !shown.isEmpty,
                ])
        }
    }

    private static func model(_ repository: RepositoryRow, _ db: Database, _ visit: Visit) throws
        -> PageRenderer.Model
    {
        let model: PageRenderer.Model = [
            "name": repository.fullName, "url": "/\(repository.fullName)",
            "repositoryText": repository.description, "isPrivate": repository.isPrivate,
            "issues": ForgePages.count(
                try repository.countOpen(db, pulls: false), "open issue"),
            "pulls": ForgePages.count(
                try repository.countOpen(db, pulls: true), "open pull request"),
        ]
        return model.withoutEmptyTexts.adding(
            PageTime(visit).model(try repository.lastChangeMs(db)))
    }
}
