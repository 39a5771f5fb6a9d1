import GRDB
import Logging
import SkepQueue

/// Takes what waits in the queue of deliveries to its hooks, for as long as the server runs.
///
/// Other than Gitea it tries again, with the same delivery id: receivers tell by it what they
/// have. What was on its way when the server ended is sent again, too.
struct HookDeliverer: Sendable {
    let forge: Forge
    let poster: HookPoster
    let logger: Logger
    /// How long after each failed attempt the next one is; after the last there is none.
    var pauses: [Duration] = [.seconds(2), .seconds(10), .seconds(60), .seconds(600)]

    /// Deliveries on their way at once, each to another hook.
    private static let concurrency = 4
    /// How often is looked for what other programs queued.
    private static let interval = Duration.seconds(1)

    func run() async {
        while !Task.isCancelled {
            do {
                while try await deliverDue() > 0 { try Task.checkCancellation() }
            } catch is CancellationError {
                return
            } catch {
                logger.error("Couldn't deliver to hooks", metadata: ["error": "\(error)"])
            }
            await forge.deliveryBell.wait(atMost: Self.interval)
        }
    }

    /// Delivers what is due, one after the other for each hook.
    /// - Returns: How many deliveries were tried.
    @discardableResult
    func deliverDue() async throws -> Int {
        let now = forge.store.clock.now
        let due = try await forge.store.read { db in
            try DeliveryRow.due(db, now: now, limit: 100)
        }
        guard !due.isEmpty else { return 0 }
        let queues = Dictionary(grouping: due, by: \.hookId).values
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, queue) in queues.enumerated() {
                if index >= Self.concurrency { try await group.next() }
                group.addTask { for delivery in queue { try await deliver(delivery) } }
            }
            try await group.waitForAll()
        }
        return due.count
    }

    private func deliver(_ delivery: DeliveryRow) async throws {
        let hook = try await forge.store.read { db in
            try HookRow.fetchOne(
                db, sql: "SELECT * FROM hook WHERE id = ?", arguments: [delivery.hookId])
        }
        guard let hook else { return }
        let result =
            hook.isActive
            ? try await poster.post(delivery, to: hook)
            : DeliveryResult(error: "The hook was turned off.", mayBeTriedAgain: false)
        let pause = pauses.dropFirst(delivery.attempts).first
        if !result.isSuccess {
            logger.warning(
                "A hook didn't take a delivery",
                metadata: [
                    "hook.id": "\(hook.id)", "hook.delivery": "\(delivery.uuid)",
                    "error": "\(result.error)",
                ])
        }
        try await forge.store.write { db, now in
            let retryAt = result.mayBeTriedAgain ? pause.map { now + $0 } : nil
            try delivery.finish(db, result, retryAt: retryAt, now: now)
        }
    }
}
