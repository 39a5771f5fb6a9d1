import Foundation
import GRDB

extension ForgeAPI {
    static func addLabelRoutes(to routes: inout Routes<Call>) {
        let labels = "repos/{owner}/{repo}/labels"
        routes.on("GET", labels) { call in
            try await call.read { db in
                let repository = try call.repository(db)
                let all = try LabelRow.all(db, repository: repository.id)
                return call.list(all.map { call.presenter(db).label($0, in: repository) })
            }
        }
        routes.on("POST", labels) { call in
            let fields = try call.fields()
            let name = try labelName(try fields.required("name"))
            let color = try labelColor(try fields.required("color"))
            let description = try fields.string("description") ?? ""
            let isExclusive = try fields.bool("exclusive") ?? false
            let isArchived = try fields.bool("is_archived") ?? false
            return try await call.write { db, _ in
                let repository = try call.repository(db, for: .write)
                let label = try LabelRow.insert(
                    db, repository: repository.id, name: name, color: color,
                    description: description, isExclusive: isExclusive, isArchived: isArchived)
                return try call.answer(label, in: repository, db, status: 201)
            }
        }
        routes.on("GET", labels + "/{id}") { call in
            try await call.read { db in
                let repository = try call.repository(db)
                let label = try LabelRow.find(db, id: call.id, repository: repository.id)
                return try call.answer(label, in: repository, db)
            }
        }
        routes.on("PATCH", labels + "/{id}", changeLabel)
        routes.on("DELETE", labels + "/{id}") { call in
            try await call.write { db, _ in
                let repository = try call.repository(db, for: .write)
                try LabelRow.find(db, id: call.id, repository: repository.id)?.delete(db)
            }
            return .noContent
        }
        addIssueLabelRoutes(to: &routes)
    }

    @Sendable private static func changeLabel(_ call: Call) async throws -> Answer {
        let fields = try call.fields()
        let name = try fields.string("name").map(labelName)
        let color = try fields.string("color").map(labelColor)
        let description = try fields.string("description")
        let isExclusive = try fields.bool("exclusive")
        let isArchived = try fields.bool("is_archived")
        return try await call.write { db, _ in
            let repository = try call.repository(db, for: .write)
            guard let label = try LabelRow.find(db, id: call.id, repository: repository.id) else {
                throw Refusal.notFound
            }
            try label.update(
                db, name: name ?? label.name, color: color ?? label.color,
                description: description ?? label.description,
                isExclusive: isExclusive ?? label.isExclusive,
                isArchived: isArchived ?? label.isArchived)
            let changed = try LabelRow.find(db, id: label.id, repository: repository.id)
            return try call.answer(changed, in: repository, db)
        }
    }

    private static func addIssueLabelRoutes(to routes: inout Routes<Call>) {
        let labels = "repos/{owner}/{repo}/issues/{index}/labels"
        routes.on("GET", labels) { call in
            try await call.read { db in
                let repository = try call.repository(db)
                let issue = try call.issue(db, in: repository)
                return .json(try call.presenter(db).labels(of: issue, in: repository))
            }
        }
        routes.on("POST", labels) { call in
            let wanted = try call.fields().values("labels") ?? []
            return try await call.changeLabels { db, issue, repository in
                for label in try named(wanted, db, in: repository) {
                    try label.put(db, on: issue.id)
                }
            }
        }
        routes.on("PUT", labels) { call in
            let wanted = try call.fields().values("labels") ?? []
            return try await call.changeLabels { db, issue, repository in
                let found = try named(wanted, db, in: repository)
                try LabelRow.removeAll(db, from: issue.id)
                for label in found { try label.put(db, on: issue.id) }
            }
        }
        routes.on("DELETE", labels) { call in
            _ = try await call.changeLabels { db, issue, _ in
                try LabelRow.removeAll(db, from: issue.id)
            }
            return .noContent
        }
        routes.on("DELETE", labels + "/{id}") { call in
            _ = try await call.changeLabels { db, issue, repository in
                guard let label = try LabelRow.find(db, id: call.id, repository: repository.id)
                else { throw Refusal.unprocessable("label does not exist [label_id: \(call.id)]") }
                try label.remove(db, from: issue.id)
            }
            return .noContent
        }
    }

    /// Labels given by ids or by names, but not by both. Unknown ones are left out, as in Gitea.
    private static func named(_ values: [JSON], _ db: Database, in repository: RepositoryRow) throws
        -> [LabelRow]
    {
        var ids: [Int64] = []
        var names: [String] = []
        for value in values {
            switch value {
            case .integer(let id): ids.append(id)
            case .string(let name): names.append(name)
            default: throw Refusal.badRequest("labels should be an array of strings or integers")
            }
        }
        guard ids.isEmpty || names.isEmpty else {
            throw Refusal.badRequest("labels should be an array of strings or integers, not mixed")
        }
        return try ids.compactMap { try LabelRow.find(db, id: $0, repository: repository.id) }
            + names.compactMap { try LabelRow.find(db, name: $0, repository: repository.id) }
    }

    static func labelName(_ text: String) throws -> String {
        let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !name.isEmpty, name.utf8.count <= 200 else {
            throw Refusal.unprocessable("A label's name has 1 to 200 bytes.")
        }
        return name
    }

    /// Takes "#rrggbb", "rrggbb" and "#rgb"; gives six digits in lower case.
    static func labelColor(_ text: String) throws -> String {
        var digits = text.trimmingCharacters(in: .whitespaces).lowercased()
        if digits.hasPrefix("#") { digits.removeFirst() }
        if digits.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
        guard digits.utf8.count == 6,
            digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        else { throw Refusal.unprocessable("bad color \"\(text)\": write #rrggbb") }
        return digits
    }
}

extension Call {
    func answer(_ label: LabelRow?, in repository: RepositoryRow, _ db: Database, status: Int = 200)
        throws -> Answer
    {
        guard let label else { throw Refusal.notFound }
        return .json(presenter(db).label(label, in: repository), status: status)
    }

    /// Changes the labels of the issue in the path and answers with all it has then.
    func changeLabels(
        _ change: @Sendable @escaping (Database, IssueRow, RepositoryRow) throws -> Void
    ) async throws -> Answer {
        try await write { db, now in
            let repository = try repository(db, for: .write)
            let issue = try issue(db, in: repository)
            try editor(db, in: repository, now: now).setLabels(issue) {
                try change(db, issue, repository)
            }
            return .json(try presenter(db).labels(of: issue, in: repository))
        }
    }
}
