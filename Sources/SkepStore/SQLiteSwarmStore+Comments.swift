internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func deal(with comment: CommentDealing) async throws -> Bool {
        try await queue.write { try SwarmTransaction($0).deal(with: comment) }
    }
}

extension SwarmTransaction {
    /// All that a comment leads to. What somebody else has settled meanwhile, a run that closed or a
    /// job that can't be tried again, is left as it is.
    fileprivate func deal(with comment: CommentDealing) throws -> Bool {
        try execute(
            """
            INSERT INTO dealt_comment (repository, comment, issue_number, author, at_ms)
            VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
            """,
            [
                comment.place.repository.description, comment.comment, comment.place.number,
                comment.author.rawValue, now,
            ])
        guard hasChanged else { return false }

        if let event = comment.event { try add(.command, event, on: comment.place) }
        for (run, reason) in comment.cancels.sorted(by: { $0.key < $1.key }) {
            guard let found = try RunRow.fetch(run, database), found.closing == nil else {
                continue
            }
            _ = try cancel(run, reason: reason)
        }
        for run in comment.retries { try retryIfPossible(run) }
        for (run, answer) in comment.answers.sorted(by: { $0.key < $1.key }) {
            try self.answer(run, answer, by: comment.author)
        }
        _ = try record(comment.demands)
        try add(comment.reports, on: comment.place)
        return true
    }
}
