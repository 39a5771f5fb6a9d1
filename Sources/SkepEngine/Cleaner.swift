internal import Logging
internal import SkepCore
internal import SkepQueue

/// Ends what is left of closed runs, and gives their workspaces back.
struct Cleaner: Sendable {
    let parts: SwarmParts

    /// Ends everything of a closed run, then lets others have its workspaces; never the other way
    /// round, or an agent that still lives would write into somebody else's tree.
    func clean(_ run: RunID, of repository: RepositoryName) async throws {
        for session in try await parts.store.openSessions() where session.run == run {
            try await end(session)
        }
        try await parts.sessions.endCommands(of: run)
        try await parts.workspaces.release(run: run, of: repository)
    }

    /// Looks for what workers that died have left of closed runs. One that can't be ended doesn't
    /// keep the others.
    func sweep() async {
        await trying("end session") {
            for session in try await parts.store.openSessions() {
                guard try await isClosed(session.run) else { continue }
                await trying("end session") { try await end(session) }
            }
        }
        await trying("end commands") {
            for run in try await parts.sessions.runsWithCommands() {
                guard try await isClosed(run) else { continue }
                await trying("end commands") { try await parts.sessions.endCommands(of: run) }
            }
        }
        await trying("release workspaces") {
            let living = Set(try await parts.store.openSessions().map(\.run))
                .union(try await parts.sessions.runsWithCommands())
            for place in try await parts.workspaces.reservations() {
                guard !living.contains(place.run), try await isClosed(place.run) else { continue }
                await trying("release workspaces") {
                    try await parts.workspaces.release(run: place.run, of: place.repository)
                }
            }
        }
    }

    private func end(_ session: SessionRecord) async throws {
        try await parts.sessions.end(session.id)
        try await parts.store.closeAbandonedSession(
            session.id, ending: "stopped: its run was closed")
    }

    private func isClosed(_ run: RunID) async throws -> Bool {
        try await parts.store.run(run)?.state.isClosed ?? true
    }

    private func trying(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch is CancellationError {
            // The worker is leaving; the next one goes on.
        } catch {
            parts.logger.warning(
                "Can't clean up after closed runs",
                metadata: [LogKeys.step: "\(what)", LogKeys.error: "\(error)"])
        }
    }
}
