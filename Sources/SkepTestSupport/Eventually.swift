/// A condition that didn't come true in time.
public struct NeverHappened: Error, CustomStringConvertible {
    public let what: String
    public let limit: Duration

    public var description: String { "\(what): not within \(limit)" }
}

/// Waits until a condition holds, looking again every few milliseconds of real time.
///
/// For what gives no event to wait for. Throws when the time limit is over, so a test that waits
/// for what never comes fails, and says for what.
public func eventually(
    _ what: String, within limit: Duration = .seconds(120),
    _ condition: () async throws -> Bool
) async throws {
    let start = ContinuousClock.now
    while try await !condition() {
        guard start.duration(to: .now) < limit else {
            throw NeverHappened(what: what, limit: limit)
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
