internal import SkepQueue

extension QueueTransaction {
    /// - Throws: `QueueError.invalidJob` when a job breaks a limit.
    func check(_ job: NewJob) throws {
        let check = JobCheck(job: job, now: now)
        try check.names()
        try check.payload()
        try check.times()
        try check.lengths()
        try check.tags()
        try self.check(priority: job.priority, of: job.kind)
        guard job.maxFailures >= 1 else {
            throw check.refusal("It may have \(job.maxFailures) failures; at least 1 is needed.")
        }
    }

    func check(priority: Int, of kind: JobKind) throws {
        let allowed = JobPriority.allowed
        guard allowed.contains(priority) else {
            throw QueueError.invalidJob(
                kind,
                reason: "Its priority would be \(priority); "
                    + "\(allowed.lowerBound) to \(allowed.upperBound) are allowed.")
        }
    }
}

/// The limits of a new job that need no look at other jobs.
private struct JobCheck {
    let job: NewJob
    let now: Timestamp

    func refusal(_ reason: String) -> QueueError { .invalidJob(job.kind, reason: reason) }

    func names() throws(QueueError) {
        try check(job.kind.rawValue, "kind", atMost: 200)
        try check(job.queue.rawValue, "queue's name", atMost: 200)
        if let key = job.concurrencyKey {
            try check(key.rawValue, "concurrency key", atMost: 1024)
        }
        if let key = job.uniqueKey { try check(key, "unique key", atMost: 1024) }
    }

    func payload() throws(QueueError) {
        guard job.payload.count <= NewJob.maxPayloadBytes else {
            throw refusal(
                "Its payload has \(job.payload.count) bytes; \(NewJob.maxPayloadBytes) are allowed."
            )
        }
    }

    func times() throws(QueueError) {
        if let time = job.notBefore { try check(time, "time") }
        guard let expiry = job.expiresAt else { return }
        try check(expiry, "expiry")
        guard expiry > now else {
            throw refusal("It expired \(now - expiry) ago; it has to be in the future.")
        }
        if let notBefore = job.notBefore, notBefore >= expiry {
            throw refusal("It expires \(notBefore - expiry) before it may begin.")
        }
    }

    func lengths() throws(QueueError) {
        if let timeout = job.timeout { try check(timeout, "timeout", atLeast: 1) }
        if let retention = job.retention { try check(retention, "retention", atLeast: 0) }
        if case .window(let length) = job.uniqueScope { try check(length, "window", atLeast: 1) }
    }

    func tags() throws(QueueError) {
        guard !job.tags.isEmpty else { return }
        guard job.tags.count <= 16 else {
            throw refusal("It has \(job.tags.count) tags; 16 are allowed.")
        }
        for tag in job.tags {
            try check(tag, "tag", atMost: 100)
            guard !tag.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else {
                throw refusal("Its tag \(tag.debugDescription) has a control character in it.")
            }
        }
    }

    private func check(_ name: String, _ what: String, atMost limit: Int) throws(QueueError) {
        guard !name.isEmpty else { throw refusal("Its \(what) is empty.") }
        guard name.utf8.count <= limit else {
            throw refusal("Its \(what) has \(name.utf8.count) bytes; \(limit) are allowed.")
        }
        // SQLite's text ends at a NUL.
        guard !name.utf8.contains(0) else { throw refusal("Its \(what) has a NUL in it.") }
    }

    private func check(_ time: Timestamp, _ what: String) throws(QueueError) {
        guard NewJob.allowedTimes.contains(time) else {
            throw refusal(
                "Its \(what) is \(time.milliseconds) ms from 1970; "
                    + "the years 1970 to 9999 are allowed.")
        }
    }

    /// Whatever is added to the present must not leave the calendar.
    private func check(
        _ length: Duration, _ what: String, atLeast minimum: Int64
    ) throws(QueueError) {
        guard length.milliseconds >= minimum else {
            throw refusal("Its \(what) is \(length); at least \(minimum) ms is needed.")
        }
        guard NewJob.allowedTimes.contains(now + length) else {
            throw refusal("Its \(what) is \(length), which is beyond the year 9999.")
        }
    }
}
