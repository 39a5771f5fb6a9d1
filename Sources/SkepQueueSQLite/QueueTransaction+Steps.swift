internal import Foundation
internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Keeps the result of a step beside rows of one's own, as `StepStore.record` does.
    public func record(step name: String, result: [UInt8], of lease: LeaseToken) throws {
        func refuse(_ reason: String) -> QueueError { .invalidStep(name, reason: reason) }
        if let reason = flaw(inName: name, called: "name") { throw refuse(reason) }
        if let reason = flaw(inSizeOf: result, called: "result") { throw refuse(reason) }
        try requireLease(lease)
        let done = try fetchRow(
            "SELECT attempt FROM job_step WHERE job = ? AND name = ?", [lease.job.rawValue, name])
        if let done {
            throw refuse("Attempt \(done[0] as Int) of job \(lease.job) has done it already.")
        }
        try run(
            """
            INSERT INTO job_step (job, position, name, result, attempt, at_ms)
            SELECT ?, IFNULL(MAX(position), 0) + 1, ?, ?, ?, ?
              FROM job_step
             WHERE job = ?
            """,
            [
                lease.job.rawValue, name, Data(result), lease.attempt, now.milliseconds,
                lease.job.rawValue,
            ])
    }

    /// Makes an event known beside rows of one's own, as `StepStore.send` does.
    @discardableResult
    public func send(_ key: EventKey, payload: [UInt8]) throws -> EventAnswer {
        try check(key)
        if let reason = flaw(inSizeOf: payload, called: "payload") {
            throw QueueError.invalidEvent(key.name, reason: reason)
        }
        if let job = key.job, try fetchRow("SELECT 1 FROM job WHERE id = ?", [job.rawValue]) == nil
        {
            throw QueueError.noSuchJob(job)
        }
        if let event = try event(key) { return .existing(event) }
        try run(
            "INSERT INTO queue_event (name, job, payload, at_ms) VALUES (?, ?, ?, ?)",
            [key.name.rawValue, key.job?.rawValue, Data(payload), now.milliseconds])
        return .sent(woken: try wake(for: key))
    }

    /// An event, as this transaction sees it; `nil` when it hasn't come.
    public func event(_ key: EventKey) throws -> QueueEvent? {
        try fetchRow(QueueEvent.query, QueueEvent.arguments(key)).map { QueueEvent(key, $0) }
    }

    /// Whether an event has come.
    ///
    /// - Parameter waiter: The job that would wait for it otherwise.
    /// - Throws: `QueueError.invalidEvent` when no such event can come, or it is for another job.
    func hasCome(_ key: EventKey, for waiter: JobID? = nil) throws -> Bool {
        try check(key)
        if let waiter, let job = key.job, job != waiter {
            throw QueueError.invalidEvent(
                key.name, reason: "It is for job \(job); job \(waiter) can't wait for it.")
        }
        return try event(key) != nil
    }

    /// Ends the waiting of all that wait for an event. A held one goes on when it is let go.
    ///
    /// - Returns: How many there were.
    private func wake(for key: EventKey) throws -> Int {
        let rows = try key.job.map { try waiting($0, for: key.name) } ?? waiting(for: key.name)
        for row in rows {
            let id = JobID(rawValue: row[0])
            try letRun(id, isHeld: row[1], notBefore: now)
            try note(.eventCame, of: id, attempt: row[2], detail: key.name.rawValue)
        }
        return rows.count
    }

    /// Served by job_awaiting.
    private func waiting(for name: EventName) throws -> [Row] {
        try fetchRows(
            """
            SELECT id, is_held, attempt
              FROM job
             WHERE state = 'scheduled' AND awaited_event = ? AND is_awaited_for_itself = 0
            """,
            [name.rawValue])
    }

    private func waiting(_ id: JobID, for name: EventName) throws -> [Row] {
        try fetchRows(
            """
            SELECT id, is_held, attempt
              FROM job
             WHERE id = ? AND state = 'scheduled' AND awaited_event = ?
               AND is_awaited_for_itself = 1
            """,
            [id.rawValue, name.rawValue])
    }

    private func check(_ key: EventKey) throws {
        if let reason = flaw(inName: key.name.rawValue, called: "name") {
            throw QueueError.invalidEvent(key.name, reason: reason)
        }
    }

    private func flaw(inName name: String, called what: String) -> String? {
        let count = name.utf8.count
        if count == 0 { return "Its \(what) is empty." }
        if count > 1024 { return "Its \(what) has \(count) bytes; 1024 are allowed." }
        // SQLite's text ends at a NUL.
        return name.utf8.contains(0) ? "Its \(what) has a NUL in it." : nil
    }

    private func flaw(inSizeOf bytes: [UInt8], called what: String) -> String? {
        guard bytes.count > NewJob.maxPayloadBytes else { return nil }
        return "Its \(what) has \(bytes.count) bytes; \(NewJob.maxPayloadBytes) are allowed."
    }
}

extension QueueEvent {
    /// Served by queue_event_once.
    static let query = """
        SELECT payload, at_ms
          FROM queue_event
         WHERE name = ? AND IFNULL(job, 0) = ?
        """

    static func arguments(_ key: EventKey) -> StatementArguments {
        [key.name.rawValue, key.job?.rawValue ?? 0]
    }

    init(_ key: EventKey, _ row: Row) {
        self.init(
            key: key, payload: [UInt8](row[0] as Data), at: Timestamp(milliseconds: row[1]))
    }
}
