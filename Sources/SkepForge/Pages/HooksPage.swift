import Foundation
import GRDB

/// The addresses that are told what happens, and how telling them went: for administrators.
enum HooksPage {
    /// Deliveries that are shown of a hook.
    private static let shown = 50

    @Sendable static func answer(_ visit: Visit) async throws -> Answer {
        try await page(visit, "hooks") { models in
            let hooks = try HookRow.of(models.db, repository: models.repository.id)
            return [
                "hasRows": !hooks.isEmpty,
                "rows": try hooks.map { hook in
                    let last = try DeliveryRow.of(models.db, hook: hook.id, limit: 1).first
                    return model(hook, models, namedEvents: 4).adding([
                        "last": try last.map { [try delivery($0, models)] } ?? []
                    ])
                },
            ]
        }
    }

    @Sendable static func deliveries(_ visit: Visit) async throws -> Answer {
        try await page(visit, "deliveries") { models in
            let hook = try HookRow.find(
                models.db, id: visit.call.id, repository: models.repository.id)
            guard let hook else { throw Refusal.notFound }
            let rows = try DeliveryRow.of(models.db, hook: hook.id, limit: shown)
            return model(hook, models).adding([
                "hasRows": !rows.isEmpty, "rows": try rows.map { try delivery($0, models) },
                "shownText": rows.count == shown ? "The last \(shown) are shown." : "",
            ]).withoutEmptyTexts
        }
    }

    private static func page(
        _ visit: Visit, _ template: String,
        _ body: @Sendable @escaping (PageModels) throws -> PageRenderer.Model
    ) async throws -> Answer {
        try await visit.read { db in
            let repository = try visit.call.repository(db)
            guard visit.user != nil else { throw Refusal.unauthorized }
            let models = PageModels(db, try visit.call.repository(db, for: .admin), visit)
            let model = try models.tabs("onHooks").adding(try body(models))
            return visit.page(
                template, title: "Hooks of \(repository.fullName)", crumbs: models.crumbs, model)
        }
    }

    /// - Parameter namedEvents: How many of its events are named at most.
    private static func model(
        _ hook: HookRow, _ models: PageModels, namedEvents: Int = .max
    ) -> PageRenderer.Model {
        let events = hook.events.split(separator: " ")
        var eventsText = events.prefix(namedEvents).joined(separator: ", ")
        if events.count > namedEvents { eventsText += " and \(events.count - namedEvents) more" }
        let model: PageRenderer.Model = [
            "hookURL": hook.url, "hookName": hook.name, "isActive": hook.isActive,
            "hookEvents": eventsText,
            "branchFilter": hook.branchFilter, "isSigned": !hook.secret.isEmpty,
            "deliveriesURL": "\(models.base)/hooks/\(hook.id)",
        ]
        return model.withoutEmptyTexts
    }

    private static func delivery(_ row: DeliveryRow, _ models: PageModels) throws
        -> PageRenderer.Model
    {
        let (word, kind) =
            switch row.state {
            case .delivered: ("delivered", "good")
            case .failed: ("failed", "bad")
            case .waiting: (row.attempts == 0 ? "waiting" : "to be tried again", "waiting")
            }
        let model: PageRenderer.Model = [
            "deliveryState": word, "deliveryClass": kind, "deliveryEvent": row.event,
            "deliveryId": row.uuid, "attempts": ForgePages.count(row.attempts, "attempt"),
            "statusCode": row.responseStatus > 0 ? "HTTP \(row.responseStatus)" : "",
            "deliveryError": row.error, "payload": String(row.payload.prefix(20_000)),
            "response": String(row.responseBody.prefix(4000)),
        ]
        return model.withoutEmptyTexts.adding(
            models.time.model(row.finishedAtMs ?? row.createdAtMs))
    }
}
