import GRDB

extension ForgeAPI {
    static func addProtectionRoutes(to routes: inout Routes<Call>) {
        let protections = "repos/{owner}/{repo}/branch_protections"
        routes.on("GET", protections) { call in
            try await call.read { db in
                let repository = try call.repository(db, for: .admin)
                let all = try ProtectionRow.all(db, repository: repository.id)
                return .json(.array(all.map(call.presenter(db).protection)))
            }
        }
        routes.on("POST", protections) { call in
            let fields = try call.fields()
            let name = try fields.string("rule_name", "branch_name") ?? ""
            guard !name.isEmpty else {
                throw Refusal.unprocessable("both rule_name and branch_name are empty")
            }
            let settings = try ProtectionRule.settings(from: fields)
            return try await call.write { db, now in
                let repository = try call.repository(db, for: .admin)
                let known = try ProtectionRow.find(db, name: name, repository: repository.id)
                guard known == nil else {
                    throw Refusal.forbidden("Branch protection already exist")
                }
                let made = try ProtectionRow.insert(
                    db, repository: repository.id, name: name, settings: settings.text, now: now)
                guard let made else { throw Refusal.notFound }
                return .json(call.presenter(db).protection(made), status: 201)
            }
        }
        routes.on("GET", protections + "/{name...}") { call in
            try await call.read { db in
                .json(call.presenter(db).protection(try call.protection(db)))
            }
        }
        routes.on("PATCH", protections + "/{name...}") { call in
            let fields = try call.fields()
            return try await call.write { db, now in
                let row = try call.protection(db)
                try row.update(
                    db, settings: try ProtectionRule(row).merged(with: fields).text, now: now)
                return .json(call.presenter(db).protection(try call.protection(db)))
            }
        }
        routes.on("DELETE", protections + "/{name...}") { call in
            try await call.write { db, _ in try call.protection(db).delete(db) }
            return .noContent
        }
    }
}

extension JSON {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Call {
    fileprivate func protection(_ db: Database) throws -> ProtectionRow {
        let repository = try repository(db, for: .admin)
        let found = try ProtectionRow.find(
            db, name: parameter("name"), repository: repository.id)
        guard let found else { throw Refusal.notFound }
        return found
    }
}

extension Presenter {
    func protection(_ row: ProtectionRow) -> JSON {
        let names: [JSON.Member] = [
            JSON.Member(name: "branch_name", value: .string(row.ruleName)),
            JSON.Member(name: "rule_name", value: .string(row.ruleName)),
        ]
        let times: [JSON.Member] = [
            JSON.Member(name: "created_at", value: .time(row.createdAtMs)),
            JSON.Member(name: "updated_at", value: .time(row.updatedAtMs)),
        ]
        return .object(names + ProtectionRule(row).members + times)
    }
}
