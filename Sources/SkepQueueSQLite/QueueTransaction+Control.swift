internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Pauses or resumes a queue, as `QueueControl` says.
    public func setPaused(_ isPaused: Bool, _ queue: QueueName) throws {
        try change(queue) { setting in
            if setting.isPaused, !isPaused { effects.hasWork = true }
            setting.isPaused = isPaused
        }
    }

    /// Sets how many jobs of a queue may be leased at once; `nil` takes the limit away.
    ///
    /// - Throws: `QueueError.invalidSetting` for a negative one.
    public func setLimit(_ limit: Int?, of queue: QueueName) throws {
        try check(limit, of: "queue \"\(queue)\"")
        try change(queue) { setting in
            if (limit ?? .max) > (setting.limit ?? .max) { effects.hasWork = true }
            setting.limit = limit
        }
    }

    /// Sets how many jobs of a queue may begin in a time; `nil` takes the rate away. What began
    /// lately counts under a new one as well.
    ///
    /// - Throws: `QueueError.invalidSetting` when it isn't one.
    public func setRate(_ rate: RateLimit?, of queue: QueueName) throws {
        try check(rate, of: "queue \"\(queue)\"")
        try change(queue) { setting in
            if rate != setting.bucket?.rate { effects.hasWork = true }
            setting.bucket = bucket(of: rate, instead: setting.bucket)
        }
    }

    /// Sets how many jobs of a key may be leased at once; `nil` takes the limit away.
    ///
    /// - Throws: `QueueError.invalidSetting` for a negative one.
    public func setLimit(_ limit: Int?, of key: ConcurrencyKey, in queue: QueueName) throws {
        try check(limit, of: "key \"\(key.rawValue.prefix(100))\"")
        try change(key, in: queue) { state in
            if (limit ?? .max) > (state.limit ?? .max) { effects.hasWork = true }
            state.limit = limit
        }
    }

    /// Sets how many jobs of a key may begin in a time; `nil` takes the rate away. What began
    /// lately counts under a new one as well.
    ///
    /// - Throws: `QueueError.invalidSetting` when it isn't one.
    public func setRate(_ rate: RateLimit?, of key: ConcurrencyKey, in queue: QueueName) throws {
        try check(rate, of: "key \"\(key.rawValue.prefix(100))\"")
        try change(key, in: queue) { state in
            if rate != state.bucket?.rate { effects.hasWork = true }
            state.bucket = bucket(of: rate, instead: state.bucket)
        }
    }

    /// Holds a job, or lets it go on where it was.
    ///
    /// A held job is `scheduled` and isn't due; one that was ready keeps its place.
    ///
    /// - Returns: `false` when it is finished.
    /// - Throws: `QueueError.noSuchJob`.
    public func setHeld(_ isHeld: Bool, _ id: JobID) throws -> Bool {
        guard let job = try job(id) else { throw QueueError.noSuchJob(id) }
        guard !job.state.isFinished else { return false }
        guard job.isHeld != isHeld else { return true }
        if isHeld { try hold(job) } else { try letGo(job) }
        try note(isHeld ? .held : .letGo, of: id, attempt: job.attempt)
        return true
    }

    private func hold(_ job: Job) throws {
        try run(
            """
            UPDATE job
               SET is_held = 1, state = CASE state WHEN 'ready' THEN 'scheduled' ELSE state END
             WHERE id = ?
            """,
            [job.id.rawValue])
    }

    private func letGo(_ job: Job) throws {
        try run("UPDATE job SET is_held = 0 WHERE id = ?", [job.id.rawValue])
        guard job.state == .scheduled, job.unmetDependencies == 0 else { return }
        effects.hasWork = true
        guard job.notBefore <= now else { return }
        try run(
            """
            UPDATE job
               SET state = 'ready', ready_at_ms = MAX(not_before_ms, COALESCE(ready_at_ms, not_before_ms)),
                   reason = NULL, awaited_event = NULL
             WHERE id = ?
            """,
            [job.id.rawValue])
    }
}

extension QueueTransaction {
    private func change(_ queue: QueueName, _ body: (inout QueueSetting) throws -> Void) throws {
        try check(queue)
        var setting = try ledger.setting(of: queue.rawValue, database)
        try body(&setting)
        try ledger.set(setting, of: queue.rawValue, database)
    }

    private func change(
        _ key: ConcurrencyKey, in queue: QueueName, _ body: (inout KeyState) throws -> Void
    ) throws {
        try check(queue)
        if let flaw = flaw(inName: key.rawValue, atMost: 1024) {
            throw QueueError.invalidSetting("a limit of a key", reason: "The key \(flaw)")
        }
        try ledger.writeKeys(of: queue.rawValue, database, now: now)
        try ledger.changeKey(
            Ledger.Key(queue: queue.rawValue, name: key.rawValue), database, now: now, body)
    }

    private func bucket(of rate: RateLimit?, instead old: RateBucket?) -> RateBucket? {
        guard let rate else { return nil }
        return old?.changed(to: rate, at: now) ?? .full(rate, at: now)
    }

    private func check(_ queue: QueueName) throws {
        if let flaw = flaw(inName: queue.rawValue, atMost: 200) {
            throw QueueError.invalidSetting("a queue", reason: "Its name \(flaw)")
        }
    }

    /// What keeps a name from being one, as the end of a sentence.
    private func flaw(inName name: String, atMost limit: Int) -> String? {
        if name.isEmpty { return "is empty." }
        if name.utf8.contains(0) { return "has a NUL in it." }
        let count = name.utf8.count
        return count > limit ? "has \(count) bytes; \(limit) are allowed." : nil
    }

    private func check(_ limit: Int?, of what: String) throws {
        guard let limit, limit < 0 else { return }
        throw QueueError.invalidSetting(
            "the limit of \(what)", reason: "It would be \(limit); 0 or more is needed.")
    }

    private func check(_ rate: RateLimit?, of what: String) throws {
        guard let flaw = rate?.flaw else { return }
        throw QueueError.invalidSetting("the rate of \(what)", reason: flaw)
    }
}
