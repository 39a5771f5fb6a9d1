import Foundation
import GRDB
import SkepCore
import SkepQueue

/// Changes a repository's issues and pull requests in somebody's name, within one transaction.
///
/// Whoever changes something does it through here, be it the API, a page or the command line, so
/// that the timeline has it and the hooks are told.
struct Editor {
    let db: Database
    let forge: Forge
    let repository: RepositoryRow
    let actor: UserRow
    let now: Timestamp
    /// For the documents that hooks are sent.
    let addresses: Addresses

    var presenter: Presenter {
        Presenter(db: db, addresses: addresses, forge: forge, caller: actor)
    }

    /// The same in another repository.
    func editor(of other: RepositoryRow) -> Editor {
        Editor(
            db: db, forge: forge, repository: other, actor: actor, now: now, addresses: addresses)
    }

    func record(_ kind: EventRow.Kind, on issue: IssueRow, _ facts: EventFacts = EventFacts())
        throws
    {
        try EventRow.insert(db, kind, on: issue.id, by: actor, facts, now: now)
    }

    /// Queues a delivery for each hook that wants to know of an event.
    ///
    /// - Parameters:
    ///   - branch: The branch that it's about; hooks may want only some.
    ///   - payload: Asked for only when a hook wants it.
    func tell(
        _ event: HookEvent, branch: String? = nil, _ payload: () throws -> JSON
    ) throws {
        let hooks = try HookRow.of(db, repository: repository.id).filter { hook in
            guard hook.isActive, hook.subscriptions.contains(event) else { return false }
            guard let branch, !hook.branchFilter.isEmpty else { return true }
            return Glob(hook.branchFilter).matches(branch)
        }
        guard !hooks.isEmpty else { return }
        let text = String(decoding: try payload().bytes, as: UTF8.self)
        for hook in hooks { try queue(event, text, for: hook) }
    }

    func queue(_ event: HookEvent, _ payload: String, for hook: HookRow) throws {
        try DeliveryRow.insert(
            db, hook: hook.id, uuid: UUID().uuidString.lowercased(), event: event,
            payload: payload, now: now)
        let bell = forge.deliveryBell
        db.afterNextTransaction { _ in bell.ring() }
    }

    func reference(_ issue: IssueRow) -> IssueReference {
        // A row's names were checked when it was made.
        IssueReference(repository: RepositoryName(repository.fullName)!, number: issue.number)
    }

    /// The issue as it is after a change.
    func current(_ issue: IssueRow) throws -> IssueRow {
        try IssueRow.find(db, id: issue.id) ?? issue
    }
}

extension Forge {
    /// An editor for what isn't asked for over HTTP.
    func editor(
        _ db: Database, in repository: RepositoryRow, by actor: UserRow, now: Timestamp
    ) throws -> Editor {
        let address = try SettingRow.value(db, SettingRow.address)
        return Editor(
            db: db, forge: self, repository: repository, actor: actor, now: now,
            addresses: Addresses(root: address ?? "http://127.0.0.1:3000"))
    }
}

extension Call {
    func editor(_ db: Database, in repository: RepositoryRow, now: Timestamp) throws -> Editor {
        Editor(
            db: db, forge: forge, repository: repository, actor: try requireUser(), now: now,
            addresses: addresses)
    }
}
