#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Tells the time, and waits.
///
/// Points in time (`now`) follow the wall clock, which people and time servers turn. Lengths,
/// leases and timeouts among them, are measured with `uptime`, which nobody turns.
public protocol Clock: Sendable {
    /// The wall clock's time, UTC.
    var now: Timestamp { get }

    /// Time since some fixed point of this boot; never goes back, and counts while the machine
    /// sleeps. The same for every process of the machine.
    var uptime: Duration { get }

    /// Waits for a length of `uptime`; throws `CancellationError` when the task is cancelled.
    func sleep(for length: Duration) async throws
}

/// The machine's own clock.
public struct SystemClock: Clock {
    public init() {}

    public var now: Timestamp {
        let time = Self.read(CLOCK_REALTIME)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public var uptime: Duration {
        #if os(Linux)
            let time = Self.read(CLOCK_BOOTTIME)
        #else
            let time = Self.read(CLOCK_MONOTONIC)
        #endif
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    public func sleep(for length: Duration) async throws {
        try await Task.sleep(for: length)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
