internal import Foundation
internal import SkepCore
internal import SkepHTTP
internal import SkepQueue

/// How a write ended.
enum GiteaWrite<Answer, Found> {
    case done(Answer)
    /// An earlier try had made it although it failed.
    case wasThere(Found)
}

extension GiteaTracker {
    /// Sends a write that must not happen twice.
    ///
    /// A 500, a time-out or a connection cut after the request went out say nothing about whether it
    /// was carried out; Gitea has no keys that would make repeating safe. So after a wait, which
    /// gives a slow server the time to finish, `look` is asked before it is sent again.
    func writeOnce<Answer: Decodable, Found>(
        _ call: GiteaCall, as type: Answer.Type, look: () async throws -> Found?
    ) async throws -> GiteaWrite<Answer, Found> {
        let start = api.clock.uptime
        var failed = 0
        while true {
            do {
                return .done(try await api.value(call))
            } catch let error as GiteaError where error.mayHaveHappened {
                failed += 1
                let isLast = failed >= api.retries.tries
                do {
                    try await api.wait(after: failed, error, since: start, call)
                } catch let tooLong as GiteaError {
                    // Still look: the caller shouldn't be told of a failure that was none.
                    if let found = try await looked(look, after: tooLong, call) {
                        return .wasThere(found)
                    }
                    throw error
                }
                if let found = try await looked(look, after: error, call) {
                    return .wasThere(found)
                }
                guard !isLast else { throw error }
            }
        }
    }

    private func looked<Found>(
        _ look: () async throws -> Found?, after error: GiteaError, _ call: GiteaCall
    ) async throws -> Found? {
        do {
            return try await look()
        } catch is GiteaError {
            throw GiteaError.outcomeUnknown(subject: call.subject, why: error.what)
        }
    }
}
