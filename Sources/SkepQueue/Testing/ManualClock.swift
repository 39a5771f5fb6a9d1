internal import Synchronization

/// A clock that a test turns by hand.
public final class ManualClock: Clock {
    private struct Sleeper {
        let id: Int
        let until: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var uptime: Duration
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var lastID = 0
    }

    private let state: Mutex<State>

    public init(
        now: Timestamp = Timestamp(milliseconds: 1_790_000_000_000),
        uptime: Duration = .seconds(1000)
    ) {
        state = Mutex(State(now: now, uptime: uptime))
    }

    public var now: Timestamp { state.withLock { $0.now } }
    public var uptime: Duration { state.withLock { $0.uptime } }

    /// How many tasks wait for the clock.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Lets time pass: both clocks go on, and sleepers whose time has come wake up.
    public func advance(by length: Duration) {
        let woken = state.withLock { state in
            state.now = state.now + length
            state.uptime += length
            let uptime = state.uptime
            let woken = state.sleepers.filter { $0.until <= uptime }
            state.sleepers.removeAll { $0.until <= uptime }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Turns the wall clock, as a person or a time server does; no time passes.
    public func turnWallClock(by length: Duration) {
        state.withLock { $0.now = $0.now + length }
    }

    public func sleep(for length: Duration) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    guard length > .zero else { return .success(()) }
                    state.sleepers.append(
                        Sleeper(
                            id: id, until: state.uptime + length, continuation: continuation))
                    return nil
                }
                if let early { continuation.resume(with: early) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return Sleeper?.none
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
