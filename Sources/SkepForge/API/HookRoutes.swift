import GRDB
import SkepHTTP

extension ForgeAPI {
    static func addHookRoutes(to routes: inout Routes<Call>) {
        let hooks = "repos/{owner}/{repo}/hooks"
        routes.on("GET", hooks) { call in
            try await call.read { db in
                let repository = try call.repository(db, for: .admin)
                let found = try HookRow.of(db, repository: repository.id)
                return call.list(found.map(call.presenter(db).hook))
            }
        }
        routes.on("POST", hooks) { call in
            let fields = try call.fields()
            var chosen = HookSettings()
            chosen.kind = try fields.required("type")
            guard ["gitea", "gogs"].contains(chosen.kind) else {
                throw Refusal.unprocessable("Invalid hook type: \(chosen.kind)")
            }
            let config = try hookConfig(fields)
            _ = try config?.required("url")
            _ = try config?.required("content_type")
            try apply(fields, to: &chosen, call)
            let made = chosen
            return try await call.write { db, now in
                let repository = try call.repository(db, for: .admin)
                let hook = try HookRow.insert(db, repository: repository.id, made, now: now)
                return try call.answer(hook, db, status: 201)
            }
        }
        routes.on("GET", hooks + "/{id}") { call in
            try await call.read { db in
                try call.answer(try call.hook(db), db)
            }
        }
        routes.on("PATCH", hooks + "/{id}") { call in
            let fields = try call.fields()
            return try await call.write { db, now in
                let hook = try call.hook(db)
                var chosen = hook.chosen
                try apply(fields, to: &chosen, call)
                try hook.update(db, chosen, now: now)
                return try call.answer(try call.hook(db), db)
            }
        }
        routes.on("DELETE", hooks + "/{id}") { call in
            try await call.write { db, _ in try call.hook(db).delete(db) }
            return .noContent
        }
        routes.on("POST", hooks + "/{id}/tests", testHook)
    }

    private static func hookConfig(_ fields: Fields) throws -> Fields? {
        guard let config = fields.value["config"], config != .null else { return nil }
        guard case .object = config else {
            throw Refusal.unprocessable("\"config\" has the wrong type.")
        }
        return Fields(value: config)
    }

    /// Takes over what a body has; what isn't there stays.
    private static func apply(_ fields: Fields, to chosen: inout HookSettings, _ call: Call) throws
    {
        if let config = try hookConfig(fields) {
            if let url = try config.string("url") { chosen.url = url }
            if let type = try config.string("content_type") { chosen.contentType = type }
            if let secret = try config.string("secret") { chosen.secret = secret }
        }
        guard !chosen.url.isEmpty else {
            throw Refusal.unprocessable("Missing config option: url")
        }
        guard ["json", "form"].contains(chosen.contentType) else {
            throw Refusal.unprocessable("Invalid content type")
        }
        if let events = try fields.strings("events") {
            chosen.events = HookEvent.subscribed(by: events)
        }
        chosen.name = try fields.string("name") ?? chosen.name
        chosen.branchFilter = try fields.string("branch_filter") ?? chosen.branchFilter
        chosen.isActive = try fields.bool("active") ?? chosen.isActive
        chosen.authorizationHeader =
            try fields.string("authorization_header") ?? chosen.authorizationHeader
        guard let url = try? HTTPURL(chosen.url) else {
            throw Refusal.unprocessable("Invalid url: \(chosen.url)")
        }
        guard url.origin.isLoopback || call.hooksReachFar else {
            throw Refusal.unprocessable("Hooks of this server may only lead to its own machine.")
        }
    }

    /// Queues a push of the default branch as it is.
    @Sendable private static func testHook(_ call: Call) async throws -> Answer {
        let (repository, hook) = try await call.read { db in
            (try call.repository(db, for: .admin), try call.hook(db))
        }
        let bare = call.forge.bareRepository(repository)
        let name = "refs/heads/" + repository.defaultBranch
        let id = try await bare.commit(ofBranch: repository.defaultBranch)
        let none = BareRepository.noCommit
        var change = RefChange(name: name, before: id ?? none, after: id ?? none)
        if let id, let commit = try await bare.commit(id) {
            change.commits = [
                PushedCommit(commit: commit, changes: try await bare.changes(of: commit))
            ]
            change.total = 1
        }
        let push = change
        try await call.write { db, now in
            let editor = try call.editor(db, in: repository, now: now)
            let payload = try editor.presenter.pushPayload(push, in: repository, by: editor.actor)
            try editor.queue(.push, String(decoding: payload.bytes, as: UTF8.self), for: hook)
        }
        return .noContent
    }
}

extension Call {
    fileprivate func hook(_ db: Database) throws -> HookRow {
        let repository = try repository(db, for: .admin)
        guard let hook = try HookRow.find(db, id: id, repository: repository.id) else {
            throw Refusal.notFound
        }
        return hook
    }

    fileprivate func answer(_ hook: HookRow?, _ db: Database, status: Int = 200) throws -> Answer {
        guard let hook else { throw Refusal.notFound }
        return .json(presenter(db).hook(hook), status: status)
    }
}

extension Presenter {
    /// The secret and the credential are never given back.
    func hook(_ hook: HookRow) -> JSON {
        [
            "id": .integer(hook.id), "type": .string(hook.kind), "name": .string(hook.name),
            "branch_filter": .string(hook.branchFilter),
            "config": ["content_type": .string(hook.contentType), "url": .string(hook.url)],
            "events": .array(HookEvent.names(hook.subscriptions).map(JSON.string)),
            "authorization_header": "", "active": .bool(hook.isActive),
            "created_at": .time(hook.createdAtMs), "updated_at": .time(hook.updatedAtMs),
        ]
    }
}
