extension QueueWorker {
    /// How the lease of an attempt whose handler is through is to be settled; `nil` when the
    /// handler has done that, or nobody may.
    func settlement(
        of attempt: RunningAttempt, _ result: Result<Disposition, any Error>?
    ) -> Settlement? {
        let job = attempt.lease.job
        return switch (attempt.stopReason, result) {
        case (.leaseLost, _), (_, .success(.settled)): nil
        case (_, .success(.settle(.retry(let failure, nil)))): retry(job, failure)
        case (_, .success(.settle(let settlement))): settlement
        case (_, .failure(let suspension as Suspension)): suspension.settlement
        case (.jobCancelled, .failure): .cancelled
        case (.shutdown, .failure), (_, nil): .released
        case (.timedOut, .failure): retry(job, timedOut(job))
        case (nil, .failure(let error)): settlement(of: job, error)
        }
    }

    private func settlement(of job: Job, _ error: any Error) -> Settlement {
        guard let known = error as? any JobFailure else {
            return retry(
                job, Failure(kind: Failure.handlerThrew, message: String(describing: error)))
        }
        let failure = Failure(kind: known.kind, message: known.message)
        return switch known.decision {
        case .retry(nil): retry(job, failure)
        case .retry(let time?): .retry(failure, notBefore: time.timestamp(from: clock.now))
        case .permanent: .dead(failure)
        case .snooze(let time):
            .snoozed(until: time.timestamp(from: clock.now), reason: known.message)
        }
    }

    private func retry(_ job: Job, _ failure: Failure) -> Settlement {
        let delay = configuration.retryPolicies[job.kind]?
            .delay(afterFailures: job.failures + 1, random: random())
        return .retry(failure, notBefore: delay.map { clock.now + $0 })
    }

    private func timedOut(_ job: Job) -> Failure {
        let length = job.timeout.map { " than \($0)" } ?? ""
        return Failure(kind: Failure.timedOut, message: "It took longer\(length).")
    }
}

extension QueueError {
    /// Whether the same call may do later.
    var mayPass: Bool {
        switch self {
        case .unavailable, .outcomeUnknown: true
        case .leaseLost, .noSuchJob, .notRetryable, .invalidJob, .invalidStep, .invalidEvent,
            .invalidSetting, .resultTooLarge, .newerSchema, .unsuitable:
            false
        }
    }
}

extension Settlement {
    /// The settlement's name, for logs.
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .retry: "retry"
        case .snoozed: "snoozed"
        case .waiting: "waiting"
        case .dead: "dead"
        case .released: "released"
        case .cancelled: "cancelled"
        }
    }
}
